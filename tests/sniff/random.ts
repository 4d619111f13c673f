/**
 * Random numbers that are the same in every run.
 *
 * @module
 */

/**
 * A linear congruence.
 *
 * @param seed Where it starts.
 * @returns A function that gives whole numbers from 0 up to, not including, `below`.
 */
export function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}
