/**
 * The last minutes, as numbers at even intervals.
 *
 * @module
 */
import type { History } from "./status.ts";

/** From one sample to the next, in milliseconds. */
export const INTERVAL_MS = 2_000;

/** Five minutes of samples. */
const SIZE = 150;

/** What is sampled. */
export type Series = Exclude<keyof History, "interval" | "until">;

/** What is counted since the start, and `active`, which goes up and down. */
export type Sample = Readonly<Record<Series, number>>;

/** What is sampled, in a fixed order. */
export const SERIES: readonly Series[] = [
  "active",
  "accepted",
  "ended",
  "failed",
  "rx",
  "tx",
  "hits",
  "misses",
];

/**
 * Samples counters at multiples of the interval, so that what several event loops have sampled can be added up.
 * Disposing it ends its timer.
 *
 * @example
 * ```ts ignore
 * using recorder = new Recorder(() => sample());
 * recorder.history.rx; // [0, 0, 1024]
 * ```
 */
export class Recorder implements Disposable {
  readonly #read: () => Sample;
  readonly #now: () => number;
  readonly #lists: Record<Series, number[]> = {
    active: [],
    accepted: [],
    ended: [],
    failed: [],
    rx: [],
    tx: [],
    hits: [],
    misses: [],
  };
  #before: Sample;
  #until: number;
  #timer?: ReturnType<typeof setTimeout>;

  /**
   * Begins.
   *
   * @param read Reads what is counted.
   * @param now The time in milliseconds since 1970.
   */
  constructor(read: () => Sample, now: () => number = Date.now) {
    this.#read = read;
    this.#now = now;
    this.#before = read();
    this.#until = floor(now());
    this.#schedule();
  }

  /** What was sampled. */
  get history(): History {
    return { interval: INTERVAL_MS, until: this.#until, ...this.#lists };
  }

  /** Takes a sample, if the time has come. */
  take(): void {
    const until = floor(this.#now());
    if (until === this.#until) return;
    const sample = this.#read();
    // After a standstill, or when somebody has set the clock, what happened meanwhile is in this one.
    this.#until = until;
    for (const each of SERIES) {
      const list = this.#lists[each];
      list.push(each === "active" ? sample.active : sample[each] - this.#before[each]);
      if (list.length > SIZE) list.shift();
    }
    this.#before = sample;
  }

  /** Ends it. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  /** Anew each time: an interval would drift away from the multiples. */
  #schedule(): void {
    const now = this.#now();
    this.#timer = setTimeout(() => {
      this.take();
      this.#schedule();
    }, floor(now) + INTERVAL_MS - now);
  }
}

function floor(time: number): number {
  return time - time % INTERVAL_MS;
}

/**
 * Adds up what several event loops have sampled.
 *
 * @param parts At least one.
 * @returns Sums over the intervals that all of them, or all but the slowest ones, have sampled.
 */
export function mergeHistory(parts: readonly History[]): History {
  const untils = parts.map(({ until }) => until);
  const { interval } = parts[0];
  const latest = Math.max(...untils);
  // Who has not sampled the last interval yet will within a moment; who is farther behind is not waited for.
  const until = Math.min(...untils.filter((each) => each >= latest - interval));
  const sizes = parts.map(({ active: { length }, until: end }) =>
    length === 0 ? 0 : length - (end - until) / interval
  );
  const size = Math.min(SIZE, Math.max(0, ...sizes));
  const sum = (series: Series): number[] =>
    Array.from({ length: size }, (_, i) => {
      let total = 0;
      for (const [part, { [series]: list }] of parts.entries()) {
        total += list[sizes[part] - size + i] ?? 0;
      }
      return total;
    });
  return {
    interval,
    until,
    active: sum("active"),
    accepted: sum("accepted"),
    ended: sum("ended"),
    failed: sum("failed"),
    rx: sum("rx"),
    tx: sum("tx"),
    hits: sum("hits"),
    misses: sum("misses"),
  };
}
