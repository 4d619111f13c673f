import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { H2Sniffer } from "../../src/sniff/h2_preface.ts";
import { everyCut, mutated, randomCuts } from "./every_cut.ts";
import { hex, latin1 } from "./hex.ts";
import { generator } from "./random.ts";

const make = (): H2Sniffer => new H2Sniffer();
const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** A frame: RFC 9113, 4.1. */
function frame(type: number, flags: number, stream: number, payload = ""): string {
  const n = payload.length;
  return String.fromCharCode(n >> 16, n >> 8 & 255, n & 255, type, flags) +
    String.fromCharCode(stream >>> 24, stream >> 16 & 255, stream >> 8 & 255, stream & 255) +
    payload;
}

/** A field as a literal with a new name, without indexing: RFC 7541, 6.2.2. */
function field(name: string, value: string): string {
  const short = (text: string): string => String.fromCharCode(text.length) + text;
  return `\0${short(name)}${short(value)}`;
}

const SETTINGS = frame(4, 0, 0);
const GET = "\x82\x86\x84";
const BLOCK = GET + field(":authority", "Example.com:8080");
const START = PREFACE + SETTINGS;
const END_HEADERS = 4;
const PADDED = 8;
const PRIORITY = 32;

/** What curl 7.88.1 sent for `--http2-prior-knowledge http://example.com/name?q=1`. */
const CURL = captured(
  "505249202a20485454502f322e300d0a0d0a534d0d0a0d0a0000120400000000000003000000640004020000" +
    "0000020000000000000408000000000001ff000100002401050000000182048762a1d25ff3b4018641882f91" +
    "d35d055c87a77a8825b650c3abbcf2e153032a2f2a",
);

/** The same with `-d a=b http://Example.com:8080/post`, up to the body. */
const CURL_POST = captured(
  "505249202a20485454502f322e300d0a0d0a534d0d0a0d0a0000120400000000000003000000640004020000" +
    "0000020000000000000408000000000001ff000100004301040000000183048462b3a13f86418cc1e474d741" +
    "5721e9b8f01e077a8825b650c3abbcf2e153032a2f2a0f0d01335f981d75d0620d263d4c795bc78f0b4a7b29" +
    "5adb282d443c8593",
);

/** What nghttp 1.52.0 sent: a tree of priorities, and its request on stream 13. */
const NGHTTP = captured(
  "505249202a20485454502f322e300d0a0d0a534d0d0a0d0a00000c04000000000000030000006400040000ff" +
    "ff00000502000000000300000000c80000050200000000050000000064000005020000000007000000000000" +
    "0005020000000009000000070000000502000000000b000000030000002901250000000d0000000b0f820484" +
    "62a1d25f8641882f91d35d055c87a753032a2f2a907a8aaa69d29ac4c0576c4b83",
);

function captured(digits: string): string {
  return String.fromCharCode(...hex(digits));
}

const GOOD: [what: string, sent: string, expected: Record<string, unknown>][] = [
  ["curl's", CURL, { name: "example.com", method: "GET", version: "2", streamId: 1 }],
  ["curl's POST", CURL_POST, { name: "example.com", port: 8080, method: "POST" }],
  ["nghttp's", NGHTTP, { name: "example.com", method: "GET", streamId: 13 }],
  ["a name with a port", START + frame(1, 5, 1, BLOCK), { name: "example.com", port: 8080 }],
  ["another stream", START + frame(1, 5, 7, BLOCK), { streamId: 7 }],
  ["padding", START + frame(1, 5 | PADDED, 1, "\x03" + BLOCK + "\0\0\0"), { name: "example.com" }],
  ["no padding after all", START + frame(1, 5 | PADDED, 1, "\0" + BLOCK), { name: "example.com" }],
  ["priority", START + frame(1, 5 | PRIORITY, 1, "\0\0\0\0\x10" + BLOCK), { name: "example.com" }],
  [
    "both",
    START + frame(1, 5 | PADDED | PRIORITY, 1, "\x01\0\0\0\0\x10" + BLOCK + "\0"),
    { name: "example.com" },
  ],
  [
    "a block in parts",
    START + frame(1, 1, 1, BLOCK.slice(0, 5)) + frame(9, 0, 1, BLOCK.slice(5, 9)) + frame(9, 0, 1) +
    frame(9, END_HEADERS, 1, BLOCK.slice(9)),
    { name: "example.com" },
  ],
  [
    "frames before the request",
    START + frame(8, 0, 0, "\0\0\x01\0") + frame(6, 0, 0, "12345678") +
    frame(2, 0, 3, "\0\0\0\0\0") +
    frame(4, 1, 0) + frame(0xfa, 0, 5, "anything") + frame(1, 5, 1, BLOCK),
    { name: "example.com" },
  ],
  ["a table size update", START + frame(1, 5, 1, "\x20" + BLOCK), { name: "example.com" }],
  [
    "host instead of :authority",
    START + frame(1, 5, 1, GET + field("host", "b.example")),
    { name: "b.example", hasAuthority: true },
  ],
  [
    "host beside :authority",
    START + frame(1, 5, 1, BLOCK + field("host", "example.com:8080")),
    { name: "example.com" },
  ],
  ["no authority", START + frame(1, 5, 1, GET), { name: undefined, hasAuthority: false }],
  [
    "an address",
    START + frame(1, 5, 1, GET + field(":authority", "10.0.0.1")),
    { name: undefined, hasAuthority: true },
  ],
  [
    "POST with its body still to come",
    START + frame(1, END_HEADERS, 1, "\x83\x86\x84" + field(":authority", "a.example")),
    { method: "POST", name: "a.example" },
  ],
  [
    "a field of the dynamic table",
    START + frame(1, 5, 1, GET + "\x41\x09a.example"),
    { name: "a.example" },
  ],
];

