/**
 * What is said about a handful of figures.
 *
 * @module
 */

/** The middle of some figures, and how far they lie apart. */
export interface Spread {
  /** The median. */
  readonly median: number;
  /** The smallest. */
  readonly min: number;
  /** The largest. */
  readonly max: number;
}

/**
 * The median: the middle one, or the mean of the two in the middle.
 *
 * @param figures At least one.
 * @returns The median; `NaN` of none.
 *
 * @example
 * ```ts
 * import { median } from "./statistics.ts";
 *
 * median([3, 1, 2]); // 2
 * median([4, 1, 2, 3]); // 2.5
 * ```
 */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * The median with the smallest and the largest.
 *
 * @param figures At least one.
 * @returns The three.
 */
export function spread(figures: readonly number[]): Spread {
  return { median: median(figures), min: Math.min(...figures), max: Math.max(...figures) };
}

/**
 * Divides the figures of one by those of another, round by round: what both suffered in a round, such as a busy
 * machine, cancels out.
 *
 * @param ours One figure a round.
 * @param theirs As many.
 * @returns The ratios.
 */
export function ratios(ours: readonly number[], theirs: readonly number[]): number[] {
  return ours.map((figure, round) => figure / theirs[round]);
}
