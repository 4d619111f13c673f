import { assert, assertEquals, assertMatch } from "@std/assert";
import { writeAll } from "../relay/sockets.ts";
import { latin1 } from "../sniff/hex.ts";
import { startHaproxy } from "./haproxy.ts";
import { type AccessLine, freePorts, Proxy, until } from "./harness.ts";
import { connectTo, h2c, hello, lastWords, request } from "./peers.ts";
import { ANSWER, block, type End, endOf, line, listening, SIGNATURE } from "./proxy_headers.ts";
import { Caller } from "./raw_http.ts";
import { e2eTest } from "./tools.ts";

const HELLO = String.fromCharCode(...hello("app.test"));
const GET = String.fromCharCode(...request("app.test"));
const H2C = String.fromCharCode(...h2c("app.test"));

const CLIENT: End = { host: "192.0.2.7", port: 56324 };
const SITE: End = { host: "198.51.100.1", port: 443 };
const CLIENT6: End = { host: "2001:db8:0:0:0:0:0:7", port: 56324 };
const SITE6: End = { host: "2001:db8:0:0:0:0:0:1", port: 443 };

/** One listener trusts this machine, the other one does not. */
function config(backend: number, more = ""): string {
  return `listen_addrs:
  - { address: "127.0.0.1:$HTTP", proxy_protocol: true, trusted_proxies: ["127.0.0.0/8"] }
  - { address: "127.0.0.1:$TLS", proxy_protocol: true, trusted_proxies: ["10.0.0.0/8"] }
metrics: { address: "127.0.0.1:$METRICS" }
${more}
routes:
  - { name: app, hosts: ["app.test"], backends: ["127.0.0.1:${backend}"] }
`;
}

/** Nothing is kept, so that whatever is heard belongs to one client. */
const NO_POOL = "connection_pool: { enabled: false }";

/** Says something, ends its side, and gives what came back, the log's line and where the client was. */
async function visit(
  proxy: Proxy,
  port: number,
  pieces: Iterable<string>,
): Promise<{ said: string; logged: AccessLine; own: string }> {
  const lines = proxy.access.length;
  using conn = await connectTo(port);
  conn.setNoDelay();
  for (const piece of pieces) await writeAll(conn, latin1(piece));
  await conn.closeWrite();
  const said = await lastWords(conn);
  await until("the access log", () => proxy.access.length > lines);
  const { host, port: ownPort } = endOf(conn.localAddr);
  return { said, logged: proxy.access[lines], own: `${host}:${ownPort}` };
}

const headers: Record<string, [header: string, client?: string]> = {
  "version 1, IPv4": [line(CLIENT, SITE), "192.0.2.7:56324"],
  "version 1, IPv6": [line(CLIENT6, SITE6), "[2001:db8::7]:56324"],
  "version 1, UNKNOWN": ["PROXY UNKNOWN\r\n"],
  "version 1, UNKNOWN with addresses": ["PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"],
  "version 2, IPv4": [block(CLIENT, SITE), "192.0.2.7:56324"],
  "version 2, IPv6 and TLVs": [
    block(CLIENT6, SITE6, [[2, "other.test"], [0xe0, "\0\r\n"]]),
    "[2001:db8::7]:56324",
  ],
  "version 2, LOCAL": [`${SIGNATURE}\x20\0\0\0`],
  "version 2, LOCAL with addresses": [block(CLIENT, SITE).replace("\x21", "\x20")],
  "version 2, UNSPEC": [`${SIGNATURE}\x21\0\0\0`],
};

Deno.test("what a trusted proxy says of a client is believed, and nobody else hears it", async () => {
  await using backend = listening(HELLO, GET, H2C);
  await using proxy = await Proxy.start({ config: config(backend.port, NO_POOL) });
  let before = 0;
  for (const [what, [header, client]] of Object.entries(headers)) {
    for (const [protocol, text] of Object.entries({ tls: HELLO, http: GET, h2c: H2C })) {
      for (const pieces of [[header + text], header + text, [header, text]]) {
        const { said, logged, own } = await visit(proxy, proxy.ports.http, pieces);
        assertEquals(said, ANSWER, `${what}, ${protocol}`);
        assertEquals(backend.heard.slice(before), [text], `${what}, ${protocol}`);
        assertEquals(
          [logged.client, logged.protocol, logged.end],
          [client ?? own, protocol, "done"],
          what,
        );
        before++;
      }
    }
  }
});

Deno.test("a header stands before the first request of a connection only", async () => {
  await using backend = listening(GET);
  await using proxy = await Proxy.start({ config: config(backend.port) });
  using caller = await Caller.connect(proxy.ports.http);
  await caller.say(line(CLIENT, SITE) + GET + GET);
  await caller.hear(ANSWER + ANSWER);
  await caller.say(GET);
  await caller.hear(ANSWER);
  await caller.say(line(CLIENT, SITE) + GET);
  await caller.end();
  assertMatch(await caller.hearHead(), /^HTTP\/1\.1 400 /);
  await until("the access log", () => proxy.access.length === 4);
  assertEquals(
    proxy.access.map(({ client, end }) => `${client} ${end}`),
    [...Array(3).fill("192.0.2.7:56324 done"), "192.0.2.7:56324 malformed"],
  );
});

