/**
 * The most frequent of any number of names, in bounded memory.
 *
 * @module
 */
import type { UnknownName } from "./status.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

interface Counter {
  count: number;
  error: number;
}

/**
 * Counts the most frequent names: Space-Saving (Metwally, Agrawal, El Abbadi, "Efficient computation of frequent and
 * top-k elements in data streams", 2005). A name that is not counted yet takes the place of the least frequent one,
 * and its count; so no count is too low, and every name that makes up more than one in `size` is there.
 *
 * @example
 * ```ts
 * import { TopNames } from "./top_names.ts";
 *
 * const names = new TopNames(2);
 * for (const name of ["a", "b", "a", "c"]) names.add(name);
 * names.top(2); // [{ name: "a", count: 2, error: 0 }, { name: "c", count: 2, error: 1 }]
 * ```
 */
export class TopNames {
  readonly #size: number;
  readonly #counters = new Map<string, Counter>();

  /**
   * Makes it with nothing counted.
   *
   * @param size How many names are counted at a time.
   */
  constructor(size: number) {
    this.#size = size;
  }

  /**
   * Counts a name.
   *
   * @param name The name: whoever calls bounds its length.
   */
  add(name: string): void {
    const known = this.#counters.get(name);
    if (known !== undefined) known.count++;
    else if (this.#counters.size < this.#size) {
      this.#counters.set(own(name), { count: 1, error: 0 });
    } else this.#replace(own(name));
  }

  /**
   * The most frequent ones.
   *
   * @param size How many.
   * @returns The most frequent first; of equals the surest, then as the alphabet has them.
   */
  top(size: number): UnknownName[] {
    const all = this.#counters.entries().map(([name, { count, error }]) => ({
      name,
      count,
      error,
    }));
    return mostFrequent(all, size);
  }

  #replace(name: string): void {
    let rarest: string | undefined;
    let least: Counter | undefined;
    for (const [each, counter] of this.#counters) {
      if (least !== undefined && counter.count >= least.count) continue;
      rarest = each;
      least = counter;
    }
    if (rarest === undefined || least === undefined) return;
    this.#counters.delete(rarest);
    least.error = least.count++;
    this.#counters.set(name, least);
  }
}

/** The same text: a slice would hold on to all that it was cut out of, a head of 64 KB for example. */
function own(name: string): string {
  return decoder.decode(encoder.encode(name));
}

/**
 * Sorts counted names and keeps the first.
 *
 * @param names The names, each once.
 * @param size How many to keep.
 * @returns The most frequent first; of equals the surest, then as the alphabet has them.
 */
export function mostFrequent(names: Iterable<UnknownName>, size: number): UnknownName[] {
  return [...names]
    .sort((a, b) => b.count - a.count || a.error - b.error || (a.name < b.name ? -1 : 1))
    .slice(0, size);
}
