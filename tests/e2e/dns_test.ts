import { assertEquals, assertMatch } from "@std/assert";
import { writeAll } from "../relay/sockets.ts";
import { latin1 } from "../sniff/hex.ts";
import { type DnsServer, type Reply, startDnsServer } from "../upstream/dns_server.ts";
import { Proxy, until } from "./harness.ts";
import { connectTo, hello, lastWords, request } from "./peers.ts";
import { ANSWER, listening } from "./proxy_headers.ts";

function chars(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

const HELLO = chars(hello("www.test"));
const GET = chars(request("www.test"));
/** RFC 8446, 6: fatal, internal_error and unrecognized_name. */
const INTERNAL_ERROR = "\x15\x03\x01\x00\x02\x02\x50";
const UNRECOGNIZED_NAME = "\x15\x03\x01\x00\x02\x02\x70";

const HERE: Reply = { addresses: ["127.0.0.1"] };
/** Where nobody listens on the backend's port. */
const ELSEWHERE: Reply = { addresses: ["127.0.0.2"] };
const NXDOMAIN: Reply = { code: 3 };
const SERVFAIL: Reply = { code: 2 };

/** A configuration that forwards names to themselves. */
function forwarding(servers: number[], backend: number, cache = "", more = ""): string {
  return `listen_addrs: ["127.0.0.1:$HTTP"]
metrics: { address: "127.0.0.1:$METRICS" }
forward: { ports: { tls: ${backend}, http: ${backend} }, deny_networks: [] }
connection_pool: { enabled: false }
dns:
  servers: [${servers.map((port) => `"127.0.0.1:${port}"`).join(", ")}]
  cache: { ${cache} }
${more}
`;
}

/** Has a client say something, end its side and listen. */
async function ask(proxy: Proxy, text: string): Promise<string> {
  using conn = await connectTo(proxy.ports.http);
  await writeAll(conn, latin1(text));
  await conn.closeWrite();
  return await lastWords(conn);
}

/** How the last connection ended, once the log has so many. */
async function end(proxy: Proxy, count: number): Promise<unknown> {
  await until("the access log", () => proxy.access.length === count);
  return proxy.access[count - 1].end;
}

/** A server, and how many lookups have reached it: each comes from a port of its own, and may repeat itself. */
async function counting(reply: () => Reply): Promise<{ dns: DnsServer; lookups: Set<number> }> {
  const lookups = new Set<number>();
  const dns = await startDnsServer(({ port }) => {
    lookups.add(port);
    return reply();
  });
  return { dns, lookups };
}

Deno.test("a forwarded name is asked for once, however many clients come", async () => {
  const SHOUTED = chars(hello("WWW.Test."));
  await using backend = listening(HELLO, GET, SHOUTED);
  const { dns, lookups } = await counting(() => HERE);
  await using _dns = dns;
  await using proxy = await Proxy.start({ config: forwarding([dns.port], backend.port) });
  const first = await Promise.all([HELLO, GET, HELLO, GET].map((text) => ask(proxy, text)));
  assertEquals(first, Array(4).fill(ANSWER));
  for (const text of [HELLO, GET, SHOUTED, HELLO]) assertEquals(await ask(proxy, text), ANSWER);
  assertEquals(lookups.size, 1);
  assertEquals(new Set(dns.asked), new Set(["A www.test udp", "AAAA www.test udp"]));
});

Deno.test("a server that falls silent keeps nobody waiting for a name that is known", async () => {
  await using backend = listening(HELLO, GET);
  let reply: Reply | undefined = HERE;
  await using dns = await startDnsServer(() => reply);
  // Whoever waited for the server would be told so.
  const more = "timeouts: { connect: 1 }";
  const text = forwarding([dns.port], backend.port, "ttl: 100ms, negative_ttl: 100ms", more);
  await using proxy = await Proxy.start({ config: text });
  assertEquals(await ask(proxy, HELLO), ANSWER);
  reply = undefined;
  const before = dns.asked.length;
  const unanswered = (count: number) => async (): Promise<boolean> => {
    assertEquals(await ask(proxy, HELLO), ANSWER);
    assertEquals(await ask(proxy, GET), ANSWER);
    return dns.asked.length >= before + count;
  };
  await until("some questions without an answer", unanswered(4));
  assertEquals(proxy.access.filter((line) => line.end !== "done"), []);
  // Names that nobody knows have to wait.
  assertEquals(await ask(proxy, chars(hello("new.test"))), INTERNAL_ERROR);
  assertMatch(await ask(proxy, chars(request("newer.test"))), /^HTTP\/1\.1 504 /);
  const unresolved = (): unknown[] => proxy.access.filter((line) => line.end === "backend_timeout");
  await until("the access log", () => unresolved().length === 2);
});

Deno.test("a name that does not exist is refused, and asked for again only later", async () => {
  await using backend = listening(HELLO, GET);
  for (const missing of [NXDOMAIN, SERVFAIL, {}]) {
    for (const later of [false, true]) {
      let reply: Reply = missing;
      const { dns, lookups } = await counting(() => reply);
      await using _dns = dns;
      const cache = later ? "negative_ttl: 100ms" : "negative_ttl: 60";
      await using proxy = await Proxy.start({
        config: forwarding([dns.port], backend.port, cache),
      });
      assertEquals(await ask(proxy, HELLO), INTERNAL_ERROR);
      assertEquals(await end(proxy, 1), "backend_unresolved");
      assertMatch(await ask(proxy, GET), /^HTTP\/1\.1 502 /);
      assertEquals(await end(proxy, 2), "backend_unresolved");
      if (!later) assertEquals(lookups.size, 1);
      reply = HERE;
      if (later) await until("an address", async () => await ask(proxy, HELLO) === ANSWER);
    }
  }
});

Deno.test("dns.hosts comes before dns.servers, and the denied networks behind both", async () => {
  await using backend = listening(HELLO, GET);
  await using dns = await startDnsServer(() => HERE);
  const hosts = `  hosts: { "www.test": ["127.0.0.1"] }`;
  const text = forwarding([dns.port], backend.port, "", hosts);
  await using proxy = await Proxy.start({ config: text });
  assertEquals(await ask(proxy, HELLO), ANSWER);
  assertEquals(dns.asked, []);
  const denying = forwarding([dns.port], backend.port).replace("deny_networks: []", "");
  await using guarded = await Proxy.start({ config: denying });
  assertEquals(await ask(guarded, HELLO), UNRECOGNIZED_NAME);
  assertEquals(await end(guarded, 1), "denied_network");
  assertMatch(await ask(guarded, GET), /^HTTP\/1\.1 403 /);
});

Deno.test("a server that is silent is passed over, and a long answer comes over TCP", async () => {
  await using backend = listening(HELLO, GET);
  await using silent = await startDnsServer(() => undefined);
  await using dns = await startDnsServer(({ over }) =>
    over === "udp" ? { truncated: true } : { ...HERE, aliases: ["cdn.test"] }
  );
  const text = forwarding([silent.port, dns.port], backend.port);
  await using proxy = await Proxy.start({ config: text });
  assertEquals(await ask(proxy, HELLO), ANSWER);
  assertEquals(await ask(proxy, GET), ANSWER);
  assertEquals(dns.asked.filter((each) => each.endsWith("tcp")).length, 2);
});

Deno.test("other servers are asked after a reload, about names that are known, too", async () => {
  await using backend = listening(HELLO, GET);
  const before = await counting(() => HERE);
  await using _before = before.dns;
  const after = await counting(() => ELSEWHERE);
  await using _after = after.dns;
  await using proxy = await Proxy.start({ config: forwarding([before.dns.port], backend.port) });
  assertEquals(await ask(proxy, HELLO), ANSWER);
  await proxy.rewrite(forwarding([after.dns.port], backend.port));
  proxy.signal("SIGHUP");
  const reloads = 'sniproxy_config_reloads_total{result="success"}';
  await until("the reload", async () => await proxy.metric(reloads) === 1);
  assertEquals(await ask(proxy, HELLO), INTERNAL_ERROR);
  assertEquals(await end(proxy, 2), "backend_refused");
  assertEquals([before.lookups.size, after.lookups.size], [1, 1]);
});

for (const preconnect of ["off", "auto", "2"]) {
  Deno.test(`a backend that has a name moves with it, with preconnect: ${preconnect}`, async () => {
    await using backend = listening(HELLO, GET);
    let reply: Reply = HERE;
    await using dns = await startDnsServer(() => reply);
    await using proxy = await Proxy.start({
      config: `listen_addrs: ["127.0.0.1:$HTTP"]
metrics: { address: "127.0.0.1:$METRICS" }
routes: [{ name: www, hosts: ["www.test"], backends: ["app.internal:${backend.port}"] }]
dns: { servers: ["127.0.0.1:${dns.port}"], cache: { ttl: 300ms, negative_ttl: 300ms } }
connection_pool: { preconnect: ${preconnect} }
`,
    });
    assertEquals(await ask(proxy, HELLO), ANSWER);
    assertEquals(await ask(proxy, GET), ANSWER);
    assertEquals(new Set(dns.asked), new Set(["A app.internal udp", "AAAA app.internal udp"]));
    for (
      const [moved, tls, http] of [
        [ELSEWHERE, INTERNAL_ERROR, /^HTTP\/1\.1 502 /],
        [HERE, ANSWER, /^HTTP\/1\.1 200 /],
        [NXDOMAIN, INTERNAL_ERROR, /^HTTP\/1\.1 502 /],
        [HERE, ANSWER, /^HTTP\/1\.1 200 /],
      ] as const
    ) {
      reply = moved;
      await until("the change to be noticed", async () => await ask(proxy, HELLO) === tls);
      // Neither a warm socket nor one that has served is left over.
      for (let i = 0; i < 5; i++) {
        assertMatch(await ask(proxy, GET), http);
        assertEquals(await ask(proxy, HELLO), tls);
      }
    }
    const reasons = new Set(proxy.access.map((line) => line.end));
    assertEquals(reasons, new Set(["done", "backend_refused", "backend_unresolved"]));
  });
}
