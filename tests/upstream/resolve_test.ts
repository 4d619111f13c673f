import { assert, assertEquals } from "@std/assert";
import type { Dns } from "../../src/config/config.ts";
import { Resolver } from "../../src/upstream/resolve.ts";
import { soon } from "../e2e/harness.ts";
import { startDnsServer } from "./dns_server.ts";

const cache = { maxEntries: 10, ttl: 60_000, negativeTtl: 60_000, stale: 60_000 };
const hosts = new Map([
  ["known.example", ["192.0.2.1", "2001:db8::1"]],
  ["localhost", ["192.0.2.2"]],
]);

/** A configuration with one server at a port of this machine, or with none. */
function dns(port?: number, more: Partial<Dns> = {}): Dns {
  return {
    servers: port === undefined ? [] : [{ host: "127.0.0.1", port }],
    hosts,
    cache,
    ...more,
  };
}

Deno.test("a name in dns.hosts is looked up there and nowhere else, at once", () => {
  using resolver = new Resolver(dns());
  for (const name of ["known.example", "localhost"]) {
    assert(resolver.resolve(name) === hosts.get(name), name);
  }
  assertEquals(resolver.stats, { found: 0, absent: 0, pending: 0 });
});

Deno.test("an address is its own address, at once and always the same one", () => {
  using resolver = new Resolver(dns());
  const { resolve } = resolver;
  for (const ip of ["192.0.2.3", "2001:db8::3", "::"]) {
    assertEquals(resolve(ip), [ip]);
    assert(resolve(ip) === resolve(ip));
  }
  const first = resolve("192.0.2.3");
  resolver.configure(dns());
  assert(resolver.resolve("192.0.2.3") === first);
  for (let i = 0; i < 20_000; i++) resolve(`10.0.${i >> 8}.${i & 0xff}`);
  assertEquals(resolve("192.0.2.3"), ["192.0.2.3"]);
  assertEquals(resolver.stats, { found: 0, absent: 0, pending: 0 });
});

Deno.test("other names are asked of the system, with its hosts file", async () => {
  using resolver = new Resolver(dns(undefined, { hosts: new Map() }));
  const addresses = await resolver.resolve("localhost");
  assert(addresses.includes("127.0.0.1") || addresses.includes("::1"), addresses.join());
  assert(resolver.resolve("localhost") === addresses);
});

Deno.test("a name that does not exist has no address, and that is no error", async () => {
  using resolver = new Resolver(dns());
  assertEquals(await resolver.resolve("no-such-name.invalid"), []);
  assertEquals(resolver.resolve("no-such-name.invalid"), []);
});

Deno.test("where servers are named they are asked, once for each name", async () => {
  await using server = await startDnsServer(({ name }) =>
    name === "gone.example" ? { code: 3 } : { addresses: ["192.0.2.9", "2001:db8:0:0:0:0:0:9"] }
  );
  using resolver = new Resolver(dns(server.port));
  const { resolve } = resolver;
  const found = await soon("an answer", Promise.all([resolve("a.example"), resolve("a.example")]));
  assertEquals(found[0], ["2001:db8::9", "192.0.2.9"]);
  assert(found[1] === found[0] && resolve("a.example") === found[0]);
  assertEquals(await resolve("gone.example"), []);
  assertEquals(resolve("gone.example"), []);
  assertEquals(resolve("known.example"), hosts.get("known.example"));
  assertEquals(server.asked.toSorted(), [
    "A a.example udp",
    "A gone.example udp",
    "AAAA a.example udp",
    "AAAA gone.example udp",
  ]);
});

Deno.test("what is remembered survives another configuration, unless others are asked then", async () => {
  await using one = await startDnsServer(() => ({ addresses: ["192.0.2.1"] }));
  await using two = await startDnsServer(() => ({ addresses: ["192.0.2.2"] }));
  using resolver = new Resolver(dns(one.port));
  const old = resolver.resolve;
  const found = await old("a.example");
  resolver.configure(dns(one.port, { hosts: new Map([["b.example", ["192.0.2.3"]]]) }));
  assert(resolver.resolve("a.example") === found);
  assertEquals(resolver.resolve("b.example"), ["192.0.2.3"]);
  assertEquals(old("known.example"), hosts.get("known.example"), "sessions keep their hosts");
  assertEquals(await old("b.example"), ["192.0.2.1"]);
  resolver.configure(dns(two.port));
  assertEquals(await soon("an answer", Promise.resolve(resolver.resolve("a.example"))), [
    "192.0.2.2",
  ]);
  assertEquals(one.asked.length, 4);
});

Deno.test("disposing frees whoever waits for a server that is silent", async () => {
  await using server = await startDnsServer(() => undefined);
  const resolver = new Resolver(dns(server.port));
  const waiting = Promise.resolve(resolver.resolve("a.example"));
  resolver[Symbol.dispose]();
  assertEquals(await soon("the end", waiting), []);
});
