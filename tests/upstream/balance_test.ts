import { assert, assertEquals } from "@std/assert";
import type { Balance } from "../../src/config/config.ts";
import { type Candidate, createBalancer } from "../../src/upstream/balance.ts";
import { generator } from "../sniff/random.ts";

/** A backend that can be changed. */
interface Backend extends Candidate {
  active: number;
}

const SOURCE = "192.0.2.1";

/** Backends a, b, c with these weights. */
function backends(...weights: readonly number[]): Backend[] {
  return weights.map((weight, i) => ({ key: "abcdefghij"[i], weight, active: 0 }));
}

/** A balancer whose random numbers are the same in every run. */
function create(balance: Balance): (candidates: readonly Backend[], source?: string) => Backend {
  const below = generator(1);
  const balancer = createBalancer<Backend>(balance, () => below(1 << 30) / (1 << 30));
  return (candidates, source = SOURCE) => balancer(candidates, source);
}

/** Counts who is chosen. */
function shares(count: number, choose: (i: number) => Candidate): Record<string, number> {
  const result: Record<string, number> = {};
  for (let i = 0; i < count; i++) {
    const { key } = choose(i);
    result[key] = (result[key] ?? 0) + 1;
  }
  return result;
}

function assertNear(actual: number, expected: number, tolerance: number, what = ""): void {
  const near = Math.abs(actual - expected) <= tolerance;
  assert(near, `${what} ${actual} instead of ${expected}, give or take ${tolerance}`);
}

/** Clients of four networks, in a row, as they come in practice. */
function address(i: number): string {
  return i % 2 === 0 ? `10.${i % 4}.${i >> 8 & 255}.${i & 255}` : `2001:db8:${i.toString(16)}::1`;
}

Deno.test("the only candidate is chosen, whatever its state", () => {
  for (const balance of ["round_robin", "least_connections", "random", "source_ip"] as const) {
    const [only] = backends(256);
    only.active = 1_000_000;
    const choose = create(balance);
    for (let i = 0; i < 3; i++) assert(choose([only]) === only, balance);
  }
});

Deno.test("round_robin is smooth by weight", () => {
  for (
    const [weights, sequence] of [
      [[1, 1, 1], "abcabc"],
      [[2, 1], "abaaba"],
      [[5, 1, 1], "aabacaaaabacaa"],
      [[1, 2, 3], "cbacbccbacbc"],
      [[256, 256], "abab"],
    ] as const
  ) {
    const choose = create("round_robin");
    const list = backends(...weights);
    const chosen = Array.from(sequence, () => choose(list).key).join("");
    assertEquals(chosen, sequence, weights.join());
  }
});

Deno.test("round_robin goes on in turn when the list changes, and when a weight does", () => {
  const choose = create("round_robin");
  const [a, b, c] = backends(1, 1, 1);
  assertEquals([choose([a, b, c]), choose([b, c]), choose([b, c])].map(({ key }) => key), [
    ...["a", "b", "c"],
  ]);
  const counts = shares(300, (i) => choose(i % 3 === 0 ? [a, c] : [a, b, c]));
  for (const key of "abc") assert(counts[key] >= 60, JSON.stringify(counts));
  const heavy: Backend[] = [{ ...a, weight: 3 }, b];
  assertEquals(shares(400, () => choose(heavy)), { a: 300, b: 100 });
});

Deno.test("least_connections takes the fewest for its weight, and equals in turn", () => {
  for (
    const [weights, active, expected] of [
      [[1, 1, 1], [1, 0, 1], "bbb"],
      [[1, 1, 1], [0, 0, 0], "abcabc"],
      [[1, 1, 1], [1, 0, 0], "bcbcbc"],
      [[1, 1, 1, 1], [0, 9, 9, 0], "adadad"],
      [[4, 1], [3, 1], "aaa"],
      [[4, 1], [5, 1], "bbb"],
      [[4, 2], [4, 2], "abab"],
    ] as const
  ) {
    const choose = create("least_connections");
    const list = backends(...weights);
    active.forEach((count, i) => list[i].active = count);
    const chosen = Array.from(expected, () => choose(list).key).join("");
    assertEquals(chosen, expected, `${weights.join()}: ${active.join()}`);
  }
});

