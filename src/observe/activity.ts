/**
 * What clients do, collected for the status page. It costs a few additions for each connection and each request;
 * everything else is done when somebody looks.
 *
 * @module
 */
import type { HelloFacts, Protocol } from "../sniff/sniffed.ts";
import { Recorder } from "./history.ts";
import { meaningOf } from "./meanings.ts";
import type { RouteCounts } from "./metrics.ts";
import { Recents } from "./recents.ts";
import type { StatusData, Totals } from "./status.ts";
import type { End, Summary } from "./summary.ts";
import { TlsTally } from "./tls_tally.ts";
import { TopNames } from "./top_names.ts";

/** Ends that are told of one by one. */
export const RECENT = 50;

/** Names that are counted at a time. */
export const COUNTED_NAMES = 128;

/** How it ends for a name that no rule is for. */
const UNKNOWN: ReadonlySet<End> = new Set(["no_route", "not_allowed", "denied_network"]);

/** What collecting needs from outside. */
export interface ActivityOutside {
  /** What is counted for a route; the route is absent for a client that never got one. */
  counts(route: string | undefined): RouteCounts;
  /** What is counted for all routes. */
  allCounts(): Iterable<RouteCounts>;
  /** Connections from accept to close. */
  active(): number;
}

/** A listener's count, to be held and added to. */
export interface ListenerCount {
  /** Connections accepted. */
  accepted: number;
}

/** Collects. Disposing it ends its timer. */
export class Activity implements Disposable {
  readonly #outside: ActivityOutside;
  readonly #listeners = new Map<string, ListenerCount>();
  readonly #protocols: Record<Protocol, number> = { tls: 0, http: 0, h2c: 0, unknown: 0 };
  readonly #tls = new TlsTally();
  readonly #ends = new Map<End, number>();
  readonly #unknown = new TopNames(COUNTED_NAMES);
  readonly #recents = new Recents(RECENT);
  readonly #recorder: Recorder;

  /**
   * Begins to collect.
   *
   * @param outside What it needs.
   */
  constructor(outside: ActivityOutside) {
    this.#outside = outside;
    this.#recorder = new Recorder(() => ({ active: outside.active(), ...this.totals }));
  }

  /**
   * What is counted for a listener.
   *
   * @param name Its name.
   * @returns The same object for the same name.
   */
  listener(name: string): ListenerCount {
    let count = this.#listeners.get(name);
    if (count === undefined) this.#listeners.set(name, count = { accepted: 0 });
    return count;
  }

  /**
   * Counts what a connection turned out to speak.
   *
   * @param protocol What it speaks.
   */
  detected(protocol: Protocol): void {
    this.#protocols[protocol]++;
  }

  /**
   * Counts what a TLS client offers.
   *
   * @param facts What its hello says.
   * @param alpn The protocols it offers.
   */
  offered(facts: HelloFacts, alpn: readonly string[]): void {
    this.#tls.add(facts, alpn);
  }

  /**
   * Notes that a connection, or one request of it, has ended.
   *
   * @param summary What is known of it; kept, not copied.
   * @param end How it ended.
   * @param now When, as of `performance.now()`.
   */
  ended(summary: Summary, end: End, now: number): void {
    const { route, name, status } = summary;
    const counts = this.#outside.counts(route);
    counts.ended++;
    // A backend may say any three digits.
    if (status !== undefined && status >= 100 && status < 600) {
      counts.answers[Math.floor(status / 100) - 1]++;
    }
    if (end !== "done") {
      counts.failed++;
      this.#ends.set(end, (this.#ends.get(end) ?? 0) + 1);
    }
    const unknown = route === "fallback" || end !== "done" && UNKNOWN.has(end);
    if (unknown && name !== undefined) this.#unknown.add(name);
    this.#recents.add(summary, end, now);
  }

  /** All routes together. */
  get totals(): Totals {
    const totals = {
      accepted: 0,
      ended: 0,
      failed: 0,
      rx: 0,
      tx: 0,
      hits: 0,
      misses: 0,
      savedMs: 0,
    };
    for (const { accepted } of this.#listeners.values()) totals.accepted += accepted;
    for (const each of this.#outside.allCounts()) {
      totals.ended += each.ended;
      totals.failed += each.failed;
      totals.rx += each.rx;
      totals.tx += each.tx;
      totals.hits += each.hits;
      totals.misses += each.misses;
      totals.savedMs += each.savedMs;
    }
    return totals;
  }

  /** What was collected. */
  get status(): Pick<
    StatusData,
    "totals" | "protocols" | "tls" | "ends" | "unknownNames" | "recent" | "history"
  > {
    return {
      totals: this.totals,
      protocols: { ...this.#protocols },
      tls: this.#tls.status,
      ends: [...this.#ends].map(([end, count]) => ({ end, meaning: meaningOf(end), count }))
        .sort((a, b) => b.count - a.count),
      unknownNames: this.#unknown.top(COUNTED_NAMES),
      recent: this.#recents.list(),
      history: this.#recorder.history,
    };
  }

  /** Ends it. */
  [Symbol.dispose](): void {
    this.#recorder[Symbol.dispose]();
  }
}
