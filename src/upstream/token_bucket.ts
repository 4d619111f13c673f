/**
 * How many connections a second are let through, on average, and how many at once.
 *
 * @module
 */
import type { RateLimit } from "../config/config.ts";

/**
 * A token bucket: full at first, refilled all the time, a token for each connection.
 *
 * @example
 * ```ts
 * import { TokenBucket } from "./token_bucket.ts";
 *
 * const bucket = new TokenBucket({ perSecond: 1, burst: 2 }, 0);
 * bucket.take(0); // true
 * bucket.take(0); // true
 * bucket.take(0); // false
 * bucket.take(1_000); // true
 * ```
 */
export class TokenBucket {
  #limit: RateLimit;
  #tokens: number;
  #at: number;

  /**
   * Makes a full bucket.
   *
   * @param limit How fast it is refilled, and how much it holds.
   * @param now The time in milliseconds.
   */
  constructor(limit: RateLimit, now: number) {
    this.#limit = limit;
    this.#tokens = limit.burst;
    this.#at = now;
  }

  /**
   * Goes on with another limit, and with what is in it.
   *
   * @param limit The limit.
   * @param now The time in milliseconds.
   */
  configure(limit: RateLimit, now: number): void {
    this.#refill(now);
    this.#limit = limit;
    this.#tokens = Math.min(this.#tokens, limit.burst);
  }

  /**
   * Takes a token.
   *
   * @param now The time in milliseconds.
   * @returns Whether there was one.
   */
  take(now: number): boolean {
    this.#refill(now);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** A clock that jumps gives a full bucket at the most, and takes nothing away. */
  #refill(now: number): void {
    const { perSecond, burst } = this.#limit;
    const more = Math.max(0, now - this.#at) * perSecond / 1_000;
    this.#tokens = Math.min(burst, this.#tokens + more);
    this.#at = now;
  }
}
