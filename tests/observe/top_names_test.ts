import { assert, assertEquals } from "@std/assert";
import { TopNames } from "../../src/observe/top_names.ts";
import { generator } from "../sniff/random.ts";

Deno.test("few names are counted exactly, the most frequent first", () => {
  const names = new TopNames(8);
  for (const name of "b a c a b a".split(" ")) names.add(name);
  assertEquals(names.top(8), [
    { name: "a", count: 3, error: 0 },
    { name: "b", count: 2, error: 0 },
    { name: "c", count: 1, error: 0 },
  ]);
  assertEquals(names.top(1).length, 1);
});

Deno.test("of a flood of names the frequent ones stay, and no count is off by more than it says", () => {
  const below = generator(3);
  const names = new TopNames(32);
  const exact = new Map<string, number>();
  for (let i = 0; i < 20_000; i++) {
    // One in four asks for one of five names, the others for names of their own.
    const name = below(4) === 0 ? `often-${below(5)}.test` : `${i}.test`;
    names.add(name);
    exact.set(name, (exact.get(name) ?? 0) + 1);
  }
  const top = names.top(100);
  assertEquals(top.length, 32);
  assertEquals(top.slice(0, 5).map(({ name }) => name).toSorted(), [
    "often-0.test",
    "often-1.test",
    "often-2.test",
    "often-3.test",
    "often-4.test",
  ]);
  for (const { name, count, error } of top) {
    const truth = exact.get(name) ?? 0;
    assert(truth <= count && count - error <= truth, `${name}: ${count} - ${error} for ${truth}`);
  }
});
