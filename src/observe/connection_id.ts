/**
 * What connections are called in logs.
 *
 * @module
 */

/** In base 36, so that the same number of two processes, or of two lives of one, is told apart. */
const PROCESS = Math.floor(Math.random() * 36 ** 4).toString(36).padStart(4, "0");

let count = 0;

/**
 * Gives a connection its id. Costs a few dozen nanoseconds, and no entropy.
 *
 * @returns Such as `k3f9-2s`: letters, digits and a hyphen. No two of one process are the same.
 *
 * @example
 * ```ts
 * import { nextConnectionId } from "./connection_id.ts";
 *
 * nextConnectionId() === nextConnectionId(); // false
 * ```
 */
export function nextConnectionId(): string {
  return `${PROCESS}-${(++count).toString(36)}`;
}
