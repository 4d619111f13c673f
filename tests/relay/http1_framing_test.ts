import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Framing, requestFraming, responseFraming } from "../../src/relay/http1_framing.ts";
import { type BadHead, parseRequestHead, parseResponseHead } from "../../src/sniff/http1_head.ts";
import { mutated } from "../sniff/every_cut.ts";
import { latin1 } from "../sniff/hex.ts";
import { generator } from "../sniff/random.ts";

function request(fields: string, version = "1.1"): Framing | BadHead {
  const bytes = latin1(`POST / HTTP/${version}\r\nHost: app.test\r\n${fields}\r\n`);
  const head = parseRequestHead(bytes, 0, bytes.length);
  assert(head.kind === "head", JSON.stringify(head));
  return requestFraming(head);
}

function response(
  fields: string,
  status = 200,
  method = "GET",
  version = "1.1",
): Framing | BadHead {
  const bytes = latin1(`HTTP/${version} ${status} OK\r\n${fields}\r\n`);
  const head = parseResponseHead(bytes, 0, bytes.length);
  assert(head.kind === "head", JSON.stringify(head));
  return responseFraming(head, method);
}

/** In short: how the body is delimited, whether the connection goes on, and what is for this hop alone. */
function inShort(framing: Framing | BadHead): string {
  if (framing.kind === "bad") return `${framing.status} ${framing.detail}`;
  const { body, persistent, upgrade, hopByHop } = framing;
  return [
    body.kind === "length" ? body.length : body.kind,
    ...persistent ? ["goes on"] : [],
    ...upgrade ? ["upgrade"] : [],
    ...hopByHop.map(({ name }) => `-${name}`),
  ].join(" ");
}

const CHUNKED = "Transfer-Encoding: chunked\r\n";

const REQUESTS: readonly (readonly [fields: string, framing: string, version?: string])[] = [
  ["", "none goes on"],
  ["", "none", "1.0"],
  ["Content-Length: 0\r\n", "0 goes on"],
  ["content-LENGTH:\t007 \r\n", "7 goes on"],
  ["Content-Length: 999999999999999\r\n", "999999999999999 goes on"],
  ["Content-Length: 5\r\n", "5", "1.0"],
  [CHUNKED, "chunked goes on"],
  ["transfer-encoding:\t CHUNKed\t\r\n", "chunked goes on"],
  ["Connection: close\r\n", "none -connection"],
  ["Connection: CLOSE, keep-alive\r\n", "none -connection"],
  ["Connection: keep-alive\r\nConnection: close\r\n", "none -connection -connection"],
  ["Connection: keep-alive\r\n", "none goes on -connection", "1.0"],
  ["Connection: keep-alive, close\r\n", "none -connection", "1.0"],
  ["Connection: close\xa0\r\n", "none goes on -connection"],
  [
    "Connection: \t,x-a ,, X-B\t\r\nX-A: 1\r\nx-b: 2\r\nX-C: 3\r\n",
    "none goes on -connection -x-a -x-b",
  ],
  [
    "Keep-Alive: 5\r\nProxy-Connection: x\r\nUpgrade: y\r\nTE: z\r\n",
    "none goes on -keep-alive -proxy-connection -upgrade",
  ],
  ["TE: trailers\r\nConnection: TE\r\n", "none goes on -te -connection"],
  ["Upgrade: websocket\r\nConnection: Upgrade\r\n", "none goes on upgrade -upgrade -connection"],
  ["Upgrade: websocket\r\nConnection: upgrade\r\n", "none -upgrade -connection", "1.0"],
  ["Connection: upgrade\r\n", "none goes on -connection"],
  ["Upgrade: H2C\r\nConnection: upgrade\r\n", "none goes on -upgrade -connection"],
  ["Upgrade: a, h2c\r\nConnection: upgrade\r\n", "none goes on -upgrade -connection"],
  ["Upgrade: a, h2c2\r\nConnection: upgrade\r\n", "none goes on upgrade -upgrade -connection"],

  ["Content-Length: 5\r\nContent-Length: 5\r\n", "400 more than one Content-Length"],
  ["Content-Length: 5, 5\r\n", "400 Content-Length is not a number"],
  ["Content-Length:\r\n", "400 Content-Length is not a number"],
  ["Content-Length: 1000000000000000\r\n", "400 Content-Length is not a number"],
  ["Content-Length: 5\xa0\r\n", "400 Content-Length is not a number"],
  [`Content-Length: 0\r\n${CHUNKED}`, "400 Content-Length beside Transfer-Encoding"],
  [`${CHUNKED}Content-Length: x\r\n`, "400 Content-Length beside Transfer-Encoding"],
  [CHUNKED, "400 Transfer-Encoding in HTTP/1.0", "1.0"],
  [`${CHUNKED}${CHUNKED}`, "400 chunked not once and last"],
  ["Transfer-Encoding: chunked, chunked\r\n", "400 chunked not once and last"],
  ["Transfer-Encoding: chunked, gzip\r\n", "400 chunked not once and last"],
  ["Transfer-Encoding: chunked,\r\n", "400 chunked not once and last"],
  ["Transfer-Encoding:\r\n", "400 chunked not once and last"],
  ["Transfer-Encoding: chunked\xa0\r\n", "400 chunked not once and last"],
  ["Transfer-Encoding: ch unked\r\n", "400 chunked not once and last"],
  ["Transfer-Encoding: ,chunked\r\n", "501 a transfer coding that is not known"],
  ["Transfer-Encoding: gzip\r\n", "501 a transfer coding that is not known"],
  ["Transfer-Encoding: gzip, chunked\r\n", "501 a transfer coding that is not known"],
  ["Transfer-Encoding: chunked;q=1\r\n", "501 a transfer coding that is not known"],
  ["Connection: Host\r\n", "400 Connection names host"],
  ["Connection: x, content-length\t\r\n", "400 Connection names content-length"],
  [
    "Connection: close\r\nConnection: transfer-encoding\r\n",
    "400 Connection names transfer-encoding",
  ],
];

