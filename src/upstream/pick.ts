/**
 * Which of several backends is next.
 *
 * @module
 */
import type { Address } from "../config/config.ts";

/** Chooses one of a list. */
export type Pick = (backends: readonly Address[]) => Address;

/**
 * Makes a chooser that takes the backends of each list in turn.
 *
 * @returns The chooser; it remembers where each list is by the list itself.
 *
 * @example
 * ```ts
 * import { createRoundRobin } from "./pick.ts";
 *
 * const pick = createRoundRobin();
 * const backends = [{ host: "10.0.0.1", port: 443 }, { host: "10.0.0.2", port: 443 }];
 * pick(backends); // 10.0.0.1
 * pick(backends); // 10.0.0.2
 * ```
 */
export function createRoundRobin(): Pick {
  const turns = new WeakMap<readonly Address[], number>();
  return (backends) => {
    if (backends.length === 1) return backends[0];
    const turn = turns.get(backends) ?? 0;
    turns.set(backends, (turn + 1) % backends.length);
    return backends[turn];
  };
}
