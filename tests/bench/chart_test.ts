import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { renderChart } from "../../bench/chart.ts";
import type { Round } from "../../bench/contest.ts";
import { summarize } from "../../bench/summary.ts";

function chart(rounds: Round[], title = "Some load"): string {
  return renderChart(summarize({
    title,
    contestants: Object.keys(rounds[0]).map((name) => ({ name })),
    measures: [
      { key: "rate", title: "requests/s", digits: 0, better: "more" },
      { key: "hits", title: "hit rate, %", digits: 0 },
    ],
    targets: [],
  }, rounds));
}

function widths(svg: string): number[] {
  return [...svg.matchAll(/class="(?:bar|ours)"[^>]* width="([0-9.]+)"/g)].map(([, width]) =>
    Number(width)
  );
}

Deno.test("bars are as long as the medians, beside the largest figure there is", () => {
  const svg = chart([
    { ours: { rate: 100, hits: 9 }, nginx: { rate: 200, hits: NaN }, none: { rate: 0, hits: NaN } },
  ]);
  assertEquals(widths(svg), [210, 420, 0]);
  assertEquals(svg.match(/class="ours"/g)?.length, 1);
  assert(!svg.includes("hit rate"), "what is not compared is not drawn");
});

Deno.test("what was not measured is a dash, and nothing at all no division by zero", () => {
  const svg = chart([{ ours: { rate: 0, hits: 1 }, direct: { rate: NaN, hits: 1 } }]);
  assertEquals(widths(svg), [0]);
  assertStringIncludes(svg, ">-</text>");
  assert(!/NaN|Infinity/.test(svg));
});

Deno.test("names are text, for eyes and for readers", () => {
  const svg = chart([{ "<script>&": { rate: 1, hits: 1 } }], "a < b");
  assert(!svg.includes("<script>"));
  assertStringIncludes(svg, "<title>a &lt; b</title>");
  assertStringIncludes(svg, "<desc>requests/s: &lt;script&gt;&amp; 1.</desc>");
});
