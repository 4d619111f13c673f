/**
 * One coarse clock for every timeout there is. A timer a connection would cost more than the connection's own
 * bytes; here, one interval asks each connection now and then whether its time is up.
 *
 * @module
 */

/** Something whose time can run out. */
export interface Timed {
  /** Called once a tick with the time in milliseconds, as of `performance.now()`. Must not throw. */
  tick(now: number): void;
}

/**
 * Calls what is registered once a tick. The timer runs only while something is registered.
 *
 * @example
 * ```ts
 * import { Sweep } from "./sweep.ts";
 *
 * using sweep = new Sweep(500);
 * const timed = { tick: (now: number) => console.log(now) };
 * sweep.add(timed);
 * sweep.delete(timed);
 * ```
 */
export class Sweep implements Disposable {
  readonly #timed = new Set<Timed>();
  #interval: number;
  #timer?: ReturnType<typeof setInterval>;

  /**
   * Makes a sweep with nothing to do.
   *
   * @param interval Milliseconds between ticks: how late a timeout may fire.
   */
  constructor(interval: number) {
    this.#interval = interval;
  }

  /**
   * Changes how often it looks.
   *
   * @param interval Milliseconds between ticks.
   */
  set interval(interval: number) {
    this.#interval = interval;
    this[Symbol.dispose]();
    if (this.#timed.size > 0) this.#start();
  }

  /**
   * Registers.
   *
   * @param timed Whom to call from now on.
   */
  add(timed: Timed): void {
    this.#timed.add(timed);
    if (this.#timer === undefined) this.#start();
  }

  /**
   * Forgets.
   *
   * @param timed Whom not to call any more.
   */
  delete(timed: Timed): void {
    this.#timed.delete(timed);
  }

  /** Stops the timer. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #start(): void {
    this.#timer = setInterval(() => {
      const now = performance.now();
      for (const each of this.#timed) each.tick(now);
      if (this.#timed.size === 0) this[Symbol.dispose]();
    }, this.#interval);
  }
}

/**
 * How often to look so that no timeout is late by more than a tenth of itself or half a second.
 *
 * @param timeouts The timeouts, in milliseconds.
 * @returns Milliseconds between ticks, 20 to 500.
 */
export function sweepInterval(timeouts: readonly number[]): number {
  return Math.min(500, Math.max(20, Math.min(...timeouts) / 10));
}
