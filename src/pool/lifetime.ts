/**
 * How long a backend lets a silent connection live, learned from those it has closed.
 *
 * @module
 */

/** Closings remembered. */
const SAMPLES = 8;

/** Of the life seen, how much is made use of: whatever is older may be gone by the time it is needed. */
const SHARE = 0.7;

/** No limit is so small that it could not grow back. */
const LEAST_MS = 100;

/** By how much of itself a limit grows back in a second, for it may have been a restart, not a habit. */
const REGROWTH = 0.05;

/**
 * Follows the closings of one backend. All times are milliseconds of one clock.
 *
 * @example
 * ```ts
 * import { Lifetime } from "./lifetime.ts";
 *
 * const lifetime = new Lifetime();
 * lifetime.limit(0); // Infinity
 * lifetime.closed(1_000, 0);
 * lifetime.limit(0); // 700
 * ```
 */
export class Lifetime {
  #ages: number[] = [];
  #limit = Infinity;
  #learnedAt = 0;

  /**
   * The backend has closed a silent connection.
   *
   * @param age How long it had been silent.
   * @param now The time.
   */
  closed(age: number, now: number): void {
    this.#ages.push(age);
    if (this.#ages.length > SAMPLES) this.#ages.shift();
    // A restart closes young ones and old ones; a habit closes all at the same age, which is the oldest seen.
    this.#limit = Math.max(LEAST_MS, ...this.#ages) * SHARE;
    this.#learnedAt = now;
  }

  /**
   * How long a connection may be silent and still be trusted.
   *
   * @param now The time.
   * @returns Milliseconds; `Infinity` if nothing is known.
   */
  limit(now: number): number {
    return this.#limit * (1 + REGROWTH) ** ((now - this.#learnedAt) / 1_000);
  }
}
