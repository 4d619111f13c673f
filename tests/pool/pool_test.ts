import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { Pool, type PoolSettings } from "../../src/pool/pool.ts";
import { generator } from "../sniff/random.ts";
import { FakeBackend, type FakeConn, settle } from "./fake_backend.ts";

const SETTINGS: PoolSettings = {
  maxPerHost: 3,
  connectionTtl: 60_000,
  idleTimeout: 30_000,
  preconnect: "off",
};

function make(settings: Partial<PoolSettings> = {}): { backend: FakeBackend; pool: Pool } {
  const backend = new FakeBackend();
  return { backend, pool: new Pool({ ...SETTINGS, ...settings }, backend) };
}

function give(pool: Pool, fake: FakeConn): void {
  pool.give({ conn: fake.conn, connectedAt: fake.connectedAt });
}

Deno.test("the socket used last is taken first", () => {
  const { backend, pool } = make();
  const [a, b, c] = [backend.open(), backend.open(), backend.open()];
  for (const each of [a, b, c]) give(pool, each);
  assertEquals(pool.stats, { idle: 3, warm: 0, dialling: 0 });
  assert(pool.take()?.conn === c.conn);
  assert(pool.take()?.conn === b.conn);
  give(pool, c);
  assert(pool.take()?.conn === c.conn);
  assert(pool.take()?.conn === a.conn);
  assertEquals(pool.take(), undefined);
  assertEquals(backend.evictions, []);
});

Deno.test("what is too old is never handed out, swept or not", () => {
  for (const sweep of [true, false]) {
    for (
      const [settings, ages, reason] of [
        [{ connectionTtl: 1_000 }, [0, 999, 1_000], "ttl"],
        [{ idleTimeout: 1_000 }, [0, 999, 1_000], "idle"],
      ] as const
    ) {
      for (const age of ages) {
        const { backend, pool } = make(settings);
        give(pool, backend.open());
        backend.time = age;
        if (sweep) pool.sweep();
        const there = age < 1_000;
        assertEquals(pool.take() !== undefined, there);
        assertEquals(backend.evictions, there ? [] : [reason]);
        assertEquals(backend.openCount, there ? 1 : 0);
      }
    }
  }
});

Deno.test("a socket that is too old is not taken in", () => {
  const { backend, pool } = make();
  const old = backend.open();
  backend.time = 60_000;
  give(pool, old);
  assertEquals([old.closed, backend.evictions], [true, ["ttl"]]);
});

Deno.test("when there are too many the oldest goes", () => {
  const { backend, pool } = make();
  const all = Array.from({ length: 5 }, () => backend.open());
  for (const each of all) give(pool, each);
  assertEquals(all.map((each) => each.closed), [true, true, false, false, false]);
  assertEquals(backend.evictions, ["full", "full"]);
});

Deno.test("a socket whose backend hangs up or speaks is closed, and never handed on", async () => {
  for (const [count, reason] of [[null, "closed_by_backend"], [5, "unexpected_data"]] as const) {
    const { backend, pool } = make();
    const [a, b] = [backend.open(), backend.open()];
    give(pool, a);
    give(pool, b);
    b.does(count);
    await settle();
    assertEquals([b.closed, backend.evictions], [true, [reason]]);
    assert(pool.take()?.conn === a.conn);
    assertEquals(pool.take(), undefined);
  }
});

Deno.test("what happens to a socket that was taken is its taker's business", async () => {
  const { backend, pool } = make();
  const a = backend.open();
  give(pool, a);
  const held = pool.take();
  a.does(7);
  await settle();
  assertEquals(await held?.ahead.read, 7);
  assertEquals([a.closed, backend.evictions], [false, []]);
});

Deno.test("a drained pool holds nothing, now or later", async () => {
  const { backend, pool } = make({ preconnect: 2 });
  pool.warm();
  await settle();
  give(pool, backend.open());
  const late = backend.open();
  pool.drain("shutdown");
  give(pool, late);
  pool.warm();
  await settle();
  assertEquals(backend.openCount, 0);
  assertEquals(backend.evictions, Array(4).fill("shutdown"));
  assert(pool.empty);
});

Deno.test("other settings hold at once", async () => {
  const { backend, pool } = make({ preconnect: 3 });
  pool.warm();
  await settle();
  assertEquals(pool.stats.warm, 3);
  pool.configure({ ...SETTINGS, maxPerHost: 2, preconnect: 2 });
  assertEquals([pool.stats.warm, backend.evictions], [2, ["reload"]]);
  pool.configure({ ...SETTINGS, preconnect: "off" });
  assertEquals([pool.stats.warm, backend.openCount], [0, 0]);
});

Deno.test("a fixed number of warm ones is there before anybody asks, and again after", async () => {
  const { backend, pool } = make({ preconnect: 2 });
  pool.warm();
  await settle();
  assertEquals(pool.stats.warm, 2);
  const held = pool.takeWarm();
  assert(held !== undefined);
  await settle();
  assertEquals([pool.stats.warm, backend.dials], [2, 3]);
});

Deno.test("warm ones follow demand, and are gone after a quiet spell", async () => {
  const { backend, pool } = make({ preconnect: "auto", maxPerHost: 100 });
  assertEquals(pool.takeWarm(), undefined);
  await settle();
  const early = pool.stats.warm;
  assert(early >= 1, "the next one finds one");
  let hits = 0;
  for (let i = 0; i < 1_000; i++) {
    backend.time += 10;
    const held = pool.takeWarm();
    if (held !== undefined) {
      hits++;
      held.conn.close();
    }
    await settle();
  }
  assert(hits >= 990, `${hits} of 1000`);
  backend.time += 5_001;
  pool.sweep();
  await settle();
  assertEquals(pool.stats, { idle: 0, warm: 0, dialling: 0 });
  assertEquals(backend.openCount, 0);
  assert(pool.empty);
});

