import { assertEquals } from "@std/assert";
import { INTERVAL_MS, mergeHistory, Recorder, type Sample } from "../../src/observe/history.ts";
import type { History } from "../../src/observe/status.ts";

const NOTHING: Sample = {
  active: 0,
  accepted: 0,
  ended: 0,
  failed: 0,
  rx: 0,
  tx: 0,
  hits: 0,
  misses: 0,
};

Deno.test("counters are kept as what was added in an interval, gauges as they are", () => {
  let now = 10_001;
  let sample = NOTHING;
  using recorder = new Recorder(() => sample, () => now);
  const step = (ms: number, more: Partial<Sample>): void => {
    now += ms;
    sample = { ...sample, ...more };
    recorder.take();
  };
  step(1_000, { active: 9, rx: 10 });
  assertEquals(recorder.history.rx, [], "in the same interval there is nothing to tell yet");
  step(1_000, { active: 3, rx: 100 });
  step(INTERVAL_MS, { active: 2, rx: 150 });
  step(5 * INTERVAL_MS, { rx: 155 });
  const { active, rx, until, interval } = recorder.history;
  assertEquals([active, rx], [[3, 2, 2], [100, 50, 5]]);
  assertEquals([until, interval], [24_000, INTERVAL_MS]);
  for (let i = 0; i < 400; i++) step(INTERVAL_MS, {});
  assertEquals(recorder.history.rx.length, 150);
});

Deno.test("what several have sampled is added up by time, not by position", () => {
  const part = (until: number, rx: number[]): History => ({
    interval: 2_000,
    until,
    ...{ active: rx, accepted: rx, ended: rx, failed: rx, rx, tx: rx, hits: rx, misses: rx },
  });
  for (
    const [parts, until, rx] of [
      [[part(8_000, [1, 2, 3])], 8_000, [1, 2, 3]],
      [[part(8_000, [1, 2, 3]), part(8_000, [10])], 8_000, [1, 2, 13]],
      [[part(8_000, [1, 2, 3]), part(6_000, [10, 20])], 6_000, [11, 22]],
      // One that has hung for longer is not waited for.
      [[part(8_000, [1, 2, 3]), part(2_000, [10])], 8_000, [10, 1, 2, 3]],
      [[part(8_000, []), part(8_000, [])], 8_000, []],
    ] as const
  ) {
    const merged = mergeHistory(parts);
    assertEquals([merged.until, merged.rx, merged.active], [until, [...rx], [...rx]]);
  }
});
