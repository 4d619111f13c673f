import { assert, assertEquals } from "@std/assert";
import { Pools } from "../../src/pool/pools.ts";
import type { PoolSettings } from "../../src/pool/pool.ts";
import { FakeBackend, settle } from "./fake_backend.ts";

const SETTINGS: PoolSettings = {
  maxPerHost: 3,
  connectionTtl: 60_000,
  idleTimeout: 30_000,
  preconnect: "off",
};

function make(): { backend: FakeBackend; pools: Pools; dialled: string[]; evicted: string[] } {
  const backend = new FakeBackend();
  const dialled: string[] = [];
  const evicted: string[] = [];
  const pools = new Pools({
    dial: (route, address): Promise<Deno.TcpConn> => {
      dialled.push(`${route} ${address}`);
      return backend.dial();
    },
    evicted: (route, reason) => void evicted.push(`${route} ${reason}`),
  });
  return { backend, pools, dialled, evicted };
}

function give(pools: Pools, backend: FakeBackend, route: string, address: string): void {
  const connection = { conn: backend.open().conn, connectedAt: performance.now() };
  pools.of(route, address, SETTINGS).give(connection);
}

Deno.test("each backend of each route has a pool of its own", () => {
  const { backend, pools } = make();
  give(pools, backend, "a", "10.0.0.1:80");
  give(pools, backend, "a", "10.0.0.1:80");
  give(pools, backend, "a", "10.0.0.2:80");
  give(pools, backend, "b", "10.0.0.1:80");
  assertEquals(pools.of("a", "10.0.0.1:80", SETTINGS).stats.idle, 2);
  assertEquals(pools.of("b", "10.0.0.2:80", SETTINGS).stats.idle, 0);
  assertEquals(Object.fromEntries(pools.sizes), { a: 3, b: 1 });
  assertEquals(
    pools.levels.map(({ route, backend, idle, warm }) => [route, backend, idle, warm]),
    [["a", "10.0.0.1:80", 2, 0], ["a", "10.0.0.2:80", 1, 0], ["b", "10.0.0.1:80", 1, 0], [
      "b",
      "10.0.0.2:80",
      0,
      0,
    ]],
  );
  pools.drain();
  assertEquals(backend.openCount, 0);
});

Deno.test("a pool that nobody uses is forgotten, one that holds something is not", () => {
  const { backend, pools } = make();
  const empty = pools.of("a", "10.0.0.1:80", SETTINGS);
  give(pools, backend, "a", "10.0.0.2:80");
  const used = pools.of("a", "10.0.0.2:80", SETTINGS);
  pools.sweep();
  assert(pools.of("a", "10.0.0.1:80", SETTINGS) !== empty);
  assert(pools.of("a", "10.0.0.2:80", SETTINGS) === used);
  pools.drain();
});

Deno.test("a reload drains what is gone and keeps what stays", () => {
  const { backend, pools, evicted } = make();
  give(pools, backend, "stays", "10.0.0.1:80");
  give(pools, backend, "goes", "10.0.0.1:80");
  pools.configure((route) => route === "stays" ? SETTINGS : undefined);
  assertEquals(evicted, ["goes reload"]);
  assertEquals(Object.fromEntries(pools.sizes), { stays: 1 });
  pools.drain();
  assertEquals(evicted, ["goes reload", "stays shutdown"]);
});

Deno.test("warm sockets are dialled for their route and backend", async () => {
  const { pools, dialled, backend } = make();
  pools.of("a", "10.0.0.1:443", { ...SETTINGS, preconnect: 1 }).warm();
  await settle();
  assertEquals(dialled, ["a 10.0.0.1:443"]);
  pools.flush();
  assertEquals(backend.openCount, 0);
});

Deno.test("nothing is kept once everything is drained", () => {
  const { backend, pools } = make();
  pools.drain();
  give(pools, backend, "a", "10.0.0.1:80");
  assertEquals(backend.openCount, 0);
});
