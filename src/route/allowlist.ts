/**
 * Which names are served at all.
 *
 * @module
 */
import { SuffixTrie } from "./suffix_trie.ts";

/** Says whether a name (lower-case, without a trailing dot) is on the list. Never throws. */
export type Allowlist = (name: string) => boolean;

/**
 * Compiles an allowlist. The patterns mean what they mean to SNIProxy-rs, which is more than in `routes`:
 *
 * - `x`: that name.
 * - `*.x`: `x` itself, and any depth below it.
 * - `*x`: every name that ends in `x`, within a label too: `*shop.com` allows `bookshop.com`.
 * - `*`: every name.
 *
 * @param patterns Lower-case; the empty list allows nothing.
 * @returns The check. It costs the same however many patterns there are, but for the different lengths of `*x`.
 *
 * @example
 * ```ts
 * import { compileAllowlist } from "./allowlist.ts";
 *
 * const allows = compileAllowlist(["*.example.com"]);
 * allows("example.com"); // true
 * allows("notexample.com"); // false
 * ```
 */
export function compileAllowlist(patterns: readonly string[]): Allowlist {
  const exact = new Set<string>();
  const below = new SuffixTrie<string>();
  const endings = new Map<number, Set<string>>();
  for (const pattern of patterns) {
    if (pattern === "*") return () => true;
    if (pattern.startsWith("*.")) {
      exact.add(pattern.slice(2));
      below.add(pattern.slice(2), pattern);
    } else if (pattern.startsWith("*")) {
      const ending = pattern.slice(1);
      const others = endings.get(ending.length);
      if (others === undefined) endings.set(ending.length, new Set([ending]));
      else others.add(ending);
    } else {
      exact.add(pattern);
    }
  }
  return (name) =>
    exact.has(name) || below.longest(name) !== undefined || endsInOneOf(name, endings);
}

function endsInOneOf(name: string, endings: ReadonlyMap<number, ReadonlySet<string>>): boolean {
  for (const [length, same] of endings) {
    if (same.has(name.slice(-length))) return true;
  }
  return false;
}
