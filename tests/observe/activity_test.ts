import { assertEquals } from "@std/assert";
import { Activity, RECENT } from "../../src/observe/activity.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import type { End, Summary } from "../../src/observe/summary.ts";

Deno.test("what ends is counted by route, by end and by answer, and told of", () => {
  const metrics = new Metrics("0", {
    activeConnections: () => 0,
    maxConnections: () => 0,
    droppedLogLines: () => 0,
    pooled: () => new Map(),
    backends: () => [],
  });
  using activity = new Activity({
    counts: (route) => metrics.counts(route),
    allCounts: () => metrics.allCounts.values(),
    active: () => 7,
  });
  const end = (more: Partial<Summary>, how: End): void => {
    const summary: Summary = {
      ...{ id: "a-1", client: "192.0.2.1:1", listener: "l", protocol: "http", rx: 1, tx: 2 },
      ...{ totalMs: 1.23456, ...more },
    };
    activity.ended(summary, how, performance.now());
    // As a session does with the last one.
    summary.totalMs = 99;
  };
  activity.listener("l").accepted += 3;
  for (const protocol of ["tls", "http", "http"] as const) activity.detected(protocol);
  end({ route: "shop", name: "shop.test", status: 200 }, "done");
  end({ route: "shop", name: "shop.test", status: 503 }, "done");
  end({ route: "shop", name: "shop.test", status: 999 }, "done");
  end({ route: "shop", name: "shop.test", status: 42 }, "client_reset");
  end({ name: "other.test" }, "no_route");
  end({ name: "other.test" }, "not_allowed");
  end({ route: "fallback", name: "lost.test" }, "done");
  end({ detail: "x".repeat(100_000) }, "malformed");

  const { totals, protocols, ends, unknownNames, recent } = activity.status;
  const { ended, failed, answers } = metrics.counts("shop");
  assertEquals([ended, failed, answers], [4, 1, [0, 1, 0, 0, 1]]);
  assertEquals([totals.accepted, totals.ended, totals.failed], [3, 8, 4]);
  assertEquals(protocols, { tls: 1, http: 2, h2c: 0, unknown: 0 });
  assertEquals(ends.map(({ end, count }) => `${end} ${count}`), [
    "client_reset 1",
    "no_route 1",
    "not_allowed 1",
    "malformed 1",
  ]);
  assertEquals(ends[1].meaning, "no rule matches the name, and there is no fallback");
  assertEquals(unknownNames.map(({ name, count }) => `${name} ${count}`), [
    "other.test 2",
    "lost.test 1",
  ]);
  assertEquals(recent.map((each) => each.end), [
    ...["malformed", "done", "not_allowed", "no_route", "client_reset"],
    ...["done", "done", "done"],
  ]);
  assertEquals([recent[0].totalMs, recent[0].detail?.length], [1.235, 200]);
  for (let i = 0; i < 500; i++) end({}, "left");
  assertEquals(activity.status.recent.length, RECENT);
});