Deno.test("a request says in one way where its body ends, or it is refused", () => {
  for (const [fields, framing, version] of REQUESTS) {
    const got = inShort(request(fields, version));
    if (/^[45]/.test(framing) && framing.length > 3) assertStringIncludes(got, framing, fields);
    else assertEquals(got, framing, fields);
  }
});

const RESPONSES: readonly (readonly [
  fields: string,
  framing: string,
  status?: number,
  method?: string,
  version?: string,
])[] = [
  ["", "close"],
  ["", "none goes on", 204],
  ["", "none goes on", 304],
  ["", "none goes on", 200, "HEAD"],
  ["", "close", 200, "head"],
  ["", "none goes on", 103],
  ["", "close", 200, "GET", "1.0"],
  ["Content-Length: 5\r\n", "5 goes on"],
  ["Content-Length: 5\r\n", "5", 200, "GET", "1.0"],
  ["Content-Length: 5\r\nConnection: keep-alive\r\n", "5 goes on -connection", 200, "GET", "1.0"],
  ["Connection: keep-alive\r\n", "close -connection", 200, "GET", "1.0"],
  ["Content-Length: 5\r\n", "none goes on", 204],
  ["Content-Length: 5\r\n", "none goes on", 304],
  ["Content-Length: 5\r\n", "none goes on", 200, "HEAD"],
  ["Content-Length: 5\r\nConnection: close\r\n", "5 -connection"],
  [CHUNKED, "chunked goes on"],
  [CHUNKED, "none goes on", 200, "HEAD"],
  [CHUNKED, "none goes on", 204],
  ["Upgrade: x\r\nConnection: upgrade\r\n", "none goes on upgrade -upgrade -connection", 101],
  ["Upgrade: x\r\n", "none goes on -upgrade", 101],

  ["Content-Length: 5\r\nContent-Length: 6\r\n", "502 more than one Content-Length"],
  ["Content-Length: x\r\n", "502 Content-Length is not a number", 200, "HEAD"],
  [`Content-Length: 5\r\n${CHUNKED}`, "502 Content-Length beside Transfer-Encoding", 304],
  ["Transfer-Encoding: gzip\r\n", "502 a transfer coding that is not known"],
  ["Transfer-Encoding: chunked, gzip\r\n", "502 chunked not once and last"],
  [CHUNKED, "502 Transfer-Encoding in HTTP/1.0", 200, "GET", "1.0"],
  ["Connection: content-length\r\n", "502 Connection names content-length"],
];

Deno.test("a response says in one way where its body ends, or it is refused", () => {
  for (const [fields, framing, status, method, version] of RESPONSES) {
    const got = inShort(response(fields, status, method, version));
    if (framing.startsWith("502")) assertStringIncludes(got, framing, fields);
    else assertEquals(got, framing, fields);
  }
});

Deno.test("of 20,000 heads gone wrong none makes it throw, or has both a length and a coding", () => {
  const next = generator(2);
  let good = 0;
  for (let i = 0; i < 20_000; i++) {
    const [fields] = REQUESTS[i % REQUESTS.length];
    const bytes = mutated(latin1(`POST / HTTP/1.1\r\nHost: app.test\r\n${fields}\r\n`), next);
    const head = parseRequestHead(bytes, 0, bytes.length);
    if (head.kind === "bad") continue;
    const framing = requestFraming(head);
    const count = (name: string): number =>
      head.fields.filter((field) => field.name === name).length;
    const [lengths, codings] = [count("content-length"), count("transfer-encoding")];
    if (framing.kind === "bad") {
      assert(framing.status === 400 || framing.status === 501);
      continue;
    }
    good++;
    assertEquals(framing.body.kind === "length", lengths === 1);
    assertEquals(framing.body.kind === "chunked", codings === 1);
    assert(lengths + codings <= 1);
  }
  assert(good > 1000, `${good} were good`);
});

Deno.test("a head may have as many fields as it has room for", () => {
  const fields = "a:\r\n".repeat(4000) + `Connection: ${"a,".repeat(20_000)}\r\n`;
  const framing = request(
    fields + `Transfer-Encoding: ${" ".repeat(5000)}chunked${"\t".repeat(5000)}\r\n`,
  );
  assert(framing.kind === "framing", inShort(framing));
  assertEquals([framing.body.kind, framing.hopByHop.length], ["chunked", 4001]);
});