Deno.test("a request is known after its header block, however it is cut", () => {
  for (const [what, sent, expected] of GOOD) {
    const { result, after } = everyCut(make, latin1(sent), what);
    assert(result?.kind === "sniffed", `${what}: ${JSON.stringify(result)}`);
    assertEquals([after, result.protocol], [sent.length, "h2c"], what);
    const found: Record<string, unknown> = { ...result, ...result.http };
    for (const [key, value] of Object.entries(expected)) assertEquals(found[key], value, what);
  }
});

const headers = (block: string): string => START + frame(1, 5, 1, block);

/** What is refused, with the last byte that has to be there for that. */
const BAD: [what: string, sent: string, detail: string, status?: number][] = [
  ["another preface", "PRI * HTTP/2.0\r\n\r\nSX", "preface"],
  ["no SETTINGS", PREFACE + frame(8, 0, 0, "\0\0\0\x01").slice(0, 9), "SETTINGS first"],
  ["SETTINGS that acknowledge", PREFACE + frame(4, 1, 0), "SETTINGS first"],
  ["SETTINGS of 5 bytes", PREFACE + frame(4, 0, 0, "12345").slice(0, 9), "wrong length"],
  ["SETTINGS on a stream", PREFACE + frame(4, 0, 1), "on a stream"],
  ["SETTINGS that acknowledge more", START + frame(4, 1, 0, "123456").slice(0, 9), "wrong length"],
  ["a frame that is too large", START + "\0\x40\x01\0\0\0\0\0\x01", "16385 bytes"],
  ["DATA first", START + frame(0, 0, 1), "idle stream"],
  ["RST_STREAM first", START + frame(3, 0, 1, "1234").slice(0, 9), "idle stream"],
  ["WINDOW_UPDATE of a stream", START + frame(8, 0, 1, "1234").slice(0, 9), "idle stream"],
  ["WINDOW_UPDATE of 3 bytes", START + frame(8, 0, 0, "123").slice(0, 9), "wrong length"],
  ["PING of 7 bytes", START + frame(6, 0, 0, "1234567").slice(0, 9), "wrong length"],
  ["PING on a stream", START + frame(6, 0, 1, "12345678").slice(0, 9), "on a stream"],
  ["PRIORITY of 4 bytes", START + frame(2, 0, 1, "1234").slice(0, 9), "wrong length"],
  ["PRIORITY on no stream", START + frame(2, 0, 0, "12345").slice(0, 9), "no stream"],
  ["PUSH_PROMISE", START + frame(5, 4, 1), "from a client"],
  ["GOAWAY", START + frame(7, 0, 0, "12345678").slice(0, 9), "GOAWAY"],
  ["CONTINUATION first", START + frame(9, 4, 1), "of nothing"],
  ["HEADERS on stream 0", START + frame(1, 5, 0), "5.1.1"],
  ["HEADERS on an even stream", START + frame(1, 5, 2), "5.1.1"],
  ["too much padding", START + frame(1, 5 | PADDED, 1, "\x05abc"), "padding"],
  ["padding and no length of it", START + frame(1, 5 | PADDED, 1), "padding"],
  ["priority cut off", START + frame(1, 5 | PRIORITY, 1, "abc"), "padding"],
  ["a frame within a block", START + frame(1, 1, 1, "a") + frame(6, 0, 0).slice(0, 9), "within"],
  ["another stream's CONTINUATION", START + frame(1, 1, 1, "a") + frame(9, 4, 3), "within"],
  ["a block that is none", headers("\x80"), "RFC 7541"],
  ["no method", headers("\x86\x84"), ":method"],
  ["two methods", headers("\x82\x83"), "twice"],
  ["two authorities", headers(BLOCK + field(":authority", "b")), "twice"],
  ["an unknown pseudo-header", headers(GET + field(":name", "b")), "unknown"],
  ["a response's pseudo-header", headers(GET + "\x88"), "unknown"],
  ["a pseudo-header too late", headers("\x82" + field("a", "b") + "\x84"), "behind"],
  ["two hosts", headers(GET + field("host", "a") + field("host", "a")), "more than one"],
  ["host and :authority that differ", headers(BLOCK + field("host", "b.example")), "differ"],
  ["user information", headers(GET + field(":authority", "u@a")), "not an authority"],
  ["an empty authority with a bad port", headers(GET + field(":authority", ":0")), "not an"],
  ["CONNECT", headers(field(":method", "CONNECT") + field(":authority", "a:1")), "CONNECT", 405],
];

