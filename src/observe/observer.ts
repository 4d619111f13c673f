/**
 * Whom a session tells what happens.
 *
 * @module
 */
import type { HelloFacts, Protocol } from "../sniff/sniffed.ts";
import type { Facts } from "./log.ts";
import type { RouteCounts } from "./metrics.ts";
import type { End, Summary } from "./summary.ts";

/** Takes note of what happens to connections. */
export interface Observer {
  /** Whether the steps of a connection that begins now are to be told. */
  readonly verbose: boolean;
  /** A step of the connection with this id. */
  step(id: string, message: string, facts?: Facts): void;
  /** What a connection speaks is known. */
  detected(protocol: Protocol): void;
  /** What a TLS client offers is known. */
  offered(facts: HelloFacts, alpn: readonly string[]): void;
  /** A backend has accepted, after so many milliseconds. */
  connected(route: string, ms: number): void;
  /** There was no descriptor left for a backend. */
  exhausted(): void;
  /** Where a route's traffic is counted; the route is absent for a client that never got one. */
  counts(route: string | undefined): RouteCounts;
  /** A connection, or one request of it, is to be logged; it is now, as of `performance.now()`. */
  log(summary: Summary, end: End, now: number): void;
  /** A connection is over. */
  ended(summary: Summary, end: End): void;
}
