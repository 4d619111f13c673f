import { assert, assertEquals } from "@std/assert";
import { DnsCache, type Lookup } from "../../src/upstream/dns_cache.ts";
import { soon, until } from "../e2e/harness.ts";

const TTL = 1_000;
const NEGATIVE_TTL = 100;
const STALE = 5_000;

/** What a lookup comes to: addresses, none, a failure, or nothing ever. */
type Outcome = readonly string[] | "fails" | "hangs";

interface Settings {
  readonly maxEntries?: number;
  readonly deadline?: number;
}

/** A cache with a clock of its own, and what it asks. */
class Bench implements Disposable {
  /** The time. */
  now = 0;
  /** Names that were looked up, in turn; those that had addresses already with a `+`. */
  readonly asked: string[] = [];
  /** What every lookup comes to. */
  outcome: Outcome | ((name: string) => Outcome) = "hangs";
  /** Signals of the lookups so far. */
  readonly signals: AbortSignal[] = [];
  readonly cache: DnsCache;

  constructor({ maxEntries = 100, deadline }: Settings = {}) {
    const settings = { maxEntries, ttl: TTL, negativeTtl: NEGATIVE_TTL, stale: STALE };
    const lookups = { first: this.lookup(""), again: this.lookup("+") };
    this.cache = new DnsCache(settings, lookups, { now: () => this.now, deadline });
  }

  lookup(mark: string): Lookup {
    return (name, signal) => {
      this.asked.push(name + mark);
      this.signals.push(signal);
      const outcome = typeof this.outcome === "function" ? this.outcome(name) : this.outcome;
      if (outcome === "hangs") return new Promise(() => {});
      return outcome === "fails" ? Promise.reject(new Error("fails")) : Promise.resolve(outcome);
    };
  }

  /** Resolves at a time, and lets a lookup that begins end, unless it hangs. */
  async at(now: number, outcome: Outcome, name = "a"): Promise<Served> {
    this.now = now;
    this.outcome = outcome;
    const asked = this.asked.length;
    const result = this.cache.resolve(name);
    const waited = result instanceof Promise;
    const addresses = await result;
    if (outcome !== "hangs") await until("no lookup", () => this.cache.stats.pending === 0);
    return { addresses, waited, asked: this.asked.length - asked };
  }

  [Symbol.dispose](): void {
    this.cache[Symbol.dispose]();
  }
}

interface Served {
  readonly addresses: readonly string[];
  readonly waited: boolean;
  readonly asked: number;
}

/** When, what a lookup would come to, what is served, whether that took waiting, how many lookups began. */
type Step = [now: number, outcome: Outcome, served: string, waited: boolean, asked: number];

const STORIES: [story: string, steps: Step[]][] = [
  ["an answer is asked for once and serves for ttl", [
    [0, ["1"], "1", true, 1],
    [1, ["2"], "1", false, 0],
    [TTL - 1, ["2"], "1", false, 0],
  ]],
  ["an old answer serves while another is asked for", [
    [0, ["1"], "1", true, 1],
    [TTL, ["2"], "1", false, 1],
    [TTL, ["3"], "2", false, 0],
    [2 * TTL - 1, ["3"], "2", false, 0],
    [2 * TTL, ["3"], "2", false, 1],
    [2 * TTL, ["4"], "3", false, 0],
  ]],
  ["an old answer outlives failures, which are not repeated more often than every negativeTtl", [
    [0, ["1"], "1", true, 1],
    [TTL, "fails", "1", false, 1],
    [TTL + NEGATIVE_TTL - 1, "fails", "1", false, 0],
    [TTL + NEGATIVE_TTL, "fails", "1", false, 1],
    [TTL + STALE - 1, "fails", "1", false, 1],
    [TTL + STALE, ["2"], "", false, 0],
    [TTL + STALE + NEGATIVE_TTL - 1, ["2"], "2", true, 1],
  ]],
  ["an answer that is too old does not serve: whoever asks waits for another", [
    [0, ["1"], "1", true, 1],
    [TTL + STALE, ["2"], "2", true, 1],
    [3 * TTL + 2 * STALE, "fails", "", true, 1],
    [3 * TTL + 2 * STALE + NEGATIVE_TTL - 1, ["3"], "", false, 0],
    [3 * TTL + 2 * STALE + NEGATIVE_TTL, ["3"], "3", true, 1],
  ]],
  ["that there is no such name is remembered for negativeTtl", [
    [0, [], "", true, 1],
    [NEGATIVE_TTL - 1, ["1"], "", false, 0],
    [NEGATIVE_TTL, ["1"], "1", true, 1],
    [NEGATIVE_TTL, ["2"], "1", false, 0],
  ]],
  ["a name that could not be looked up is left alone for negativeTtl, too", [
    [0, "fails", "", true, 1],
    [NEGATIVE_TTL - 1, ["1"], "", false, 0],
    [NEGATIVE_TTL, ["1"], "1", true, 1],
  ]],
  ["that there is no such name any more replaces an answer", [
    [0, ["1"], "1", true, 1],
    [TTL, [], "1", false, 1],
    [TTL + 1, ["2"], "", false, 0],
    [TTL + NEGATIVE_TTL, ["2"], "2", true, 1],
  ]],
];