Deno.test("least_connections fills up by weight", () => {
  const choose = create("least_connections");
  const list = backends(3, 2, 1);
  for (let i = 0; i < 600; i++) choose(list).active++;
  list.forEach(({ active }, i) => assertNear(active, [300, 200, 100][i], 2));
});

Deno.test("random is by weight, and avoids who is busy", () => {
  const choose = create("random");
  const list = backends(1, 2, 5);
  const counts = shares(8_000, () => choose(list));
  assertNear(counts.a, 1_000, 150);
  assertNear(counts.b, 2_000, 200);
  assertNear(counts.c, 5_000, 250);
  list[2].active = 100;
  // c is chosen only if both draws say so: 5/8 of 5/8.
  assertNear(shares(8_000, () => choose(list)).c, 3_125, 250);
});

Deno.test("random takes the last one when the number is 1, or all but", () => {
  for (const number of [1, 1 - Number.EPSILON]) {
    const list = backends(0.1, 0.2, 0.7);
    assertEquals(createBalancer<Backend>("random", () => number)(list, SOURCE).key, "c");
  }
  assertEquals(createBalancer<Backend>("random", () => 0)(backends(1, 1), SOURCE).key, "a");
});

Deno.test("source_ip is the same in every process and release", () => {
  const list = ["10.0.0.1:443", "10.0.0.2:443", "[2001:db8::1]:443"]
    .map((key) => ({ key, weight: 1, active: 0 }));
  const vectors: Record<string, number> = {
    "192.0.2.1": 0,
    "192.0.2.2": 0,
    "198.51.100.7": 2,
    "203.0.113.255": 1,
    "2001:db8::1": 1,
    "2001:db8::2": 0,
    "": 1,
  };
  const found = Object.keys(vectors).map((ip) => [ip, list.indexOf(create("source_ip")(list, ip))]);
  assertEquals(Object.fromEntries(found), vectors);
});

Deno.test("source_ip knows neither order nor load nor history", () => {
  const choose = create("source_ip");
  const list = backends(1, 2, 3, 4);
  for (let i = 0; i < 500; i++) {
    const { key } = choose(list, address(i));
    const others = list.map((each) => ({ ...each, active: i })).reverse();
    assertEquals(choose(others, address(i)).key, key);
    assertEquals(create("source_ip")(list, address(i)).key, key);
  }
});

Deno.test("source_ip gives each its share, however alike backends and clients are called", () => {
  const COUNT = 20_000;
  for (const weights of [[1, 1], [1, 1, 1], [1, 2, 5], [256, 1, 255], new Array(20).fill(1)]) {
    const list = weights.map((weight, i) => ({ key: `10.0.0.${i + 1}:443`, weight, active: 0 }));
    const counts = shares(COUNT, (i) => create("source_ip")(list, address(i)));
    const total = weights.reduce((a, b) => a + b);
    list.forEach(({ key, weight }) => {
      const expected = COUNT * weight / total;
      // Five standard deviations.
      const tolerance = 5 * Math.sqrt(expected * (1 - weight / total)) + 1;
      assertNear(counts[key] ?? 0, expected, tolerance, `${key} of ${weights.join()}`);
    });
  }
});

Deno.test("a backend that comes or goes moves only its own share", () => {
  const choose = create("source_ip");
  for (const weights of [[1, 1, 1, 1], [1, 2, 3, 4]]) {
    const list = backends(...weights);
    for (const gone of list) {
      const rest = list.filter((each) => each !== gone);
      const moved = shares(2_000, (i) => {
        const before = choose(list, address(i));
        const after = choose(rest, address(i));
        if (before !== gone) assert(after === before, `${address(i)} moved for nothing`);
        return before === gone ? after : { ...gone, key: "stayed" };
      });
      for (const { key } of rest) assert(moved[key] > 0, `${key} gets some of ${gone.key}'s`);
    }
  }
});

Deno.test("more weight moves clients to it, and none between the others", () => {
  const choose = create("source_ip");
  const [a, b, c] = backends(1, 1, 1);
  const heavy = { ...a, weight: 3 };
  for (let i = 0; i < 2_000; i++) {
    const before = choose([a, b, c], address(i)).key;
    const after = choose([heavy, b, c], address(i)).key;
    assert(after === before || after === "a", address(i));
  }
});
