/**
 * How many warm sockets a backend is worth having: as many clients as are expected while one connection is
 * being made, and a margin that bursts teach.
 *
 * @module
 */

/** Over how long arrivals are averaged. */
const AVERAGED_MS = 2_000;

/** Without an arrival for so long, nothing is expected any more. */
export const QUIET_MS = 5_000;

/** How long a margin that is not needed takes to shrink by one. */
const RELAX_MS = 1_000;

/** Connect times remembered. */
const SAMPLES = 15;

/**
 * Follows the arrivals at one backend. All times are milliseconds of one clock.
 *
 * @example
 * ```ts
 * import { Demand } from "./demand.ts";
 *
 * const demand = new Demand();
 * demand.connected(20);
 * demand.arrived(0, false);
 * demand.level(1); // 3: one for the arrival that had to wait, one for the next, one that is on its way
 * demand.level(60_000); // 0
 * ```
 */
export class Demand {
  #rate = 0;
  #lastArrival = -Infinity;
  #margin = 1;
  #relaxedAt = 0;
  #connects: number[] = [];
  #connectMs = 0;

  /** The recent median connect time, in milliseconds; 0 before there was any. */
  get connectMs(): number {
    return this.#connectMs;
  }

  /**
   * A client wants a connection.
   *
   * @param now The time.
   * @param hit Whether a warm one was there.
   */
  arrived(now: number, hit: boolean): void {
    this.#rate = this.#rateAt(now) + 1 / AVERAGED_MS;
    this.#lastArrival = now;
    if (!hit) {
      this.#margin++;
      this.#relaxedAt = now;
    }
  }

  /**
   * A connection was made.
   *
   * @param ms How long it took.
   */
  connected(ms: number): void {
    this.#connects.push(ms);
    if (this.#connects.length > SAMPLES) this.#connects.shift();
    this.#connectMs = this.#connects.toSorted((a, b) => a - b)[this.#connects.length >> 1];
  }

  /**
   * How many warm sockets there should be.
   *
   * @param now The time.
   * @returns A number of sockets; 0 after a quiet spell.
   */
  level(now: number): number {
    if (now - this.#lastArrival > QUIET_MS) {
      this.#margin = 1;
      return 0;
    }
    return Math.ceil(this.#rateAt(now) * this.#connectMs * 2) + this.#margin;
  }

  /**
   * Lets the margin shrink.
   *
   * @param now The time.
   * @param spare The fewest unused sockets there were since the last time.
   */
  relax(now: number, spare: number): void {
    if (spare === 0 || this.#margin === 1 || now - this.#relaxedAt < RELAX_MS) return;
    this.#margin--;
    this.#relaxedAt = now;
  }

  /** Arrivals a millisecond. */
  #rateAt(now: number): number {
    return this.#rate * Math.exp((this.#lastArrival - now) / AVERAGED_MS);
  }
}
