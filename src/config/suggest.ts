/**
 * "Did you mean".
 *
 * @module
 */

/** Words further apart than this are not alike. */
const MAX_DISTANCE = 3;

/**
 * Finds the word that was probably meant: the one with the smallest edit distance (insertions, deletions,
 * substitutions and swaps of neighbours count 1 each), if that is at most 3 and less than half of the word.
 *
 * @param word What was written, of any length.
 * @param words What could have been.
 * @returns The nearest of `words`, the first of equally near ones; `undefined` if none is near. Never throws.
 *
 * @example
 * ```ts
 * import { suggest } from "./suggest.ts";
 *
 * suggest("backend", ["hosts", "backends"]); // "backends"
 * ```
 */
export function suggest(word: string, words: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = MAX_DISTANCE + 1;
  for (const candidate of words) {
    // The difference in length is a lower bound, and keeps long words from being looked at.
    if (Math.abs(candidate.length - word.length) >= least) continue;
    const distance = editDistance(word.toLowerCase(), candidate);
    if (distance < least && distance * 2 < candidate.length) {
      best = candidate;
      least = distance;
    }
  }
  return best;
}

/** Optimal string alignment distance, by dynamic programming over three rows. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
      }
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length];
}