const broken: Record<string, string> = {
  "no header before a hello": HELLO,
  "no header before a request": GET,
  "no header before a preface": H2C,
  "an address that is none": "PROXY TCP4 192.0.2.256 198.51.100.1 1 2\r\n" + HELLO,
  "a family that is none": "PROXY UDP4 192.0.2.1 198.51.100.1 1 2\r\n" + HELLO,
  "a bare LF": "PROXY TCP4 192.0.2.1 198.51.100.1 1 2\n" + HELLO,
  "a line without an end": "PROXY UNKNOWN " + "x".repeat(200),
  "version 3": block(CLIENT, SITE).replace("\x21", "\x31") + HELLO,
  "datagrams": block(CLIENT, SITE).replace("\x11", "\x12") + HELLO,
  "too short for its addresses": `${SIGNATURE}\x21\x11\0\x04\x01\x02\x03\x04` + HELLO,
  "a TLV that is cut off": `${SIGNATURE}\x21\x11\0\x0e${"\x01".repeat(12)}\x02\x00` + HELLO,
  "a wrong checksum": block(CLIENT, SITE, [[3, "abcd"]]) + HELLO,
  "a block over 4096 bytes": `${SIGNATURE}\x21\x11\xff\xff`,
};

Deno.test("a trusted proxy that sends no header, or a broken one, is closed without a word", async () => {
  await using backend = listening(HELLO, GET, H2C);
  await using proxy = await Proxy.start({ config: config(backend.port, NO_POOL) });
  for (const [what, text] of Object.entries(broken)) {
    const { said, logged, own } = await visit(proxy, proxy.ports.http, [text]);
    assert(said === "" || said === "reset", `${what}: ${said}`);
    assertEquals([logged.client, logged.protocol, logged.end], [own, "unknown", "malformed"], what);
  }
  assertEquals(backend.accepted, 0);
  assertEquals(
    await proxy.metric('sniproxy_errors_total{error_type="malformed",protocol="unknown"}'),
    Object.keys(broken).length,
  );
});

Deno.test("a header takes of the time that a hello has", async () => {
  await using backend = listening(HELLO);
  const timeouts = "timeouts: { client_hello: 300ms }";
  await using proxy = await Proxy.start({ config: config(backend.port, timeouts) });
  const header = line(CLIENT, SITE);
  for (const text of ["", header.slice(0, 20), block(CLIENT, SITE).slice(0, 20), header]) {
    const lines = proxy.access.length;
    using conn = await connectTo(proxy.ports.http);
    await writeAll(conn, latin1(text));
    assertEquals(await lastWords(conn), "");
    await until("the access log", () => proxy.access.length > lines);
    const { end, rx } = proxy.access[lines];
    assertEquals([end, rx], ["too_slow", text.length]);
  }
});

Deno.test("a header of somebody else is not believed, and nobody else needs one", async () => {
  await using backend = listening(HELLO, GET, H2C);
  await using fallback = listening(HELLO);
  const otherwise = `fallback: { backends: ["127.0.0.1:${fallback.port}"] }`;
  await using proxy = await Proxy.start({ config: config(backend.port, NO_POOL) });
  for (const text of [HELLO, GET, H2C]) {
    const { said, logged, own } = await visit(proxy, proxy.ports.tls, [text]);
    assertEquals([said, logged.client, logged.end], [ANSWER, own, "done"]);
  }
  // A line looks like a request with a strange method; a block like nothing at all.
  const asRequest = await visit(proxy, proxy.ports.tls, [line(CLIENT, SITE) + HELLO]);
  assertMatch(asRequest.said, /^HTTP\/1\.1 400 /);
  assertEquals([asRequest.logged.client, asRequest.logged.end], [asRequest.own, "malformed"]);
  const text = block(CLIENT, SITE) + HELLO;
  const asNothing = await visit(proxy, proxy.ports.tls, [text]);
  assertEquals([asNothing.said, asNothing.logged.end], ["", "unknown_protocol"]);

  await proxy.rewrite(`${config(backend.port, NO_POOL)}${otherwise}\n`);
  proxy.signal("SIGHUP");
  const reloads = 'sniproxy_config_reloads_total{result="success"}';
  await until("the reload", async () => await proxy.metric(reloads) === 1);
  const { said, logged, own } = await visit(proxy, proxy.ports.tls, [text]);
  assertEquals([said, logged.client, logged.route], [ANSWER, own, "fallback"]);
  assertEquals([backend.heard, fallback.heard], [[HELLO, GET, H2C], [text]]);
});

e2eTest("an HAProxy in front says who its clients are", ["haproxy"], async () => {
  await using backend = listening(HELLO, GET, H2C);
  await using proxy = await Proxy.start({ config: config(backend.port, NO_POOL) });
  const [port] = freePorts(1);
  await using _haproxy = await startHaproxy(port, proxy.ports.http);
  const named = (): AccessLine[] => proxy.access.filter((each) => each.route === "app");
  for (const [index, text] of [HELLO, GET, H2C].entries()) {
    using conn = await connectTo(port);
    await writeAll(conn, latin1(text));
    await conn.closeWrite();
    assertEquals(await lastWords(conn), ANSWER);
    await until("the access log", () => named().length > index);
    assertEquals(named()[index].client, `127.0.0.1:${conn.localAddr.port}`);
  }
  // Its checks say LOCAL, and leave.
  await until("a check", () => proxy.access.some(({ end }) => end === "left"));
  assertEquals(proxy.access.filter(({ end }) => end !== "left" && end !== "done"), []);
  assertEquals(backend.heard, [HELLO, GET, H2C]);
});
