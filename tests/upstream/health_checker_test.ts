import { assert, assertEquals } from "@std/assert";
import type { Verdict } from "../../src/upstream/probe.ts";
import { endpoints, Fake } from "./fake_checker.ts";

const UP: Verdict = { kind: "up" };
const DOWN: Verdict = { kind: "down", reason: "refused" };
const UNKNOWN: Verdict = { kind: "unknown" };

Deno.test("it takes so many checks in a row to fall, and to rise", async () => {
  for (
    const [verdicts, states] of [
      [[UP, UP], "++"],
      [[DOWN, DOWN, DOWN, DOWN], "++--"],
      [[DOWN, DOWN, UP, DOWN, DOWN, DOWN], "+++++-"],
      [[DOWN, DOWN, UNKNOWN, DOWN], "+++-"],
      [[DOWN, DOWN, DOWN, UP, UP], "++--+"],
      [[DOWN, DOWN, DOWN, UP, DOWN, UP, UP], "++----+"],
      [[DOWN, DOWN, DOWN, UP, UNKNOWN, UP], "++---+"],
      [[UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN], "++++"],
    ] as const
  ) {
    using fake = new Fake();
    const [a] = endpoints(1);
    fake.configure([a]);
    let found = "";
    for (const verdict of verdicts) {
      fake.next();
      await fake.answer(verdict);
      found += a.up ? "+" : "-";
      assertEquals(a.reason, a.up ? undefined : "refused");
    }
    assertEquals(found, states, verdicts.map(({ kind }) => kind).join());
  }
});

Deno.test("a change is told once, with the reason of the last check", async () => {
  using fake = new Fake();
  const [a] = endpoints(1);
  fake.configure([a], { fall: 1, rise: 1 });
  for (const reason of ["one", "two"]) {
    fake.next();
    await fake.answer({ kind: "down", reason });
    assertEquals(a.reason, reason);
  }
  fake.next();
  await fake.answer(UP);
  assertEquals(fake.changes, ["192.0.2.0 one", "192.0.2.0 up"]);
});

Deno.test("checks come faster while it is down, or about to be", async () => {
  using fake = new Fake();
  fake.configure(endpoints(1));
  assertEquals(fake.next(), 500, "the first one within a second");
  for (
    const [verdict, pause] of [
      ...[[UP, 10_000], [UNKNOWN, 10_000], [DOWN, 1_000], [UNKNOWN, 1_000]],
      ...[[UP, 10_000], [DOWN, 1_000], [DOWN, 1_000], [DOWN, 1_000]],
      ...[[DOWN, 1_000], [UP, 1_000], [UP, 10_000]],
    ] as const
  ) {
    await fake.answer(verdict);
    assertEquals(fake.next(), pause, verdict.kind);
  }
});

Deno.test("pauses begin at the end of a check, and are a tenth longer or shorter", async () => {
  for (const [random, pause] of [[0, 9_000], [0.5, 10_000], [1, 11_000]]) {
    using fake = new Fake();
    fake.configure(endpoints(1));
    fake.next();
    assertEquals(fake.at(fake.now + 100_000).length, 1, "it is never asked twice at a time");
    fake.random = random;
    await fake.answer(UP);
    assertEquals(fake.next(), pause);
  }
});

Deno.test("the first checks are spread over a second, or the interval if that is less", () => {
  for (const [interval, random, first] of [[10_000, 1, 1_000], [10_000, 0, 50], [200, 1, 200]]) {
    using fake = new Fake();
    fake.random = random;
    fake.configure(endpoints(1), { interval });
    assertEquals(fake.next(), first);
  }
});

Deno.test("64 are asked at a time, and all have their turn, however slow the others are", async () => {
  using fake = new Fake();
  const list = endpoints(200);
  fake.configure(list);
  const asked = new Set<string>();
  for (let now = 1_000; now < 11_000; now += 2_000) {
    const hosts = fake.at(now);
    assertEquals(hosts.length, 64);
    for (const host of hosts) asked.add(host);
    await fake.answer(DOWN);
  }
  assertEquals(asked.size, 200);
});

Deno.test("another configuration keeps what is known of those that stay", async () => {
  using fake = new Fake();
  const [a, b, c] = endpoints(3);
  fake.configure([a, b], { fall: 1 });
  fake.next();
  await fake.answer(DOWN);
  fake.configure([a, c], { fall: 1 });
  assertEquals([a.up, a.reason], [false, "refused"]);
  assertEquals([b.up, b.reason], [true, undefined], "who is not checked counts as up");
  assertEquals(fake.changes, ["192.0.2.0 refused", "192.0.2.1 refused"]);
  fake.next();
  assertEquals(fake.asked.map(({ host }) => host), ["192.0.2.2"]);
  await fake.answer(UP);
  fake.next();
  assertEquals(fake.asked.map(({ host }) => host), ["192.0.2.0"]);
  fake.configure([a, c], { fall: 1, rise: 1 });
  await fake.answer(UP);
  assertEquals(a.up, true, "a check under way is judged by what holds now");
});

Deno.test("a shorter interval holds at once", async () => {
  using fake = new Fake();
  const [a] = endpoints(1);
  fake.configure([a], { interval: 3_600_000 });
  fake.at(1_000);
  await fake.answer(UP);
  fake.configure([a], { interval: 5_000 });
  assertEquals(fake.next(), 5_000);
});

Deno.test("an answer about one that has gone is nothing, even if it has come back", async () => {
  using fake = new Fake();
  const [a] = endpoints(1);
  fake.configure([a], { fall: 1 });
  fake.next();
  fake.configure([]);
  fake.configure([a], { fall: 1 });
  await fake.answer(DOWN);
  assertEquals([a.up, fake.changes], [true, []]);
});

Deno.test("disposing ends what is under way, and whatever comes of it is nothing", async () => {
  const fake = new Fake();
  const [a] = endpoints(1);
  fake.configure([a], { fall: 1 });
  fake.next();
  fake[Symbol.dispose]();
  assert(fake.signals.every(({ aborted }) => aborted));
  await fake.answer(DOWN);
  assertEquals([a.up, fake.changes], [true, []]);
  assertEquals(fake.at(100_000), []);
});
