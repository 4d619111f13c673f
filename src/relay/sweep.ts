/**
 * One coarse clock for every timeout there is. A timer a connection would cost more than the connection's own
 * bytes; here, one interval asks each connection now and then whether its time is up.
 *
 * @module
 */

/** Something whose time can run out. */
export interface Timed {
  /** Where the sweep has it; -1 while it is in none. Only the sweep writes it. */
  seat: number;
  /** Called once a tick with the time in milliseconds, as of `performance.now()`. Must not throw. */
  tick(now: number): void;
}

/**
 * Calls what is registered once a tick. The timer runs only while something is registered.
 *
 * Members know their place. A `Set` that loses one for each that it gains is copied all the time, and each copy leads
 * to the next: once the first is old, whatever was in them outlives the young generation, a session for each
 * connection.
 *
 * @example
 * ```ts
 * import { Sweep } from "./sweep.ts";
 *
 * using sweep = new Sweep(500);
 * const timed = { seat: -1, tick: (now: number) => console.log(now) };
 * sweep.add(timed);
 * sweep.delete(timed);
 * ```
 */
export class Sweep<T extends Timed = Timed> implements Disposable {
  readonly #timed: T[] = [];
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

  /** How many are registered. */
  get size(): number {
    return this.#timed.length;
  }

  /** Those that are registered now, in no order. */
  get all(): readonly T[] {
    return this.#timed.slice();
  }

  /**
   * Changes how often it looks.
   *
   * @param interval Milliseconds between ticks.
   */
  set interval(interval: number) {
    this.#interval = interval;
    this[Symbol.dispose]();
    if (this.#timed.length > 0) this.#start();
  }

  /**
   * Registers.
   *
   * @param timed Whom to call from now on; in no sweep so far.
   */
  add(timed: T): void {
    timed.seat = this.#timed.push(timed) - 1;
    if (this.#timer === undefined) this.#start();
  }

  /**
   * Forgets.
   *
   * @param timed Whom not to call any more.
   */
  delete(timed: T): void {
    if (this.#timed[timed.seat] !== timed) return;
    const last = this.#timed.pop()!;
    if (last !== timed) {
      this.#timed[timed.seat] = last;
      last.seat = timed.seat;
    }
    timed.seat = -1;
  }

  /** Stops the timer. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #start(): void {
    this.#timer = setInterval(() => {
      const now = performance.now();
      // From the end: whoever takes the seat of one that leaves meanwhile has been called.
      for (let seat = this.#timed.length - 1; seat >= 0; seat--) this.#timed[seat]?.tick(now);
      if (this.#timed.length === 0) this[Symbol.dispose]();
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