for (const [story, steps] of STORIES) {
  Deno.test(story, async () => {
    using bench = new Bench();
    for (const [now, outcome, served, waited, asked] of steps) {
      const { addresses, ...rest } = await bench.at(now, outcome);
      assertEquals({ served: addresses.join(), ...rest }, { served, waited, asked }, `at ${now}`);
    }
  });
}

Deno.test("the array is the same for as long as the addresses are", async () => {
  using bench = new Bench();
  const { addresses: first } = await bench.at(0, ["1", "2", "2"]);
  assertEquals(first, ["1", "2"]);
  await bench.at(TTL, ["2", "1"]);
  const turned = await bench.at(TTL, "fails");
  assert(turned.addresses === first, "another order");
  await bench.at(2 * TTL, "fails");
  assert((await bench.at(2 * TTL, "fails")).addresses === first, "a failure");
  const late = await bench.at(2 * TTL + STALE, ["1", "2"]);
  assert(late.waited && late.addresses === first, "too old to serve");
  await bench.at(3 * TTL + STALE, ["1", "3"]);
  const changed = await bench.at(3 * TTL + STALE, "fails");
  assertEquals(changed.addresses, ["1", "3"]);
});

Deno.test("many who ask for one name wait for one lookup", async () => {
  const settings = { maxEntries: 1, ttl: TTL, negativeTtl: NEGATIVE_TTL, stale: STALE };
  const { promise, resolve } = Promise.withResolvers<readonly string[]>();
  let asked = 0;
  const lookup: Lookup = () => (asked++, promise);
  using cache = new DnsCache(settings, { first: lookup, again: lookup }, { now: () => 0 });
  const waiting = Array.from({ length: 1_000 }, () => cache.resolve("a"));
  resolve(["1"]);
  const served = await Promise.all(waiting);
  assertEquals(served[0], ["1"]);
  assert(served.every((each) => each === served[0]));
  assertEquals(asked, 1);
});

Deno.test("a resolver that hangs delays no name that is known", async () => {
  using bench = new Bench({ deadline: 1 });
  await bench.at(0, ["1"]);
  for (let now = TTL; now < TTL + STALE; now += NEGATIVE_TTL) {
    const { addresses, waited, asked } = await bench.at(now, "hangs");
    assertEquals({ addresses, waited, asked }, { addresses: ["1"], waited: false, asked: 1 });
    assertEquals(bench.cache.resolve("a"), ["1"]);
    assertEquals(bench.cache.stats.pending, 1);
    await until("the deadline", () => bench.cache.stats.pending === 0);
  }
  assert(bench.signals.every((each, i) => each.aborted === i > 0));
});

Deno.test("whoever waits for a lookup that hangs is freed by its deadline", async () => {
  using bench = new Bench({ deadline: 1 });
  const { addresses, waited } = await soon("the deadline", bench.at(0, "hangs"));
  assertEquals({ addresses, waited }, { addresses: [], waited: true });
  assertEquals(bench.cache.stats, { found: 0, absent: 1, pending: 0 });
  assert(bench.signals[0].aborted);
});

Deno.test("a storm of names that hang is bounded, and leaves known names alone", async () => {
  using bench = new Bench();
  await bench.at(0, ["1"], "known");
  await bench.at(0, ["1"], "old");
  bench.outcome = "hangs";
  let waiting = 0;
  for (let i = 0; i < 10_000; i++) {
    if (bench.cache.resolve(`x${i}`) instanceof Promise) waiting++;
  }
  assertEquals(waiting, 192);
  assertEquals(bench.cache.stats, { found: 2, absent: 0, pending: 192 });
  assertEquals(bench.cache.resolve("known"), ["1"]);
  bench.now = TTL;
  bench.outcome = ["2"];
  assertEquals(bench.cache.resolve("old"), ["1"]);
  await until("the refresh", () => bench.cache.stats.pending === 192);
  assertEquals(bench.cache.resolve("old"), ["2"]);
});

Deno.test("refreshing is bounded, too", async () => {
  using bench = new Bench({ maxEntries: 1_000 });
  for (let i = 0; i < 1_000; i++) await bench.at(0, ["1"], `x${i}`);
  bench.now = TTL;
  bench.outcome = "hangs";
  for (let i = 0; i < 1_000; i++) assertEquals(bench.cache.resolve(`x${i}`), ["1"]);
  assertEquals(bench.cache.stats.pending, 64);
});

