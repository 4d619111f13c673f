import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Http1Sniffer } from "../../src/sniff/http1_head.ts";
import { everyCut, mutated, randomCuts } from "./every_cut.ts";
import { latin1 } from "./hex.ts";
import { generator } from "./random.ts";

const make = (): Http1Sniffer => new Http1Sniffer();
const H = "Host: example.com\r\n";

/** What of a good head decides where it goes. */
const GOOD: [head: string, expected: Record<string, unknown>][] = [
  [`GET / HTTP/1.1\r\n${H}\r\n`, { name: "example.com", method: "GET", version: "1.1" }],
  [`\r\nGET / HTTP/1.1\r\n${H}\r\n`, { name: "example.com" }],
  ["GET / HTTP/1.1\r\nHOST:Example.COM:8080\r\n\r\n", { name: "example.com", port: 8080 }],
  ["GET / HTTP/1.1\r\nHost: \t example.com.\t \r\n\r\n", { name: "example.com" }],
  ["GET / HTTP/1.1\r\nhost: a_b.example\r\n\r\n", { name: "a_b.example" }],
  ["GET / HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n", { name: undefined, hasAuthority: true }],
  ["GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", { name: undefined, port: 80, hasAuthority: true }],
  ["GET / HTTP/1.1\r\nHost: *.example\r\n\r\n", { name: undefined, hasAuthority: true }],
  ["GET / HTTP/1.1\r\nHost:\r\n\r\n", { name: undefined, hasAuthority: true }],
  ["GET / HTTP/1.1\r\n\r\n", { name: undefined, hasAuthority: false }],
  ["GET / HTTP/1.0\r\n\r\n", { version: "1.0", hasAuthority: false }],
  [`GET / HTTP/1.0\r\n${H}\r\n`, { name: "example.com", version: "1.0" }],
  [`GET / HTTP/1.2\r\n${H}\r\n`, { version: "1.1" }],
  [`GET / HTTP/1.9\r\n${H}\r\n`, { version: "1.1" }],
  ["GET http://b.example/x HTTP/1.1\r\nHost: a.example\r\n\r\n", { name: "b.example" }],
  ["GET http://b.example:81 HTTP/1.1\r\nHost: a.example\r\n\r\n", { name: "b.example", port: 81 }],
  ["GET HTTPS://B.example?q HTTP/1.1\r\nHost: a.example\r\n\r\n", { name: "b.example" }],
  ["GET http://[::1]/ HTTP/1.1\r\nHost: a.example\r\n\r\n", {
    name: undefined,
    hasAuthority: true,
  }],
  ["GET http://b.example/ HTTP/1.0\r\n\r\n", { name: "b.example", hasAuthority: true }],
  [`OPTIONS * HTTP/1.1\r\n${H}\r\n`, { name: "example.com", method: "OPTIONS" }],
  [`get / HTTP/1.1\r\n${H}\r\n`, { method: "get" }],
  [`M-SEARCH / HTTP/1.1\r\n${H}\r\n`, { method: "M-SEARCH" }],
  [`GET /a?b=c#d%20'"<> HTTP/1.1\r\n${H}\r\n`, { name: "example.com" }],
  [`GET / HTTP/1.1\r\n${H}X-Caf\xe9: \xff\x80\r\n\r\n`.replace("Caf\xe9", "Cafe"), {
    name: "example.com",
  }],
  [`GET / HTTP/1.1\r\nEmpty:\r\n${H}\r\n`, { name: "example.com" }],
  [`GET / HTTP/1.1\r\n${H}A: b:c, d\te\r\n\r\n`, { name: "example.com" }],
  [`POST / HTTP/1.1\r\n${H}Content-Length: 5\r\n\r\nhello`, { method: "POST" }],
  [
    "GET /get HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n",
    { name: "localhost", port: 8080 },
  ],
];

Deno.test("a request is known after its head, however it is cut", () => {
  for (const [head, expected] of GOOD) {
    const { result, after } = everyCut(make, latin1(head), head);
    assert(result?.kind === "sniffed", `${head}: ${JSON.stringify(result)}`);
    assertEquals(after, head.indexOf("\r\n\r\n", 2) + 4, head);
    assertEquals(result.protocol, "http");
    const found: Record<string, unknown> = { ...result, ...result.http };
    for (const [key, value] of Object.entries(expected)) assertEquals(found[key], value, head);
  }
});

