import { assertEquals } from "@std/assert";
import { hitPercent, sumOf } from "../../bench/metrics.ts";

Deno.test("sumOf() adds a metric's labels, and no other metric", () => {
  const text = `# HELP a_total Something
# TYPE a_total counter
a_total{route="x"} 2
a_total{route="a b"} 3
a_total_more{route="x"} 100
a_total 4
b_total 200
`;
  assertEquals(sumOf(text, "a_total"), 9);
  assertEquals(sumOf(text, "c_total"), 0);
});

Deno.test("hitPercent() is about what came between two readings", () => {
  assertEquals(hitPercent({ hits: 10, misses: 10 }, { hits: 13, misses: 11 }), 75);
  assertEquals(hitPercent({ hits: 1, misses: 1 }, { hits: 1, misses: 1 }), NaN);
});
