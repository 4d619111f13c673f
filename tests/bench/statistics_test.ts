import { assert, assertEquals } from "@std/assert";
import { median, ratios, spread } from "../../bench/statistics.ts";

Deno.test("median() is the one in the middle, or the mean of two", () => {
  for (
    const [figures, expected] of [
      [[7], 7],
      [[3, 1, 2], 2],
      [[4, 1, 2, 3], 2.5],
      [[10, 9, 100], 10],
      [[-1, -10], -5.5],
    ] as const
  ) assertEquals(median(figures), expected, String(figures));
  assert(Number.isNaN(median([])));
});

Deno.test("median() leaves the figures in their order", () => {
  const figures = [3, 1, 2];
  median(figures);
  assertEquals(figures, [3, 1, 2]);
});

Deno.test("spread() is the median and both ends", () => {
  assertEquals(spread([30, 10, 20]), { median: 20, min: 10, max: 30 });
});

Deno.test("ratios() divides within each round", () => {
  assertEquals(ratios([1, 20, 3], [2, 40, 6]), [0.5, 0.5, 0.5]);
});