/** What is refused, with the last thing a client has to send for that. */
const BAD: [sent: string, status: number, detail: string][] = [
  ["GET / HTTP/1.1\n", 400, "bare LF"],
  ["GET /\n", 400, "bare LF"],
  [`GET / HTTP/1.1\r\nHost: a\n`, 400, "bare LF"],
  ["GET / HTTP/1.1\rH", 400, "bare CR"],
  ["\rG", 400, "bare CR"],
  ["\r\r", 400, "bare CR"],
  ["\r\n\r\n", 400, "request line"],
  ["GET / HTTP/1.1\r\nA: b\rc", 400, "bare CR"],
  ["GET / HTTP/1.1\r\nA: b\r\r", 400, "bare CR"],
  ["GET / HTTP/1.1\r\nA: b\0", 400, "control character"],
  ["GET / HTTP/1.1\r\nA: b\x7f", 400, "control character"],
  ["GET / HTTP/1.1\r\nA\x0b", 400, "control character"],
  ["GET /\0", 400, "control character"],
  ["GET  / HTTP/1.1\r\n", 400, "request line"],
  ["GET /  HTTP/1.1\r\n", 400, "request line"],
  ["GET / HTTP/1.1 \r\n", 400, "request line"],
  [" GET / HTTP/1.1\r\n", 400, "request line"],
  ["GET / a HTTP/1.1\r\n", 400, "request line"],
  ["GET /\r\n", 400, "request line"],
  ["GET\r\n", 400, "request line"],
  ["EHLO example.com\r\n", 400, "request line"],
  ["GET / HTTP\r\n", 400, "version"],
  ["GET / HTTP/1\r\n", 400, "version"],
  ["GET / HTTP/1.10\r\n", 400, "version"],
  ["GET / http/1.1\r\n", 400, "version"],
  ["GET / HTTP/1,1\r\n", 400, "version"],
  ["GET / FTP/1.1\r\n", 400, "version"],
  ["GET / HTTP/2.0\r\n", 505, "HTTP/2.0"],
  ["GET / HTTP/0.9\r\n", 505, "HTTP/0.9"],
  ["GET / HTTP/9.9\r\n", 505, "HTTP/9.9"],
  ["G(T / HTTP/1.1\r\n", 400, "token"],
  ["G\xe9T / HTTP/1.1\r\n", 400, "token"],
  ["GET /\xe9 HTTP/1.1\r\n", 400, "ASCII"],
  ["GET /a\tb HTTP/1.1\r\n", 400, "ASCII"],
  ["CONNECT example.com:443 HTTP/1.1\r\n", 405, "CONNECT"],
  ["GET example.com HTTP/1.1\r\nHost: a\r\n\r\n", 400, "forms"],
  ["GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400, "forms"],
  ["GET ftp://example.com/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "forms"],
  ["GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400, "authority"],
  ["GET http://:80/x HTTP/1.1\r\nHost: a\r\n\r\n", 400, "authority"],
  ["GET http://u@b.example/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "authority"],
  ["GET http://u:p@b.example/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "authority"],
  ["GET http://b.example:0/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "authority"],
  ["GET http://b\\.example/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "authority"],
  [`GET / HTTP/1.1\r\n${H}${H}\r\n`, 400, "more than one Host"],
  [`GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n`, 400, "more than one Host"],
  ["GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "Host is not"],
  ["GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "Host is not"],
  ["GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400, "Host is not"],
  ["GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", 400, "Host is not"],
  ["GET / HTTP/1.1\r\nHost: a:x\r\n\r\n", 400, "Host is not"],
  ["GET / HTTP/1.1\r\nHost: http://a\r\n\r\n", 400, "Host is not"],
  ["GET / HTTP/1.1\r\nHost: \xe9\r\n\r\n", 400, "Host is not"],
  [`GET / HTTP/1.1\r\n${H}A : b\r\n\r\n`, 400, "token"],
  [`GET / HTTP/1.1\r\n${H}A\t: b\r\n\r\n`, 400, "token"],
  [`GET / HTTP/1.1\r\n${H}: b\r\n\r\n`, 400, "token"],
  [`GET / HTTP/1.1\r\n${H}A b: c\r\n\r\n`, 400, "token"],
  [`GET / HTTP/1.1\r\n${H}A\r\n\r\n`, 400, "token"],
  [`GET / HTTP/1.1\r\n${H}A(: b\r\n\r\n`, 400, "token"],
  [`GET / HTTP/1.1\r\n${H}\xc3\xa9: b\r\n\r\n`, 400, "token"],
  [`GET / HTTP/1.1\r\n${H} folded\r\n\r\n`, 400, "folded"],
  [`GET / HTTP/1.1\r\n${H}\tfolded\r\n\r\n`, 400, "folded"],
  [`GET / HTTP/1.1\r\n A: b\r\n${H}\r\n`, 400, "folded"],
];

Deno.test("what two parsers might read differently is refused, as soon as it is there", () => {
  for (const [sent, status, detail] of BAD) {
    const { result, after } = everyCut(make, latin1(sent), JSON.stringify(sent));
    assert(result?.kind === "malformed", `${JSON.stringify(sent)}: ${JSON.stringify(result)}`);
    assertEquals([result.status, result.protocol], [status, "http"], JSON.stringify(sent));
    assertStringIncludes(result.detail, detail);
    assertStringIncludes(result.detail, "RFC ");
    assertEquals(after, sent.length, `${JSON.stringify(sent)} is known earlier or later`);
  }
});

Deno.test("a head may have 64 KiB, and not one byte more", () => {
  const head = (size: number): Uint8Array => {
    const rest = `GET / HTTP/1.1\r\n${H}A: \r\n\r\n`;
    return latin1(rest.replace("A: ", `A: ${"a".repeat(size - rest.length)}`));
  };
  assertEquals(make().sniff(head(65536))?.kind, "sniffed");
  const tooLong = make().sniff(head(65537));
  assert(tooLong?.kind === "malformed");
  assertEquals(tooLong.status, 431);
  assertEquals(make().sniff(latin1("GET /" + "a".repeat(65530))), undefined);
  const endless = make().sniff(latin1("GET /" + "a".repeat(65531)));
  assert(endless?.kind === "malformed");
  assertEquals(endless.status, 431);
});

Deno.test("50,000 mutations of heads get a verdict that does not depend on how they are cut", () => {
  const next = generator(9112);
  const seen = new Map<string, number>();
  for (let round = 0; round < 50_000; round++) {
    const bytes = mutated(latin1(GOOD[next(GOOD.length)][0]), next);
    const kind = randomCuts(make, bytes, next)?.kind ?? "more";
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
  }
  for (const kind of ["sniffed", "malformed", "more"]) {
    assert((seen.get(kind) ?? 0) > 2_000, `${kind}: ${seen.get(kind)}`);
  }
});
