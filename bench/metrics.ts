/**
 * What our own metrics say.
 *
 * @module
 */

/** How often a backend socket was at hand. */
export interface PoolCounts {
  /** So often. */
  readonly hits: number;
  /** So often not. */
  readonly misses: number;
}

/**
 * Reads the pool's counters.
 *
 * @param url The proxy's `/metrics`; `undefined` for a proxy that has none.
 * @returns The counts, `NaN` where there are none.
 */
export async function poolCounts(url: string | undefined): Promise<PoolCounts> {
  if (url === undefined) return { hits: NaN, misses: NaN };
  const text = await (await fetch(url)).text();
  return {
    hits: sumOf(text, "sniproxy_pool_hits_total"),
    misses: sumOf(text, "sniproxy_pool_misses_total"),
  };
}

/**
 * The share of hits between two readings.
 *
 * @param before The first reading.
 * @param after The second.
 * @returns 0 to 100; `NaN` if nobody asked.
 */
export function hitPercent(before: PoolCounts, after: PoolCounts): number {
  const hits = after.hits - before.hits;
  return 100 * hits / (hits + after.misses - before.misses);
}

/**
 * Adds up a metric over its labels.
 *
 * @param text Prometheus text.
 * @param name The name of the metric.
 * @returns The sum; 0 if it is not there.
 *
 * @example
 * ```ts
 * import { sumOf } from "./metrics.ts";
 *
 * sumOf('a_total{x="1"} 2\na_total{x="2"} 3\n', "a_total"); // 5
 * ```
 */
export function sumOf(text: string, name: string): number {
  let sum = 0;
  for (const line of text.split("\n")) {
    if (/^[{ ]/.test(line.slice(name.length)) && line.startsWith(name)) {
      sum += Number(line.slice(line.lastIndexOf(" ")));
    }
  }
  return sum;
}
