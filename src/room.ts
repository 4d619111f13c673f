/**
 * How many sessions there may be at a time.
 *
 * @module
 */

/** Shortages closer together than this are one. */
const SAME_SHORTAGE_MS = 1_000;

/** Descriptors left free once their limit is known: the runtime opens files of its own. */
const SPARE_DESCRIPTORS = 16;

/**
 * Room for sessions: as configured, or less once it is known how many descriptors there are. The process can't ask
 * for that limit, but it learns it by running into it.
 *
 * @example
 * ```ts
 * import { Room } from "./room.ts";
 *
 * const room = new Room(10_000);
 * while (room.isFull(10_000)) await room.freed();
 * ```
 */
export class Room {
  #most: number;
  #shortAt = -Infinity;
  #waiting: (() => void)[] = [];

  /**
   * Makes room.
   *
   * @param most Sessions at a time.
   */
  constructor(most: number) {
    this.#most = most;
  }

  /** Sessions at a time. */
  get most(): number {
    return this.#most;
  }

  /**
   * Goes by another configuration, and forgets what was learned.
   *
   * @param most Sessions at a time.
   */
  configure(most: number): void {
    this.#most = most;
    this.wake();
  }

  /**
   * Whether nobody else can be let in.
   *
   * @param sessions How many there are.
   * @returns Whether those are as many as may be.
   */
  isFull(sessions: number): boolean {
    return sessions >= this.#most;
  }

  /**
   * Waits until there may be room.
   *
   * @returns At the next {@linkcode wake}.
   */
  freed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Has those look again who wait. */
  wake(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /**
   * There is no descriptor left: from here on no more clients are let in than can each have a backend, with some to
   * spare.
   *
   * @param sockets Counts the sockets that are open; called unless the same shortage was told of already.
   * @param now The time in milliseconds.
   * @returns How many sessions there may be from now on; `undefined` if that is no news.
   */
  shrink(sockets: () => number, now: number): number | undefined {
    // What fails in the same moment is counted already, and so is what it had.
    const known = now - this.#shortAt < SAME_SHORTAGE_MS;
    this.#shortAt = now;
    if (known) return undefined;
    const most = Math.max(1, Math.floor((sockets() - SPARE_DESCRIPTORS) / 2));
    if (most >= this.#most) return undefined;
    return this.#most = most;
  }
}
