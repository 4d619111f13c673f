import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { renderChart } from "../../bench/chart.ts";
import type { Measure, Round } from "../../bench/contest.ts";
import { summarize } from "../../bench/summary.ts";

const MEASURES: Measure[] = [
  { key: "rate", title: "requests/s", digits: 0, better: "more" },
  { key: "hits", title: "hit rate, %", digits: 0 },
];

function chart(rounds: Round[], title = "Some load", measures = MEASURES): string {
  return renderChart(summarize({
    title,
    contestants: Object.keys(rounds[0]).map((name) => ({ name })),
    measures,
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

Deno.test("a contest that compares nothing shows its first measure", () => {
  const rounds = [{ ours: { rate: 100, hits: 50 }, nginx: { rate: 100, hits: 100 } }];
  const svg = chart(rounds, "Some load", MEASURES.slice(1));
  assertEquals(widths(svg), [210, 420]);
  assertStringIncludes(svg, ">hit rate, %</text>");
  assertStringIncludes(svg, "<desc>hit rate, %: ours 50, nginx 100.</desc>");
});

Deno.test("what is below nothing has no bar, and its spread begins at nothing", () => {
  const svg = chart([
    { ours: { rate: -5, hits: 1 }, nginx: { rate: 10, hits: 1 } },
    { ours: { rate: 5, hits: 1 }, nginx: { rate: 10, hits: 1 } },
    { ours: { rate: -1, hits: 1 }, nginx: { rate: 10, hits: 1 } },
  ]);
  assertEquals(widths(svg), [0, 420]);
  assert(!/="-/.test(svg), "no length and no place is negative");
  assertStringIncludes(svg, 'x1="170.0" x2="380.0"');
});

Deno.test("a chart is well-formed, whatever the names", () => {
  const svg = chart([{ "</text>\"'&]]>\0\x1b\uD800": { rate: 1, hits: 1 } }], "a".repeat(120));
  const open: string[] = [];
  const text = svg.replace(/<(\/?)([a-z]+)((?: [a-zA-Z0-9-]+="[^"<&]*")*)(\/?)>/g, (...found) => {
    const [, closes, name, , empty] = found;
    if (closes) assertEquals(open.pop(), name);
    else if (!empty) open.push(name);
    return "";
  });
  assertEquals(open, []);
  assert(!/[<>]|&(?!(?:amp|lt|gt);)|[^\t\n\r\x20-\uD7FF\uE000-\uFFFD]/.test(text), text);
  assertStringIncludes(svg, 'viewBox="0 0 992 ');
});
