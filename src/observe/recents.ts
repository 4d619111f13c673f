/**
 * What has ended lately.
 *
 * @module
 */
import type { RecentEnd } from "./status.ts";
import type { End, Summary } from "./summary.ts";

/** Of what is said about a connection, so many characters are kept. */
const MAX_DETAIL = 200;

/**
 * The last few connections and requests. Adding one writes into places made beforehand and puts nothing together:
 * there is one for every request.
 *
 * @example
 * ```ts ignore
 * const recents = new Recents(50);
 * recents.add(summary, "done", performance.now());
 * recents.list()[0].end; // "done"
 * ```
 */
export class Recents {
  readonly #summaries: (Summary | undefined)[];
  readonly #ends: End[];
  readonly #times: Float64Array;
  /** Kept apart, for the last request's summary goes on to be that of its connection. */
  readonly #durations: Float64Array;
  #next = 0;

  /**
   * Makes room.
   *
   * @param size How many are kept.
   */
  constructor(size: number) {
    this.#summaries = new Array<Summary | undefined>(size).fill(undefined);
    this.#ends = new Array<End>(size).fill("done");
    this.#times = new Float64Array(size);
    this.#durations = new Float64Array(size);
  }

  /**
   * Keeps one, in the place of the oldest.
   *
   * @param summary What is known of it; kept, not copied.
   * @param end How it ended.
   * @param now When, as of `performance.now()`: whoever ends a connection has asked for that time anyway.
   */
  add(summary: Summary, end: End, now: number): void {
    const next = this.#next;
    this.#summaries[next] = summary;
    this.#ends[next] = end;
    this.#times[next] = now;
    this.#durations[next] = summary.totalMs ?? 0;
    this.#next = next + 1 === this.#ends.length ? 0 : next + 1;
  }

  /**
   * What is kept.
   *
   * @returns The latest first.
   */
  list(): RecentEnd[] {
    const found: RecentEnd[] = [];
    const origin = Date.now() - performance.now();
    const size = this.#ends.length;
    for (let i = 1; i <= size; i++) {
      const at = (this.#next - i + size) % size;
      const summary = this.#summaries[at];
      if (summary === undefined) break;
      const { id, client, listener, protocol, name, route, backend, status } = summary;
      const { rx, tx, connectMs, detail } = summary;
      found.push({
        at: Math.round(origin + this.#times[at]),
        id,
        client,
        listener,
        protocol,
        name,
        route,
        backend,
        status,
        rx,
        tx,
        connectMs: connectMs === undefined ? undefined : round(connectMs),
        totalMs: round(this.#durations[at]),
        end: this.#ends[at],
        detail: detail?.slice(0, MAX_DETAIL),
      });
    }
    return found;
  }
}

/** Microseconds are as fine as it gets. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
