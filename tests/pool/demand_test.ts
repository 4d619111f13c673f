import { assert, assertEquals } from "@std/assert";
import { Demand } from "../../src/pool/demand.ts";
import { Lifetime } from "../../src/pool/lifetime.ts";

Deno.test("nothing is expected before the first client, and after five quiet seconds", () => {
  const demand = new Demand();
  assertEquals(demand.level(0), 0);
  demand.arrived(1_000, false);
  assert(demand.level(1_000) > 0);
  assert(demand.level(6_000) > 0);
  assertEquals(demand.level(6_001), 0);
});

Deno.test("the level is what arrives while connecting, twice, and a margin", () => {
  for (
    const [gap, connectMs, least, most] of [
      [1_000, 20, 2, 3],
      [10, 1, 2, 3],
      [10, 20, 5, 7],
      [10, 100, 20, 24],
      [1, 20, 40, 44],
    ] as const
  ) {
    const demand = new Demand();
    demand.connected(connectMs);
    let now = 0;
    for (; now < 20_000; now += gap) demand.arrived(now, true);
    const level = demand.level(now - gap);
    assert(level >= least && level <= most, `every ${gap} ms, ${connectMs} ms: ${level}`);
  }
});

Deno.test("the connect time is the recent median", () => {
  const demand = new Demand();
  assertEquals(demand.connectMs, 0);
  for (const ms of [5, 1, 1_000]) demand.connected(ms);
  assertEquals(demand.connectMs, 5);
  for (let i = 0; i < 20; i++) demand.connected(7);
  assertEquals(demand.connectMs, 7);
});

Deno.test("a miss raises the margin by one, and one that is not needed shrinks", () => {
  const demand = new Demand();
  for (let i = 0; i < 5; i++) demand.arrived(0, false);
  const level = demand.level(0);
  demand.relax(500, 3);
  assertEquals(demand.level(0), level, "not so soon");
  demand.relax(1_000, 0);
  assertEquals(demand.level(0), level, "not while it is needed");
  demand.relax(1_000, 1);
  assertEquals(demand.level(0), level - 1);
});

Deno.test("a backend's habit is the oldest of what it has closed lately, less a part", () => {
  const lifetime = new Lifetime();
  assertEquals(lifetime.limit(0), Infinity);
  lifetime.closed(300, 0);
  lifetime.closed(1_000, 0);
  lifetime.closed(20, 0);
  assertEquals(lifetime.limit(0), 700);
});

Deno.test("a limit grows back, for it may have been a restart", () => {
  const lifetime = new Lifetime();
  lifetime.closed(100, 0);
  assert(lifetime.limit(60_000) > 1_000);
  for (let i = 0; i < 8; i++) lifetime.closed(5_000, 60_000);
  assertEquals(lifetime.limit(60_000), 3_500);
});
