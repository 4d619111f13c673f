/**
 * The time one connection has: for the one thing it waits for, or without a byte in any direction.
 *
 * @module
 */
import type { Timeouts } from "../config/config.ts";
import type { ConnStream } from "./conn_stream.ts";

/** What a flow of bytes can run out of. */
export type FlowTimeout = "idle_timeout" | "half_closed_timeout";

/** Two connections that bytes move between. */
interface Flow {
  readonly client: ConnStream;
  readonly backend: ConnStream;
  readonly timeouts: Timeouts;
  readonly expire: (cause: FlowTimeout) => void;
  moved: number;
  movedAt: number;
}

/** Watches either a deadline or a flow, whichever was asked for last. */
export class Watch {
  #deadline = Infinity;
  #expire: () => void = nothing;
  #flow?: Flow;

  /**
   * Waits for one thing.
   *
   * @param ms How long it may take.
   * @param expire Called when it took longer, once.
   * @param from When it began; now, if that is not said.
   */
  until(ms: number, expire: () => void, from: number = performance.now()): void {
    this.#flow = undefined;
    this.#deadline = from + ms;
    this.#expire = expire;
  }

  /**
   * Expects bytes to move.
   *
   * @param client One connection.
   * @param backend The other one.
   * @param timeouts How long they may be still.
   * @param expire Called when they were longer, at every tick until something else is watched.
   */
  flow(
    client: ConnStream,
    backend: ConnStream,
    timeouts: Timeouts,
    expire: (cause: FlowTimeout) => void,
  ): void {
    this.#deadline = Infinity;
    // The first tick takes the time: it finds that bytes have moved.
    this.#flow = { client, backend, timeouts, expire, moved: -1, movedAt: 0 };
  }

  /** Lets whatever is waited for expire now. */
  expire(): void {
    if (this.#deadline === Infinity) return;
    this.#deadline = Infinity;
    this.#expire();
  }

  /** Looks whether the time is up. */
  tick(now: number): void {
    if (now >= this.#deadline) this.expire();
    const flow = this.#flow;
    if (flow === undefined) return;
    const { client, backend, timeouts } = flow;
    const moved = client.received + client.sent + backend.received + backend.sent;
    if (moved !== flow.moved) {
      flow.moved = moved;
      flow.movedAt = now;
      return;
    }
    const quiet = now - flow.movedAt;
    if ((client.ended || backend.ended) && quiet >= timeouts.halfClosed) {
      flow.expire("half_closed_timeout");
    } else if (quiet >= timeouts.idle) {
      flow.expire("idle_timeout");
    }
  }
}

function nothing(): void {}
