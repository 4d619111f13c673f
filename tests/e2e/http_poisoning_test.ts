import { assertEquals } from "@std/assert";
import { Proxy, soon, until } from "./harness.ts";
import { answerer, httpConfig, Recorder, say, statuses } from "./raw_http.ts";
import { type Backend, serve } from "./peers.ts";
import { writeAll } from "../relay/sockets.ts";
import { latin1 } from "../sniff/hex.ts";

/** One thing a backend answers, and what becomes of it. */
interface ResponseCase {
  readonly name: string;
  readonly answer: string;
  /** What the client gets; a number is the status of a refusal, and nothing else comes before or behind it. */
  readonly got: string | number;
  /** What is asked; a GET unless said. */
  readonly asked?: string;
}

const GET = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";
const HEAD = "HEAD / HTTP/1.1\r\nHost: app.test\r\n\r\n";
const OLD = "GET / HTTP/1.0\r\nHost: app.test\r\n\r\n";
const UPGRADE =
  "GET / HTTP/1.1\r\nHost: app.test\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n";
const OK = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;
const FAKE = `${OK}Content-Length: 6\r\n\r\npoison`;
const LAST = "0\r\n\r\n";
const LONG = "x".repeat(65 * 1024);

function refused(name: string, answer: string, asked = GET): ResponseCase {
  return { name, answer, got: 502, asked };
}

function passed(name: string, answer: string, got = answer, asked = GET): ResponseCase {
  return { name, answer, got, asked };
}

