import { assertEquals, assertGreaterOrEqual, assertMatch } from "@std/assert";
import { writeAll } from "../relay/sockets.ts";
import { latin1 } from "../sniff/hex.ts";
import { type AccessLine, Proxy, until } from "./harness.ts";
import { close, connectTo, h2c, hello, lastWords, request } from "./peers.ts";
import { ANSWER, block, type End, line, listening } from "./proxy_headers.ts";
import { Caller } from "./raw_http.ts";

const SITE: End = { host: "198.51.100.1", port: 443 };
const SITE6: End = { host: "2001:db8:0:0:0:0:0:1", port: 443 };
const PORT = 56324;

function chars(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

const NAMES = ["app.test", "two.test"];
const HELLO = chars(hello("app.test"));
const GET = chars(request("app.test"));
const H2C = chars(h2c("app.test"));
const TEXTS = NAMES.flatMap((name) => [hello(name), request(name), h2c(name)].map(chars));

/** One route with limits and one without. */
function config(backend: number, more = "", route = ""): string {
  return `listen_addrs:
  - "127.0.0.1:$TLS"
  - { address: "127.0.0.1:$HTTP", proxy_protocol: true }
metrics: { address: "127.0.0.1:$METRICS" }
${more}
routes:
  - { name: app, hosts: ["app.test"], backends: ["127.0.0.1:${backend}"] ${route} }
  - { name: two, hosts: ["two.test"], backends: ["127.0.0.1:${backend}"] }
connection_pool: { preconnect: off }
`;
}

/** Has a client say something, end its side and listen. */
async function ask(port: number, text: string): Promise<string> {
  using conn = await connectTo(port);
  await writeAll(conn, latin1(text));
  await conn.closeWrite();
  return await lastWords(conn);
}

/** Connects and stays, once there is an answer. */
async function stay(port: number, text: string): Promise<Deno.TcpConn> {
  const conn = await connectTo(port);
  await writeAll(conn, latin1(text));
  const answer = new Uint8Array(ANSWER.length);
  for (let at = 0; at < answer.length;) {
    const count = await conn.read(answer.subarray(at));
    if (count === null) break;
    at += count;
  }
  if (chars(answer) === ANSWER) return conn;
  close(conn);
  throw new Error(`not served: ${chars(answer)}`);
}

/** Asks until there is an answer, as the proxy notices a little later that a client has left. */
async function eventually(port: number, text: string): Promise<void> {
  await until("an answer", async () => await ask(port, text) === ANSWER);
}

/** A header, and what follows it. */
function from(host: string, text: string): string {
  const client = { host, port: PORT };
  return (host.includes(":") ? block(client, SITE6) : line(client, SITE)) + text;
}

/** What is said to a client that is beyond a limit, in what it speaks. */
async function assertRefused(port: number, status: number, before = ""): Promise<void> {
  assertEquals(await ask(port, before + HELLO), "");
  const answer = await ask(port, before + GET);
  assertMatch(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
  assertMatch(answer, /^Retry-After: [1-9][0-9]*\r$/m);
  assertMatch(answer, /^Connection: close\r$/m);
  // An HTTP/2 answer: RFC 9113, 6.2 and 6.8. A GOAWAY is the last frame.
  assertMatch(await ask(port, before + H2C), new RegExp(`${status}[^]*\\0\\0\\x08\\x07`));
}

/** Waits for lines of the log. Returns how each of them ended. */
async function ends(proxy: Proxy, count: number): Promise<AccessLine["end"][]> {
  await until("the access log", () => proxy.access.length >= count);
  return proxy.access.map(({ end }) => end);
}

/** Waits for lines of the log that end in one way, and returns them. */
async function logged(proxy: Proxy, how: string, count: number): Promise<AccessLine[]> {
  const lines = (): AccessLine[] => proxy.access.filter(({ end }) => end === how);
  await until("the access log", () => lines().length >= count);
  return lines();
}

/** Errors by protocol, as the metrics have them. */
function errors(proxy: Proxy, reason: string): Promise<number[]> {
  return Promise.all(
    ["tls", "http", "h2c"].map((protocol) =>
      proxy.metric(`sniproxy_errors_total{error_type="${reason}",protocol="${protocol}"}`)
    ),
  );
}

Deno.test("a route with max_connections serves so many, and others as soon as those leave", async () => {
  await using backend = listening(...TEXTS);
  await using proxy = await Proxy.start({
    config: config(backend.port, "", ", max_connections: 2"),
  });
  const { tls } = proxy.ports;
  using first = await stay(tls, HELLO);
  // Between two requests it is still a connection to the route.
  using _second = await stay(tls, GET);
  await assertRefused(tls, 503);
  for (const text of TEXTS.slice(3)) assertEquals(await ask(tls, text), ANSWER);
  assertEquals(await errors(proxy, "connection_limit"), [1, 1, 1]);
  const refused = await logged(proxy, "connection_limit", 3);
  assertEquals(refused.map(({ route }) => route), ["app", "app", "app"]);
  close(first);
  for (let i = 0; i < 5; i++) await eventually(tls, HELLO);
});

Deno.test("a keep-alive connection counts once, for each route that it asks", async () => {
  await using backend = listening(...TEXTS);
  await using proxy = await Proxy.start({
    config: config(
      backend.port,
      "",
      ", max_connections: 1, rate_limit: { connections_per_second: 1, burst: 1 }",
    ),
  });
  const { tls } = proxy.ports;
  const other = chars(request("two.test"));
  using conn = await stay(tls, other);
  await writeAll(conn, latin1(GET + other + GET + GET));
  await conn.closeWrite();
  assertEquals(await lastWords(conn), ANSWER.repeat(4));
});

Deno.test("a route with rate_limit serves a burst, and then so many a second", async () => {
  await using backend = listening(...TEXTS);
  const limit = (perSecond: number): string =>
    config(backend.port, "", `, rate_limit: { connections_per_second: ${perSecond}, burst: 3 }`);
  // No token comes while this one is looked at; the other one has to wait for most of its own.
  await using slow = await Proxy.start({ config: limit(0.001) });
  for (const text of [HELLO, GET, H2C]) assertEquals(await ask(slow.ports.tls, text), ANSWER);
  await assertRefused(slow.ports.tls, 429);
  for (const text of TEXTS.slice(3)) assertEquals(await ask(slow.ports.tls, text), ANSWER);
  assertEquals(await errors(slow, "rate_limit"), [1, 1, 1]);
  const limited = (await ends(slow, 9)).slice(3, 6);
  assertEquals(limited, Array(3).fill("rate_limit"));

  await using fast = await Proxy.start({ config: limit(10) });
  for (let served = 0; served < 10; served++) await eventually(fast.ports.tls, HELLO);
  const refused = (await ends(fast, 11)).filter((end) => end === "rate_limit");
  assertGreaterOrEqual(refused.length, 1);
});

Deno.test("a client with as many connections as it may have gets no more, and others do", async () => {
  await using backend = listening(...TEXTS);
  const more = "limits: { per_client: { connections: 2 } }";
  await using proxy = await Proxy.start({ config: config(backend.port, more) });
  const { http, tls } = proxy.ports;
  using first = await stay(http, from("192.0.2.1", HELLO));
  using _second = await stay(http, from("192.0.2.1", chars(request("two.test"))));
  await assertRefused(http, 503, from("192.0.2.1", ""));
  // The same address, as IPv6 spells it.
  await assertRefused(http, 503, from("0:0:0:0:0:ffff:c000:201", ""));
  assertEquals(await errors(proxy, "connection_limit"), [2, 2, 2]);
  assertEquals(await ask(http, from("192.0.2.2", HELLO)), ANSWER);
  assertEquals(await ask(tls, HELLO), ANSWER);
  const refused = await logged(proxy, "connection_limit", 6);
  assertEquals(new Set(refused.map(({ client }) => client)), new Set([`192.0.2.1:${PORT}`]));
  close(first);
  for (let i = 0; i < 5; i++) await eventually(http, from("192.0.2.1", HELLO));
});

Deno.test("an IPv6 client is its /64", async () => {
  await using backend = listening(...TEXTS);
  const more = "limits: { per_client: { connections: 1 } }";
  await using proxy = await Proxy.start({ config: config(backend.port, more) });
  const { http } = proxy.ports;
  using first = await stay(http, from("2001:db8:0:7:0:0:0:1", HELLO));
  assertEquals(await ask(http, from("2001:db8:0:7:ffff:ffff:ffff:ffff", HELLO)), "");
  assertEquals(await ask(http, from("2001:db8:0:8:0:0:0:1", HELLO)), ANSWER);
  close(first);
  await eventually(http, from("2001:db8:0:7:0:0:0:2", HELLO));
});

Deno.test("a client that connects too often waits, and others don't", async () => {
  await using backend = listening(...TEXTS);
  const more = "limits: { per_client: { connections_per_second: 0.001, burst: 3 } }";
  await using proxy = await Proxy.start({ config: config(backend.port, more) });
  const { http } = proxy.ports;
  for (const client of ["192.0.2.1", "192.0.2.2", "2001:db8:0:7:0:0:0:1"]) {
    for (const text of [HELLO, GET, H2C]) assertEquals(await ask(http, from(client, text)), ANSWER);
    await assertRefused(http, 429, from(client, ""));
  }
  assertEquals(await ask(http, from("2001:db8:0:7:0:0:0:2", HELLO)), "");
  assertEquals(await errors(proxy, "rate_limit"), [4, 3, 3]);
  assertEquals((await ends(proxy, 19)).filter((end) => end === "rate_limit").length, 10);
});

Deno.test("a client that is beyond its limit and says nothing is closed soon", async () => {
  await using backend = listening(...TEXTS);
  const more = `limits: { per_client: { connections: 1 } }
timeouts: { client_hello: 60 }`;
  await using proxy = await Proxy.start({ config: config(backend.port, more) });
  const { tls } = proxy.ports;
  using _first = await stay(tls, HELLO);
  using silent = await connectTo(tls);
  assertEquals(await lastWords(silent), "");
  assertEquals(await ends(proxy, 1), ["connection_limit"]);
});

Deno.test("a client that was refused takes nobody's place", async () => {
  await using backend = listening(GET);
  await using proxy = await Proxy.start({
    config: `listen_addrs: ["127.0.0.1:$HTTP"]
metrics: { address: "127.0.0.1:$METRICS" }
limits: { per_client: { connections: 1 } }
routes: [{ hosts: [app.test], backends: ["127.0.0.1:${backend.port}"] }]
`,
  });
  const first = await connectTo(proxy.ports.http);
  await writeAll(first, latin1(GET));
  await first.read(new Uint8Array(99));
  using refused = await Caller.connect(proxy.ports.http);
  await refused.say(GET);
  assertEquals((await refused.hearHead()).slice(9, 12), "503");
  close(first);
  await until(
    "the first to have left",
    async () => await proxy.metric("sniproxy_connections_active") <= 1,
  );
  using conn = await connectTo(proxy.ports.http);
  await writeAll(conn, latin1(GET));
  await conn.closeWrite();
  assertEquals(await lastWords(conn), ANSWER);
});
