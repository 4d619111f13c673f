import { assertEquals, assertThrows } from "@std/assert";
import type { Measure, Round, Target } from "../../bench/contest.ts";
import { renderContest } from "../../bench/report.ts";
import { summarize } from "../../bench/summary.ts";

const measures: Measure[] = [
  { key: "rate", title: "requests/s", digits: 0, better: "more" },
  { key: "ms", title: "ms", digits: 1, better: "less" },
  { key: "hits", title: "hit rate, %", digits: 0 },
];
const rounds: Round[] = [
  {
    ours: { rate: 100, ms: 40, hits: 90 },
    nginx: { rate: 200, ms: 50, hits: NaN },
    direct: { rate: 1000, ms: NaN, hits: NaN },
  },
  {
    ours: { rate: 80, ms: 30, hits: 92 },
    nginx: { rate: 100, ms: 60, hits: NaN, failed: 2 },
    direct: { rate: 1000, ms: NaN, hits: NaN },
  },
  {
    ours: { rate: 60, ms: 36, hits: 94 },
    nginx: { rate: 100, ms: 60, hits: NaN, failed: 1 },
    direct: { rate: 1000, ms: NaN, hits: NaN },
  },
];

function summary(targets: Target[]): ReturnType<typeof summarize> {
  const contestants = ["ours", "nginx", "direct"].map((name) => ({ name }));
  return summarize({ title: "Some load", contestants, measures, targets }, rounds);
}

Deno.test("summarize() takes the median of the ratios, not the ratio of the medians", () => {
  const [ours, nginx, direct] = summary([]).rows;
  assertEquals(ours.cells.rate, { figure: { median: 80, min: 60, max: 100 } });
  assertEquals(nginx.cells.rate, {
    figure: { median: 100, min: 100, max: 200 },
    ratio: { median: 0.6, min: 0.5, max: 0.8 },
  });
  assertEquals(nginx.cells.ms.ratio, { median: 0.6, min: 0.5, max: 0.8 });
  assertEquals(direct.cells.ms, {});
});

Deno.test("summarize() counts what failed", () => {
  assertEquals(summary([]).rows.map(({ failed }) => failed), [0, 3, 0]);
});

Deno.test("summarize() judges a target in the direction that is better", () => {
  for (
    const [target, reached, met] of [
      [{ measure: "rate", limit: 0.6, against: ["nginx"] }, 0.6, true],
      [{ measure: "rate", limit: 0.61, against: ["nginx"] }, 0.6, false],
      [{ measure: "ms", limit: 0.6, against: ["nginx"] }, 0.6, true],
      [{ measure: "ms", limit: 0.59, against: ["nginx"] }, 0.6, false],
      [{ measure: "ms", limit: 36 }, 36, true],
      [{ measure: "ms", limit: 35 }, 36, false],
      // What could not be measured meets nothing.
      [{ measure: "ms", limit: 9, against: ["direct"] }, NaN, false],
    ] as const
  ) {
    const { verdicts } = summary([target]);
    assertEquals(verdicts.map((each) => [each.reached, each.met]), [[reached, met]]);
  }
  assertThrows(() => summary([{ measure: "none", limit: 1 }]), RangeError, "none");
});

Deno.test("summarize() judges a target against each whom it names", () => {
  const { verdicts } = summary([{ measure: "rate", limit: 0.5, against: ["nginx", "direct"] }]);
  assertEquals(verdicts.map(({ target, met }) => [target, met]), [
    ["requests/s >= 0.5x nginx", true],
    ["requests/s >= 0.5x direct", false],
  ]);
});

Deno.test("renderContest() shows figures, ratios with their spread, failures and targets", () => {
  assertEquals(
    renderContest(summary([{ measure: "rate", limit: 0.7, against: ["nginx"] }])),
    `Some load

|        | requests/s |          ours / it |   ms |          ours / it | hit rate, % |
| ------ | ---------: | -----------------: | ---: | -----------------: | ----------: |
| ours   |         80 |                    | 36.0 |                    |          92 |
| nginx  |        100 | 0.600 (0.50..0.80) | 60.0 | 0.600 (0.50..0.80) |           - |
| direct |       1000 | 0.080 (0.06..0.10) |    - |                  - |           - |

- failed operations of nginx: 3
- target requests/s >= 0.7x nginx: 0.6, missed
`,
  );
});