const RESPONSES: readonly ResponseCase[] = [
  refused("CL and TE", `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${LAST}`),
  refused("TE and CL", `${OK}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n${LAST}`),
  refused("two CLs that differ", `${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`),
  refused("two CLs that agree", `${OK}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`),
  refused("a list of CLs", `${OK}Content-Length: 5, 5\r\n\r\nhello`),
  refused("a negative CL", `${OK}Content-Length: -5\r\n\r\nhello`),
  refused("TE gzip", `${OK}Transfer-Encoding: gzip\r\n\r\nhello`),
  refused("TE gzip, chunked", `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n${LAST}`),
  refused("TE chunked, gzip", `${OK}Transfer-Encoding: chunked, gzip\r\n\r\n${LAST}`),
  refused("TE with a no-break space", `${OK}Transfer-Encoding: chunked\xa0\r\n\r\n${LAST}`),
  refused("TE in HTTP/1.0", `HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${LAST}`),
  refused("a bad first chunk size", `${CHUNKED}0x5\r\nhello\r\n${LAST}`),
  refused("a bad second chunk size", `${CHUNKED}5\r\nhello\r\n-1\r\n${LAST}`),
  refused("a bare LF behind a chunk size", `${CHUNKED}5\nhello\r\n${LAST}`),
  refused(
    "Connection that names CL",
    `${OK}Connection: content-length\r\nContent-Length: 0\r\n\r\n`,
  ),
  refused("a folded line", `${OK}X: y\r\n z\r\nContent-Length: 0\r\n\r\n`),
  refused("a space before a colon", `${OK}Content-Length : 0\r\n\r\n`),
  refused("a bare CR in a value", `${OK}X: y\rz\r\nContent-Length: 0\r\n\r\n`),
  refused("a null in a value", `${OK}X: y\0z\r\nContent-Length: 0\r\n\r\n`),
  refused("bare LFs for line ends", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"),
  refused("no status line", "hello\r\n\r\n"),
  refused("the status line of another protocol", "ICY 200 OK\r\n\r\n"),
  refused("HTTP/2.0", "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
  refused("a status of two digits", "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"),
  refused("a status of four digits", "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"),
  refused("status 600", "HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n"),
  refused("an empty line before the status line", `\r\n${OK}Content-Length: 0\r\n\r\n`),
  refused("a head over 64 KiB", `${OK}X: ${LONG}\r\n\r\n`),
  refused("a 101 nobody asked for", "HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
  refused("a 101 that does not upgrade", "HTTP/1.1 101 X\r\n\r\n", UPGRADE),
  refused(
    "a 101 to h2c",
    "HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
    UPGRADE,
  ),
  passed("a reason with a byte over 127", "HTTP/1.1 200 \xff\r\nContent-Length: 0\r\n\r\n"),
  passed("nothing for a reason", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"),
  passed(
    "bytes behind CL",
    `${OK}Content-Length: 2\r\n\r\nok${FAKE}`,
    `${OK}Content-Length: 2\r\n\r\nok`,
  ),
  passed("bytes behind the last chunk", `${CHUNKED}${LAST}${FAKE}`, `${CHUNKED}${LAST}`),
  passed(
    "a body of 204",
    "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
  ),
  passed(
    "a body of 304",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
  ),
  passed(
    "a body for HEAD",
    `${OK}Content-Length: 5\r\n\r\nhello`,
    `${OK}Content-Length: 5\r\n\r\n`,
    HEAD,
  ),
  passed("chunks for HEAD", `${CHUNKED}${LAST}`, CHUNKED, HEAD),
  passed(
    "interim answers",
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}Content-Length: 0\r\n\r\n`,
  ),
  passed(
    "interim answers to HTTP/1.0",
    `HTTP/1.1 100 Continue\r\n\r\n${OK}Content-Length: 0\r\n\r\n`,
    `${OK}Content-Length: 0\r\nConnection: close\r\n\r\n`,
    OLD,
  ),
  passed(
    "a CL of an interim answer",
    `HTTP/1.1 103 Early Hints\r\nContent-Length: 100\r\n\r\n${OK}Content-Length: 0\r\n\r\n`,
  ),
  passed(
    "fields that Connection names",
    `${OK}Connection: x-a, keep-alive\r\nX-A: 1\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n`,
    `${OK}Content-Length: 0\r\n\r\n`,
  ),
  passed(
    "an Upgrade that only offers",
    `${OK}Upgrade: h2\r\nContent-Length: 0\r\n\r\n`,
    `${OK}Content-Length: 0\r\n\r\n`,
  ),
  passed("a body without a length", `${OK}\r\n${FAKE}`, `${OK}Connection: close\r\n\r\n${FAKE}`),
  passed("a body that is cut off", `${OK}Content-Length: 9\r\n\r\nhello`),
  passed("chunks that are cut off", `${CHUNKED}5\r\nhello\r\n`),
  refused("a head that is cut off", `${OK}Content-Length: 0\r\n`),
  refused("no answer at all", ""),
];

Deno.test("no response reaches a client but as everyone reads it", async (t) => {
  await using app = new Recorder();
  await using proxy = await Proxy.start({
    config: httpConfig(app.port, "connection_pool: { enabled: false }"),
  });
  for (const { name, answer, got, asked = GET } of RESPONSES) {
    await t.step(name, async () => {
      app.play({ sees: [asked], answer, hangsUp: true });
      const all = await say(proxy.ports.http, asked);
      assertEquals(
        typeof got === "number" ? statuses(all) : all,
        typeof got === "number" ? [got] : got,
      );
      assertEquals(await app.ended(), [asked]);
    });
  }
  await t.step("interim answers without an end", async () => {
    app.play({ sees: [GET], answer: "HTTP/1.1 100 Continue\r\n\r\n".repeat(10_000) });
    const all = statuses(await say(proxy.ports.http, GET));
    assertEquals(all.pop(), 502);
    assertEquals(all, new Array(33).fill(100));
  });
});

/** What a backend answers to a target: its last words, padded to so many bytes. */
function page(target: string, length: number): string {
  return `${OK}Content-Length: ${length}\r\n\r\n${target.padEnd(length, ".")}`;
}

/** Answers each request with a page about its target; some are followed by bytes nobody asked for. */
function poisoner(length: number): Backend {
  return answerer(async (head, conn) => {
    const target = head.split(" ")[1];
    const extra = target.startsWith("/poison") ? FAKE : "";
    await writeAll(conn, latin1(page(target, length) + extra));
  });
}

function get(target: string): string {
  return `GET ${target} HTTP/1.1\r\nHost: app.test\r\n\r\n`;
}

const UNEXPECTED = 'sniproxy_pool_evictions_total{route="app",reason="unexpected_data"}';

for (
  const [where, length] of [["in the same read", 20], ["in a later one", 8000], [
    "behind a large body",
    100_000,
  ]] as const
) {
  Deno.test(`bytes behind an answer, ${where}, reach nobody`, async () => {
    await using app = poisoner(length);
    await using proxy = await Proxy.start({ config: httpConfig(app.port) });
    const CLIENTS = 8;
    const ROUNDS = 25;
    const rounds = async (client: string): Promise<void> => {
      for (let round = 0; round < ROUNDS; round++) {
        // The same client goes on at once, and others come right behind it.
        const all = ["/a", "/poison", "/b"].map((target) => `${target}-${client}-${round}`);
        for (const targets of [all, all.slice(1, 2), all.slice(2)]) {
          const got = await say(proxy.ports.http, targets.map(get).join(""));
          assertEquals(got, targets.map((target) => page(target, length)).join(""));
        }
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, (_, i) => rounds(String(i))));
    await until("all of them to be counted", async () => {
      return await proxy.metric(UNEXPECTED) === 2 * CLIENTS * ROUNDS;
    });
  });
}

Deno.test("a backend that speaks on an idle socket is never listened to", async () => {
  const idle = Promise.withResolvers<Deno.TcpConn>();
  await using app = serve(async (conn) => {
    idle.resolve(conn);
    const buffer = new Uint8Array(4096);
    while (await conn.read(buffer) !== null) await writeAll(conn, latin1(page("/", 2)));
  });
  await using proxy = await Proxy.start({ config: httpConfig(app.port) });
  assertEquals(await say(proxy.ports.http, GET), page("/", 2));
  assertEquals(app.accepted, 1);
  await writeAll(await soon("a connection", idle.promise), latin1(FAKE));
  await until("the socket to be closed", async () => await proxy.metric(UNEXPECTED) === 1);
  assertEquals(await say(proxy.ports.http, GET), page("/", 2));
  assertEquals(app.accepted, 2);
});
