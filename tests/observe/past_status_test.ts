import { assertEquals } from "@std/assert";
import { mergeStatus } from "../../src/observe/merge_status.ts";
import { blankStatus, pastOf } from "../../src/observe/past_status.ts";
import { sampleStatus } from "./sample_status.ts";

const AT = Date.UTC(2026, 4, 12);

Deno.test("nobody adds nothing", () => {
  const status = sampleStatus(AT);
  const merged = mergeStatus([status, { ...blankStatus("0"), at: 0, startedAt: AT, memory: 0 }]);
  assertEquals(JSON.parse(JSON.stringify(merged)), JSON.parse(JSON.stringify(status)));
  const { history, workers } = mergeStatus([blankStatus("0")]);
  assertEquals([history.rx, workers], [[], 0]);
});

Deno.test("of one that is no more what it has counted stays, and what it had does not", () => {
  const status = sampleStatus(AT);
  const past = pastOf({ ...status, history: { ...status.history, until: AT - 60_000 } });
  const merged = mergeStatus([status, past]);
  assertEquals([merged.workers, merged.connections], [1, status.connections]);
  assertEquals(merged.totals.rx, 2 * status.totals.rx);
  const [{ rx, active, warm, backends }] = merged.routes;
  const [shop] = status.routes;
  assertEquals([rx, active, warm], [2 * shop.rx, shop.active, shop.warm]);
  assertEquals(backends.map(({ knownTo }) => knownTo), [1, 1, 1]);
  assertEquals(merged.history.until, status.history.until);
  // Its last samples are from half a minute before the end.
  assertEquals(merged.history.active.slice(-30), status.history.active.slice(-30));
});