Deno.test("what breaks the protocol is refused, as soon as it is there", () => {
  for (const [what, sent, detail, status = 400] of BAD) {
    const { result, after } = everyCut(make, latin1(sent), what);
    assert(result?.kind === "malformed", `${what}: ${JSON.stringify(result)}`);
    assertEquals([result.status, result.protocol], [status, "h2c"], what);
    assertStringIncludes(result.detail, detail, what);
    assertEquals(after, sent.length, `${what} is known earlier or later`);
    if (status === 405) assertEquals(result.streamId, 1, what);
  }
});

Deno.test("a request may have 64 KiB, with all that is before it", () => {
  const ping = frame(6, 0, 0, "12345678");
  const room = 65536 - START.length - frame(1, 5, 1, BLOCK).length;
  const filler = ping.repeat(Math.floor(room / ping.length));
  assertEquals(make().sniff(latin1(START + filler + frame(1, 5, 1, BLOCK)))?.kind, "sniffed");
  const tooLong = make().sniff(latin1(START + filler + ping + frame(1, 5, 1, BLOCK)));
  assert(tooLong?.kind === "malformed");
  assertEquals(tooLong.status, 431);
  const endless = make().sniff(latin1(START + ping.repeat(4000)));
  assert(endless?.kind === "malformed");
  assertEquals(endless.status, 431);
});

Deno.test("at 64 KiB it is one verdict, however much of the next frame is there", () => {
  for (let left = 1; left < 9; left++) {
    const size = 65536 - left - START.length;
    const fillers = [16384, 16384, 16384, size - 3 * 16393 - 9];
    const sent = START + fillers.map((length) => frame(0xfa, 0, 0, "x".repeat(length))).join("");
    assertEquals(sent.length, 65536 - left);
    for (let more = 0; more <= 9; more++) {
      const sniffer = make();
      assertEquals(sniffer.sniff(latin1(sent.slice(0, -1))), undefined);
      // DATA before HEADERS would be another verdict.
      const result = sniffer.sniff(latin1(sent + frame(0, 0, 1).slice(0, more)));
      assert(result?.kind === "malformed");
      assertEquals(result.status, 431, `${left} left, ${more} more`);
    }
  }
});

Deno.test("50,000 mutations get a verdict that does not depend on how they are cut", () => {
  const next = generator(9113);
  const seen = new Map<string, number>();
  for (let round = 0; round < 50_000; round++) {
    const sent = latin1(GOOD[next(GOOD.length)][1]);
    const from = next(4) === 0 ? 0 : PREFACE.length;
    const bytes = new Uint8Array([...sent.slice(0, from), ...mutated(sent.slice(from), next)]);
    const kind = randomCuts(make, bytes, next)?.kind ?? "more";
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
  }
  for (const kind of ["sniffed", "malformed", "more"]) {
    assert((seen.get(kind) ?? 0) > 2_000, `${kind}: ${seen.get(kind)}`);
  }
});
