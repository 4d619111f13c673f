import { assertEquals } from "@std/assert";
import { Proxy } from "./harness.ts";
import { Recorder, say, statuses } from "./raw_http.ts";

/** One thing a client says, and what comes of it. */
interface RequestCase {
  readonly name: string;
  readonly raw: string;
  /** The statuses the client gets. */
  readonly answers: readonly number[];
  /** What each connection of app.test's backend gets. */
  readonly app?: readonly string[];
  /** The same for other.test's. */
  readonly other?: readonly string[];
}

const GET = "GET / HTTP/1.1\r\nHost: app.test\r\n";
const POST = "POST / HTTP/1.1\r\nHost: app.test\r\n";
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`;
const LAST = "0\r\n\r\n";
const SMUGGLED = "GET /admin HTTP/1.1\r\nHost: other.test\r\n\r\n";
const LONG = "x".repeat(65 * 1024);

function refused(name: string, raw: string, status = 400): RequestCase {
  return { name, raw, answers: [status] };
}

/** Fields of a POST whose body is one empty chunk, or five bytes to a parser that reads it otherwise. */
function badFields(name: string, fields: string, status = 400): RequestCase {
  return refused(name, `${POST}${fields}\r\n\r\n${LAST}`, status);
}

function badChunks(name: string, body: string): RequestCase {
  return refused(name, `${CHUNKED}${body}`);
}

function passed(name: string, raw: string, seen = raw): RequestCase {
  return { name, raw, answers: [200], app: [seen] };
}

const REQUESTS: readonly RequestCase[] = [
  badFields("CL before TE", "Content-Length: 5\r\nTransfer-Encoding: chunked"),
  badFields("TE before CL", "Transfer-Encoding: chunked\r\nContent-Length: 5"),
  badFields("two CLs that differ", "Content-Length: 5\r\nContent-Length: 6"),
  badFields("two CLs that agree", "Content-Length: 5\r\nContent-Length: 5"),
  badFields("a list of CLs that agree", "Content-Length: 5, 5"),
  badFields("a list of CLs that differ", "Content-Length: 5, 6"),
  badFields("CL with a plus", "Content-Length: +5"),
  badFields("CL with a minus", "Content-Length: -1"),
  badFields("CL in hexadecimal", "Content-Length: 0x5"),
  badFields("CL with a fraction", "Content-Length: 5.0"),
  badFields("CL with nothing", "Content-Length:"),
  badFields("CL with a space inside", "Content-Length:  5 5"),
  badFields("CL with a no-break space", "Content-Length: 5\xa0"),
  badFields("CL of 2^64 + 5", "Content-Length: 18446744073709551621"),
  badFields("CL with a bracketed comment", "Content-Length: 5 (five)"),
  refused(
    "TE in HTTP/1.0",
    `POST / HTTP/1.0\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n${LAST}`,
  ),
  refused(
    "TE and CL in HTTP/1.0",
    "POST / HTTP/1.0\r\nHost: app.test\r\nContent-Length: 5\r\n" +
      `Transfer-Encoding: chunked\r\n\r\n${LAST}`,
  ),
  badFields("TE chunked twice in a list", "Transfer-Encoding: chunked, chunked"),
  badFields("TE chunked twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
  badFields("TE chunked, then gzip", "Transfer-Encoding: chunked, gzip"),
  badFields("TE with nothing", "Transfer-Encoding:"),
  badFields("TE with an empty last element", "Transfer-Encoding: chunked,"),
  badFields("TE gzip, then chunked", "Transfer-Encoding: gzip, chunked", 501),
  badFields("TE gzip", "Transfer-Encoding: gzip", 501),
  badFields("TE identity", "Transfer-Encoding: identity", 501),
  badFields("TE gzip and chunked", "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", 501),
  badFields("TE xchunked", "Transfer-Encoding: xchunked", 501),
  badFields("TE chunked with a parameter", "Transfer-Encoding: chunked;q=1", 501),
  badFields("TE in quotes", 'Transfer-Encoding: "chunked"', 501),
  badFields("TE with a vertical tab", "Transfer-Encoding: \x0bchunked"),
  badFields("TE with a form feed", "Transfer-Encoding: chunked\x0c"),
  badFields("TE with a no-break space behind", "Transfer-Encoding: chunked\xa0"),
  badFields("TE with a no-break space before", "Transfer-Encoding: \xa0chunked"),
  badFields("TE with a byte over 127 as its end", "Transfer-Encoding: chunked\xff"),
  badFields("a folded TE", "Transfer-Encoding:\r\n chunked"),
  badFields("a fold as the first line", " Transfer-Encoding: chunked"),
  badFields("a space before the colon of TE", "Transfer-Encoding : chunked"),
  badFields("a tab before the colon of TE", "Transfer-Encoding\t: chunked"),
  badFields("a space before the colon of CL", "Content-Length : 5"),
  badFields("a null before the colon of CL", "Content-Length\0: 5"),
  badFields("an empty field name", ": chunked"),
  badFields("a line without a colon", "Transfer-Encoding chunked"),
  badFields("a field name that is not a token", "Transfer(Encoding): chunked"),
  badFields("a field name with a byte over 127", "Transfer-Encoding\xa0: chunked"),
  badFields("a field behind a bare LF", "X: y\nTransfer-Encoding: chunked"),
  badFields("a field behind a bare CR", "X: y\rTransfer-Encoding: chunked"),
  badFields("a CR before CRLF", "X: y\r"),
  badFields("a null in a value", "X: a\0b"),
  badFields("a DEL in a value", "X: a\x7fb"),
  badFields("a backspace in a value", "X: a\bb"),
  refused("bare LFs for line ends", "GET / HTTP/1.1\nHost: app.test\n\n"),
  refused("a bare LF for the empty line", `${GET}\n`),
  refused("a bare CR in the request line", "GET /\r HTTP/1.1\r\nHost: app.test\r\n\r\n"),
  refused("a tab in the request line", "GET /\tHTTP/1.1\r\nHost: app.test\r\n\r\n"),
  refused("two spaces in the request line", "GET  / HTTP/1.1\r\nHost: app.test\r\n\r\n"),
  refused("a space in the target", "GET / x HTTP/1.1\r\nHost: app.test\r\n\r\n"),
  refused("a byte over 127 in the target", "GET /\xff HTTP/1.1\r\nHost: app.test\r\n\r\n"),
  refused("a fragment of a target", "GET admin HTTP/1.1\r\nHost: app.test\r\n\r\n"),
  refused("HTTP/0.9", "GET /\r\n\r\n"),
  refused("a version of HTTP in lower case", "GET / http/1.1\r\nHost: app.test\r\n\r\n"),
  refused("a version with more digits", "GET / HTTP/1.10\r\nHost: app.test\r\n\r\n"),
  refused("HTTP/2.0", "GET / HTTP/2.0\r\nHost: app.test\r\n\r\n", 505),
  refused("CONNECT", "CONNECT app.test:80 HTTP/1.1\r\nHost: app.test:80\r\n\r\n", 405),
  refused("no Host", "GET / HTTP/1.1\r\n\r\n"),
  refused("an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 421),
  refused("two Hosts that differ", `${GET}Host: other.test\r\n\r\n`),
  refused("two Hosts that agree", `${GET}host: app.test\r\n\r\n`),
  refused("a Host of two values", "GET / HTTP/1.1\r\nHost: app.test, other.test\r\n\r\n"),
  refused("a Host of two names", "GET / HTTP/1.1\r\nHost: app.test,other.test\r\n\r\n", 421),
  refused("a Host of two words", "GET / HTTP/1.1\r\nHost: app.test other.test\r\n\r\n"),
  refused("a Host with user information", "GET / HTTP/1.1\r\nHost: app.test@other.test\r\n\r\n"),
  refused("a Host with a path", "GET / HTTP/1.1\r\nHost: app.test/x\r\n\r\n"),
  refused("a Host with a port that is none", "GET / HTTP/1.1\r\nHost: app.test:80:90\r\n\r\n"),
  refused(
    "user information in an absolute target",
    "GET http://app.test@other.test/ HTTP/1.1\r\nHost: app.test\r\n\r\n",
  ),
  refused("Connection that names Host", `${GET}Connection: host\r\n\r\n`),
  badFields("Connection that names CL", "Connection: content-length\r\nContent-Length: 5"),
  badFields(
    "Connection that names TE",
    "Connection: close, Transfer-Encoding\r\nTransfer-Encoding: chunked",
  ),
  refused("a head over 64 KiB", `${GET}X: ${LONG}\r\n\r\n`, 431),
  refused("a request line over 64 KiB", `GET /${LONG} HTTP/1.1\r\nHost: app.test\r\n\r\n`, 431),
  badChunks("a chunk size in 0x", "0x5\r\nhello\r\n0\r\n\r\n"),
  badChunks("a space behind a chunk size", "5 \r\nhello\r\n0\r\n\r\n"),
  badChunks("a tab behind a chunk size", "5\t\r\nhello\r\n0\r\n\r\n"),
  badChunks("a space before a chunk size", " 5\r\nhello\r\n0\r\n\r\n"),
  badChunks("a negative chunk size", "-5\r\nhello\r\n0\r\n\r\n"),
  badChunks("a chunk size with a plus", "+5\r\nhello\r\n0\r\n\r\n"),
  badChunks("a chunk size with an underscore", "5_\r\nhello\r\n0\r\n\r\n"),
  badChunks("a chunk size of no digit", "g\r\nhello\r\n0\r\n\r\n"),
  badChunks("a chunk size of nothing", "\r\nhello\r\n0\r\n\r\n"),
  badChunks("a chunk size of nothing but an extension", ";x\r\nhello\r\n0\r\n\r\n"),
  badChunks("a chunk size of 17 digits", "10000000000000005\r\nhello\r\n0\r\n\r\n"),
  badChunks(
    "a chunk size of 17 digits, most of them zero",
    "00000000000000005\r\nhello\r\n0\r\n\r\n",
  ),
  badChunks("chunk data longer than its size", "4\r\nhello\r\n0\r\n\r\n"),
  badChunks("chunk data shorter than its size", "6\r\nhello\r\n0\r\n\r\n"),
  badChunks("a bare LF behind a chunk size", "5\nhello\r\n0\r\n\r\n"),
  badChunks("a bare LF behind a chunk extension", "5;x\nhello\r\n0\r\n\r\n"),
  badChunks("a bare CR behind a chunk size", "5\rhello\r\n0\r\n\r\n"),
  badChunks("a bare LF behind chunk data", "5\r\nhello\n0\r\n\r\n"),
  badChunks("a bare CR behind chunk data", "5\r\nhello\r0\r\n\r\n"),
  badChunks("a bare CR in a chunk extension", "5;x\ry\r\nhello\r\n0\r\n\r\n"),
  badChunks("a null in a chunk extension", "5;x\0y\r\nhello\r\n0\r\n\r\n"),
  badChunks("a chunk extension of 2 KB", `5;${"x".repeat(2048)}\r\nhello\r\n0\r\n\r\n`),
  badChunks("a trailer without a name", "0\r\n: x\r\n\r\n"),
  badChunks("a trailer without a colon", "0\r\nGET / HTTP/1.1\r\n\r\n"),
  badChunks("a trailer with a space before its colon", "0\r\nX : y\r\n\r\n"),
  badChunks("a folded trailer", "0\r\nX: y\r\n z\r\n\r\n"),
  badChunks("a bare LF behind a trailer", "0\r\nX: y\n\r\n"),
  badChunks("a bare CR in a trailer", "0\r\nX: y\rz\r\n\r\n"),
  badChunks("a bare LF for the last line", "0\r\n\n"),
  badChunks("a bare CR for the last line", "0\r\n\rGET"),
  passed("one CL", `${POST}Content-Length: 5\r\n\r\nhello`),
  passed("CL with zeros before it", `${POST}Content-Length: 005\r\n\r\nhello`),
  passed("CL with white space around it", `${POST}Content-Length: \t5 \t\r\n\r\nhello`),
  passed("TE in mixed case", `${POST}tRANSFER-eNCODING: Chunked\r\n\r\n${LAST}`),
  passed("CL in HTTP/1.0", "POST / HTTP/1.0\r\nHost: app.test\r\nContent-Length: 5\r\n\r\nhello"),
  passed(
    "chunks with extensions, zeros, both cases and trailers",
    `${CHUNKED}5;a=b;c="d\t;e"\r\nhello\r\n00A\r\n0123456789\r\na\r\n0123456789\r\n` +
      "000;last\r\nX-Sum: 1\r\nY:\r\n\r\n",
  ),
  passed("a request in a body of a length", `${POST}Content-Length: 41\r\n\r\n${SMUGGLED}`),
  passed("a request in a chunk", `${CHUNKED}29\r\n${SMUGGLED}\r\n${LAST}`),
  passed("a request in trailers", `${CHUNKED}0\r\nGET: / HTTP/1.1\r\nHost: other.test\r\n\r\n`),
  passed("a body of GET", `${GET}Content-Length: 41\r\n\r\n${SMUGGLED}`),
  passed("an empty line before the request line", `\r\n${GET}\r\n`, `${GET}\r\n`),
  passed("a byte over 127 in a value", `${GET}X: \xff\xa0\r\n\r\n`),
  passed("a method in lower case", "get / HTTP/1.1\r\nHost: app.test\r\n\r\n"),
  passed("TRACE", "TRACE / HTTP/1.1\r\nHost: app.test\r\n\r\n"),
  passed("a method nobody knows", "X-BREW! /pot HTTP/1.1\r\nHost: app.test\r\n\r\n"),
  passed("OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: app.test\r\n\r\n"),
  passed(
    "a Host in mixed case with a dot and a port",
    "GET / HTTP/1.1\r\nhOST: APP.test.:80\r\n\r\n",
  ),
  passed(
    "an absolute target beats Host",
    "GET http://app.test/x HTTP/1.1\r\nHost: other.test\r\nX: y\r\n\r\n",
    "GET http://app.test/x HTTP/1.1\r\nX: y\r\nHost: app.test\r\n\r\n",
  ),
  passed(
    "fields that Connection names stay here",
    `${GET}X-A: 1\r\nConnection: x-a, Keep-Alive\r\nKeep-Alive: 5\r\nX-B: 2\r\nX-a: 3\r\n\r\n`,
    `${GET}X-B: 2\r\n\r\n`,
  ),
  passed(
    "fields that are for one hop stay here",
    `${GET}Proxy-Connection: keep-alive\r\nUpgrade: websocket\r\nX: y\r\n\r\n`,
    `${GET}X: y\r\n\r\n`,
  ),
  passed(
    "h2c is not upgraded to",
    `${GET}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n`,
    `${GET}\r\n`,
  ),
  passed(
    "h2c is not upgraded to, even beside something else",
    `${GET}Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n\r\n`,
    `${GET}\r\n`,
  ),
  passed(
    "h2c is not upgraded to, even behind something else",
    `${GET}Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n\r\n`,
    `${GET}\r\n`,
  ),
  passed(
    "HTTP/1.0 is not upgraded",
    "GET / HTTP/1.0\r\nHost: app.test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    "GET / HTTP/1.0\r\nHost: app.test\r\n\r\n",
  ),
  {
    name: "a request behind a body without a length is a request",
    raw: `${POST}\r\n${SMUGGLED}`,
    answers: [200, 200],
    app: [`${POST}\r\n`],
    other: [SMUGGLED],
  },
  {
    name: "a request behind a body is routed by its own Host",
    raw: `${POST}Content-Length: 5\r\n\r\nhello${SMUGGLED}`,
    answers: [200, 200],
    app: [`${POST}Content-Length: 5\r\n\r\nhello`],
    other: [SMUGGLED],
  },
  {
    name: "a request behind the last chunk is routed by its own Host",
    raw: `${CHUNKED}${LAST}${SMUGGLED}`,
    answers: [200, 200],
    app: [`${CHUNKED}${LAST}`],
    other: [SMUGGLED],
  },
  {
    name: "pipelined requests go each to their own backend",
    raw: `${GET}\r\n${SMUGGLED}${GET}X: 3\r\n\r\n`,
    answers: [200, 200, 200],
    app: [`${GET}\r\n`, `${GET}X: 3\r\n\r\n`],
    other: [SMUGGLED],
  },
  {
    name: "a second request for a name that is not allowed is refused",
    raw: `${GET}\r\nGET /admin HTTP/1.1\r\nHost: secret.test\r\n\r\n`,
    answers: [200, 403],
    app: [`${GET}\r\n`],
  },
  {
    name: "a second request for a name without a route is refused",
    raw: `${GET}\r\nGET /admin HTTP/1.1\r\nHost: lost.test\r\n\r\n`,
    answers: [200, 421],
    app: [`${GET}\r\n`],
  },
  {
    name: "a second request with an absolute target that is not allowed is refused",
    raw: `${GET}\r\nGET http://secret.test/ HTTP/1.1\r\nHost: app.test\r\n\r\n`,
    answers: [200, 403],
    app: [`${GET}\r\n`],
  },
  {
    name: "nothing behind a refused request is read",
    raw: `${POST}Content-Length: 5, 5\r\n\r\nhello${GET}\r\n`,
    answers: [400],
  },
  {
    name: "nothing behind Connection: close is read",
    raw: `${GET}Connection: close\r\n\r\n${SMUGGLED}`,
    answers: [200],
    app: [`${GET}\r\n`],
  },
  {
    name: "nothing behind HTTP/1.0 is read",
    raw: `GET / HTTP/1.0\r\nHost: app.test\r\n\r\n${SMUGGLED}`,
    answers: [200],
    app: ["GET / HTTP/1.0\r\nHost: app.test\r\n\r\n"],
  },
  {
    name: "a second request with ambiguous framing is refused",
    raw: `${GET}\r\n${POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${LAST}`,
    answers: [200, 400],
    app: [`${GET}\r\n`],
  },
  {
    name: "a CONNECT as the second request is refused",
    raw: `${GET}\r\nCONNECT other.test:80 HTTP/1.1\r\nHost: other.test:80\r\n\r\n`,
    answers: [200, 405],
    app: [`${GET}\r\n`],
  },
  {
    name: "the preface of HTTP/2 as the second request is refused",
    raw: `${GET}\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
    answers: [200, 505],
    app: [`${GET}\r\n`],
  },
];

function config(app: number, other: number): string {
  return `listen_addrs: ["127.0.0.1:$HTTP"]
metrics: { address: "127.0.0.1:$METRICS" }
timeouts: { idle: 2 }
allowlist: ["app.test", "other.test", "lost.test"]
routes:
  - { name: app, hosts: ["app.test"], backends: ["127.0.0.1:${app}"] }
  - { name: other, hosts: ["other.test"], backends: ["127.0.0.1:${other}"] }
  - { name: secret, hosts: ["secret.test"], backends: ["127.0.0.1:${other}"] }
`;
}

const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

Deno.test("no request reaches a backend but as everyone reads it", async (t) => {
  await using app = new Recorder();
  await using other = new Recorder();
  await using proxy = await Proxy.start({ config: config(app.port, other.port) });
  for (const each of REQUESTS) {
    await t.step(each.name, async () => {
      app.play({ sees: each.app ?? [], answer: ANSWER });
      other.play({ sees: each.other ?? [], answer: ANSWER });
      const got = await say(proxy.ports.http, each.raw);
      const seen = { app: await app.ended(), other: await other.ended() };
      assertEquals({ answers: statuses(got), ...seen }, {
        answers: [...each.answers],
        app: [...each.app ?? []],
        other: [...each.other ?? []],
      });
    });
  }
});
