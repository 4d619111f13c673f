import { assert, assertEquals } from "@std/assert";
import { Sweep, sweepInterval, type Timed } from "../../src/relay/sweep.ts";
import { until } from "../e2e/harness.ts";

function counter(): Timed & { ticks: number; last: number } {
  return {
    seat: -1,
    ticks: 0,
    last: 0,
    tick(now: number): void {
      assert(now >= this.last, "time runs backwards");
      this.last = now;
      this.ticks++;
    },
  };
}

Deno.test("what is registered is called until it is deleted", async () => {
  using sweep = new Sweep(5);
  const stays = counter();
  const goes = counter();
  sweep.add(stays);
  sweep.add(goes);
  await until("both to be called", () => stays.ticks > 0 && goes.ticks > 0);
  sweep.delete(goes);
  const ticks = goes.ticks;
  const until_ = stays.ticks + 3;
  await until("the other to be called on", () => stays.ticks > until_);
  assertEquals(goes.ticks, ticks);
});

Deno.test("a sweep stops by itself when nothing is left, and starts again", async () => {
  using sweep = new Sweep(5);
  const first = counter();
  sweep.add(first);
  sweep.delete(first);
  const second = counter();
  sweep.add(second);
  await until("it to run again", () => second.ticks > 1);
  sweep.interval = 2;
  const ticks = second.ticks;
  await until("it to run at another pace", () => second.ticks > ticks + 2);
});

Deno.test("one may delete itself and add another while being called", async () => {
  using sweep = new Sweep(5);
  const next = counter();
  const once: Timed = {
    seat: -1,
    tick(): void {
      sweep.delete(once);
      sweep.add(next);
    },
  };
  sweep.add(once);
  await until("the next to be called", () => next.ticks > 0);
});

Deno.test("the pace follows the shortest timeout, within bounds", () => {
  for (
    const [timeouts, interval] of [
      [[10_000, 300_000], 500],
      [[1_000, 300_000], 100],
      [[50], 20],
      [[1], 20],
      [[5_000], 500],
    ] as const
  ) assertEquals(sweepInterval(timeouts), interval);
});