Deno.test("beyond maxEntries the name that was used longest ago is forgotten", async () => {
  using bench = new Bench({ maxEntries: 3 });
  for (const name of ["a", "b", "c"]) await bench.at(0, ["1"], name);
  bench.now = TTL - 1;
  bench.cache.resolve("b");
  bench.now = TTL;
  bench.cache.resolve("a");
  await until("the refresh", () => bench.cache.stats.pending === 0);
  await bench.at(TTL, ["1"], "d");
  assertEquals(bench.cache.stats.found, 3);
  bench.outcome = "hangs";
  for (const [name, known] of [["a", true], ["c", true], ["d", true], ["b", false]] as const) {
    assertEquals(bench.cache.resolve(name) instanceof Promise, !known, name);
  }
});

Deno.test("names that don't exist push out no more than a quarter of those that do", async () => {
  using bench = new Bench({ maxEntries: 100 });
  for (let i = 0; i < 100; i++) await bench.at(0, ["1"], `good${i}`);
  for (let i = 0; i < 1_000; i++) await bench.at(0, i % 2 === 0 ? [] : "fails", `bad${i}`);
  assertEquals(bench.cache.stats, { found: 75, absent: 25, pending: 0 });
  assertEquals(bench.cache.resolve("bad999"), []);
  for (let i = 0; i < 100; i++) await bench.at(0, ["1"], `better${i}`);
  assertEquals(bench.cache.stats, { found: 75, absent: 25, pending: 0 });
});

Deno.test("without entries every answer is good for those who wait for it", async () => {
  using bench = new Bench({ maxEntries: 0 });
  for (const outcome of [["1"], [], "fails"] as const) {
    const { addresses, waited, asked } = await bench.at(0, outcome);
    assertEquals([addresses.join(), waited, asked], [
      outcome === "fails" ? "" : outcome.join(),
      true,
      1,
    ]);
    assertEquals(bench.cache.stats, { found: 0, absent: 0, pending: 0 });
  }
});

Deno.test("of one name only so many addresses are kept", async () => {
  using bench = new Bench();
  const many = Array.from({ length: 1_000 }, (_, i) => `192.0.2.${i}`);
  assertEquals((await bench.at(0, many)).addresses, many.slice(0, 128));
});

Deno.test("other settings hold from the next answer on, and what is too much goes at once", async () => {
  using bench = new Bench();
  for (const name of ["a", "b"]) await bench.at(0, ["1"], name);
  bench.cache.configure({ maxEntries: 1, ttl: 5, negativeTtl: 5, stale: 5 });
  assertEquals(bench.cache.stats.found, 1);
  assertEquals((await bench.at(TTL - 1, "fails", "b")).asked, 0);
  await bench.at(TTL, ["2"], "b");
  assertEquals((await bench.at(TTL + 10, ["3"], "b")).waited, true);
});

Deno.test("when others are asked, what the former have said is forgotten, also if they say it later", async () => {
  using bench = new Bench();
  const { promise, resolve } = Promise.withResolvers<readonly string[]>();
  const settings = { maxEntries: 10, ttl: TTL, negativeTtl: NEGATIVE_TTL, stale: STALE };
  const late: Lookup = () => promise;
  using cache = new DnsCache(settings, { first: late, again: late }, { now: () => 0 });
  const waiting = cache.resolve("a");
  bench.outcome = ["2"];
  cache.configure(settings, { first: bench.lookup(""), again: bench.lookup("+") });
  assertEquals(await cache.resolve("a"), ["2"]);
  resolve(["1"]);
  assertEquals(await waiting, ["1"]);
  assertEquals(cache.resolve("a"), ["2"]);
  cache.configure(settings);
  assertEquals(cache.resolve("a"), ["2"]);
  assertEquals(bench.asked, ["a"]);
});

Deno.test("disposing frees whoever waits and asks nothing more", async () => {
  const bench = new Bench();
  await bench.at(0, ["1"], "known");
  bench.outcome = "hangs";
  const waiting = bench.cache.resolve("a");
  bench.cache[Symbol.dispose]();
  assertEquals(await waiting, []);
  assertEquals(bench.cache.resolve("b"), []);
  assertEquals(bench.cache.resolve("known"), ["1"]);
  assertEquals(bench.asked, ["known", "a"]);
});

Deno.test("known names are asked for apart from new ones", async () => {
  using bench = new Bench();
  await bench.at(0, ["1"]);
  await bench.at(TTL, "fails");
  await bench.at(TTL + STALE, ["1"]);
  await bench.at(0, ["1"], "b");
  assertEquals(bench.asked, ["a", "a+", "a+", "b"]);
});
