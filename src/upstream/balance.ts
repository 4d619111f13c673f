/**
 * Which of several backends is next.
 *
 * @module
 */
import type { Balance } from "../config/config.ts";

/** A backend that can be chosen. */
export interface Candidate {
  /** What it is called: the same in every process, so that a client finds the same backend through any of them. */
  readonly key: string;
  /** Its share beside the others'. */
  readonly weight: number;
  /** Connections to it at the moment. */
  readonly active: number;
}

/**
 * Chooses one of at least one candidate. The list may differ from call to call: what is down or was tried already is
 * not in it. `source` is the client's IP address.
 */
export type Balancer<T extends Candidate> = (candidates: readonly T[], source: string) => T;

/**
 * Makes a chooser.
 *
 * - `round_robin`: in turn, smooth by weight: with weights 2 and 1 it is a b a, and never a a b a a b's burst.
 * - `least_connections`: the fewest connections for its weight; among equals, in turn.
 * - `random`: two at random by weight, and of these the one with fewer connections for its weight.
 * - `source_ip`: the same one for the same client. One backend more or less moves only the clients it gets or had
 *   (rendezvous hashing, weighted).
 *
 * @param balance How to choose.
 * @param random A number from 0 to 1.
 * @returns The chooser. It allocates nothing for a choice.
 *
 * @example
 * ```ts
 * import { createBalancer } from "./balance.ts";
 *
 * const choose = createBalancer("round_robin", Math.random);
 * const backends = [{ key: "a", weight: 2, active: 0 }, { key: "b", weight: 1, active: 0 }];
 * [1, 2, 3].map(() => choose(backends, "192.0.2.1").key); // a, b, a
 * ```
 */
export function createBalancer<T extends Candidate>(
  balance: Balance,
  random: () => number,
): Balancer<T> {
  switch (balance) {
    case "round_robin":
      return smoothRoundRobin();
    case "least_connections":
      return leastConnections();
    case "random":
      return (candidates) => {
        const one = weighted(candidates, random());
        const other = weighted(candidates, random());
        return load(other) < load(one) ? other : one;
      };
    case "source_ip":
      return rendezvous;
  }
}

/** As in nginx: everybody gains its weight, the richest is chosen and pays what all have gained. */
function smoothRoundRobin<T extends Candidate>(): Balancer<T> {
  const gained = new WeakMap<T, number>();
  return (candidates) => {
    let total = 0;
    let best = candidates[0];
    let most = -Infinity;
    for (const candidate of candidates) {
      const { weight } = candidate;
      const current = (gained.get(candidate) ?? 0) + weight;
      gained.set(candidate, current);
      total += weight;
      if (current > most) {
        most = current;
        best = candidate;
      }
    }
    gained.set(best, most - total);
    return best;
  };
}

function leastConnections<T extends Candidate>(): Balancer<T> {
  let turn = 0;
  return (candidates) => {
    const { length } = candidates;
    // Equals take turns, for whoever comes first in the list would get all the first connections.
    let best = turn % length;
    for (let i = 1; i < length; i++) {
      const index = (turn + i) % length;
      if (load(candidates[index]) < load(candidates[best])) best = index;
    }
    turn = best + 1;
    return candidates[best];
  };
}

function load({ active, weight }: Candidate): number {
  return active / weight;
}

function weighted<T extends Candidate>(candidates: readonly T[], random: number): T {
  let total = 0;
  for (const { weight } of candidates) total += weight;
  let left = random * total;
  for (const candidate of candidates) {
    left -= candidate.weight;
    if (left < 0) return candidate;
  }
  return candidates[candidates.length - 1];
}

/** Weighted rendezvous hashing: the backend with the best score for this client, whoever else there is. */
function rendezvous<T extends Candidate>(candidates: readonly T[], source: string): T {
  const seed = hash(source, 0);
  let best = candidates[0];
  let highest = -Infinity;
  for (const candidate of candidates) {
    // From 0 to 1, both excluded.
    const uniform = (hash(candidate.key, seed) + 0.5) / 2 ** 32;
    const score = -candidate.weight / Math.log(uniform);
    if (score > highest) {
      highest = score;
      best = candidate;
    }
  }
  return best;
}

/** FNV-1a, then the finalizer of MurmurHash3, without which similar texts have similar hashes. */
function hash(text: string, seed: number): number {
  let h = 0x811c9dc5 ^ seed;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