Deno.test("bursts teach a margin, which shrinks when nobody needs it", async () => {
  const { backend, pool } = make({ preconnect: "auto", maxPerHost: 100 });
  const burst = async (): Promise<number> => {
    let hits = 0;
    for (let i = 0; i < 10; i++) {
      const held = pool.takeWarm();
      if (held === undefined) continue;
      hits++;
      held.conn.close();
    }
    await settle();
    backend.time += 500;
    return hits;
  };
  assertEquals(await burst(), 0);
  assertEquals(await burst(), 10);
  const level = pool.stats.warm;
  for (let i = 0; i < 60; i++) {
    backend.time += 1_000;
    pool.takeWarm()?.conn.close();
    pool.sweep();
    await settle();
  }
  assert(pool.stats.warm < level, `${pool.stats.warm} after ${level}`);
});

Deno.test("idle and warm ones together are bounded", async () => {
  const { backend, pool } = make({ preconnect: 10 });
  pool.warm();
  await settle();
  assertEquals([pool.stats.warm, backend.dials], [3, 3]);
  give(pool, backend.open());
  assertEquals(pool.stats, { idle: 1, warm: 2, dialling: 0 });
});

Deno.test("a backend that is down is tried one at a time, with pauses that grow", async () => {
  const { backend, pool } = make({ preconnect: 3 });
  backend.down = true;
  const tries: number[] = [];
  for (; backend.time < 120_000; backend.time += 50) {
    const before = backend.dials;
    pool.warm();
    await settle();
    if (backend.dials > before) tries.push(backend.time);
    assertLessOrEqual(backend.dials - before, backend.time === 0 ? 3 : 1);
  }
  const pauses = tries.slice(1).map((time, i) => time - tries[i]);
  assert(tries.length < 15, `${tries.length} tries: ${pauses}`);
  for (let i = 1; i < pauses.length; i++) assert(pauses[i] >= pauses[i - 1], String(pauses));
  backend.down = false;
  backend.time += 30_000;
  pool.warm();
  await settle();
  assertEquals(pool.stats.warm, 3);
});

for (const [name, count] of [["hangs up at once", null], ["speaks first", 20]] as const) {
  Deno.test(`a backend that ${name} is not hammered`, async () => {
    const { backend, pool } = make({ preconnect: 2 });
    for (; backend.time < 60_000; backend.time += 50) {
      pool.warm();
      await settle();
      for (const each of backend.opened) if (!each.closed) each.does(count);
      await settle();
    }
    assert(backend.dials < 20, `${backend.dials} dials in a minute`);
  });
}

Deno.test("a backend that closes silent sockets early teaches how long they live", async () => {
  const { backend, pool } = make({ preconnect: 1 });
  pool.warm();
  await settle();
  backend.time = 1_000;
  backend.opened[0].does(null);
  await settle();
  assertEquals(backend.evictions, ["closed_by_backend"]);
  // The next one is of use for less than that, and replaced in time.
  backend.time = 1_000 + 800;
  assertEquals(pool.takeWarm(), undefined);
  assertEquals(backend.evictions, ["closed_by_backend", "idle"]);
  await settle();
  backend.time += 500;
  assert(pool.takeWarm() !== undefined);
});

Deno.test("no socket is ever lost or closed twice, whatever happens", async () => {
  const next = generator(3);
  for (let round = 0; round < 300; round++) {
    const { backend, pool } = make({
      preconnect: (["off", "auto", 2] as const)[next(3)],
      maxPerHost: next(6) + 1,
      connectionTtl: 5_000,
      idleTimeout: 2_000,
    });
    const active: FakeConn[] = [];
    const fakeOf = (conn: Deno.TcpConn): FakeConn => conn as unknown as FakeConn;
    for (let step = 0; step < 100; step++) {
      const resting = backend.opened.filter((each) => !each.closed && !active.includes(each));
      switch (next(12)) {
        case 0:
        case 1: {
          const held = pool.take();
          active.push(held === undefined ? backend.open() : fakeOf(held.conn));
          break;
        }
        case 2:
        case 3: {
          const held = pool.takeWarm();
          active.push(held === undefined ? backend.open() : fakeOf(held.conn));
          break;
        }
        case 4:
        case 5:
        case 6: {
          const fake = active.pop();
          if (fake === undefined) break;
          if (next(4) === 0) fake.close();
          else give(pool, fake);
          break;
        }
        case 7:
          backend.time += next(1_500);
          break;
        case 8:
          pool.sweep();
          break;
        case 9:
          if (resting.length > 0) resting[next(resting.length)].does(next(2) === 0 ? null : 3);
          break;
        case 10:
          backend.down = next(2) === 0;
          break;
        default:
          if (next(10) === 0) pool.drain("shutdown");
          else pool.configure({ ...SETTINGS, maxPerHost: next(6) + 1, preconnect: next(4) });
      }
      if (next(3) > 0) await settle();
      const { idle, warm } = pool.stats;
      await settle();
      assertEquals(
        pool.stats.idle + pool.stats.warm + active.length,
        backend.openCount,
        `round ${round}, step ${step}: ${idle}+${warm}`,
      );
    }
    for (const each of active) each.close();
    pool.drain("shutdown");
    await settle();
    assertEquals(backend.openCount, 0);
    assertEquals(pool.stats, { idle: 0, warm: 0, dialling: 0 });
  }
});
