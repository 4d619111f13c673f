import { assert, assertEquals } from "@std/assert";
import type { Config } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/load.ts";
import { shareOf } from "../../src/workers/share.ts";

function load(more: string): Config {
  const loaded = parseConfig(`listen_addrs: ["127.0.0.1:80"]\n${more}`);
  assert(loaded.ok, JSON.stringify(loaded));
  return loaded.config;
}

/** What each of so many workers gets. */
function shares<T>(config: Config, count: number, of: (config: Config) => T): T[] {
  return Array.from({ length: count }, (_, index) => of(shareOf(config, index, count)));
}

Deno.test("the parts add up to the whole, and nobody is left without", () => {
  const config = load(`max_connections: 7
connection_pool: { max_per_host: 5, preconnect: 4 }
limits: { per_client: { connections: 3, connections_per_second: 2, burst: 5 } }
routes:
  - hosts: ["a.test"]
    backends: ["10.0.0.1:1"]
    max_connections: 2
    rate_limit: { connections_per_second: 9, burst: 4 }
    connection_pool: { max_per_host: 1 }
  - { hosts: ["b.test"], backends: ["10.0.0.1:1"] }
fallback: { backends: ["10.0.0.2:1"], max_connections: 10 }
`);
  assertEquals(shares(config, 3, (each) => each.maxConnections), [3, 2, 2]);
  assertEquals(shares(config, 3, (each) => each.pool.maxPerHost), [2, 2, 1]);
  assertEquals(shares(config, 3, (each) => each.pool.preconnect), [2, 1, 1]);
  assertEquals(shares(config, 3, (each) => each.routes[0].maxConnections), [1, 1, 1]);
  assertEquals(shares(config, 3, (each) => each.routes[0].rateLimit?.perSecond), [3, 3, 3]);
  assertEquals(shares(config, 3, (each) => each.routes[0].rateLimit?.burst), [2, 1, 1]);
  assertEquals(shares(config, 3, (each) => each.routes[0].pool?.maxPerHost), [1, 1, 1]);
  assertEquals(
    shares(config, 3, (each) => each.routes[1].maxConnections),
    Array(3).fill(undefined),
  );
  assertEquals(shares(config, 3, (each) => each.fallback?.maxConnections), [4, 3, 3]);
  const client = { connections: 1, connectionsPerSecond: 2 / 3, burst: 2 };
  assertEquals(shares(config, 3, (each) => each.clientLimits), [client, client, client]);
});

Deno.test("one worker has everything, and no limit stays none", () => {
  const config = load("");
  assertEquals(shareOf(config, 0, 1), config);
  assertEquals(shareOf(config, 3, 4).clientLimits, config.clientLimits);
  assertEquals(shareOf(config, 3, 4).pool.preconnect, "auto");
});

Deno.test("workers is a number of them, or one for each core", () => {
  assertEquals([load("").workers, load("workers: 3").workers], [1, 3]);
  assertEquals(load("workers: auto").workers, Math.min(64, navigator.hardwareConcurrency));
  for (const wrong of ["0", "65", "1.5", "many", "[1]"]) {
    const loaded = parseConfig(`listen_addrs: [":80"]\nworkers: ${wrong}`);
    assert(!loaded.ok, wrong);
    assertEquals(loaded.problems.map(({ path }) => path), ["workers"]);
  }
});

Deno.test("a configuration can be sent to a worker as it is", () => {
  const config = load(`dns: { hosts: { a.test: ["10.0.0.1"] } }
routes: [{ hosts: ["/^a[0-9]$/"], backends: ["a:1"], health_check: { type: http } }]`);
  assertEquals(structuredClone(config), config);
});
