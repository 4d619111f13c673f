/**
 * The metrics of several workers as those of one process.
 *
 * @module
 */
import { AggregatorRegistry } from "prom-client";
import type { MetricsSnapshot } from "../observe/metrics.ts";

/** What a worker would do for others. */
const OFFERS = ["sniproxy_connections_max", "sniproxy_backend_up"];

/** Metrics that were merged. */
export interface Merged {
  /** As Prometheus text. */
  metrics(): Promise<string>;
  /** To be merged again. */
  getMetricsAsJSON(): Promise<MetricsSnapshot>;
}

/**
 * Merges metrics: counters and histograms add, gauges too, but for those that say otherwise themselves.
 *
 * @param parts Snapshots.
 * @returns The sums.
 */
export function mergeMetrics(parts: readonly MetricsSnapshot[]): Merged {
  return AggregatorRegistry.aggregate([...parts]);
}

/**
 * What is left of a worker that is no more: what it has counted has happened all the same.
 *
 * @param snapshot Its last metrics.
 * @returns Those of them that only ever grow.
 */
export function countersOf(snapshot: MetricsSnapshot): MetricsSnapshot {
  return snapshot.filter(({ type }) => String(type) === "counter" || String(type) === "histogram");
}

/**
 * What counts of a worker that only finishes what it has, by a configuration that is no longer in force.
 *
 * @param snapshot Its metrics.
 * @returns Those that tell what it has done and what it holds.
 */
export function withoutOffers(snapshot: MetricsSnapshot): MetricsSnapshot {
  return snapshot.filter(({ name }) => !OFFERS.includes(name));
}
