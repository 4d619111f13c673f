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
 * @returns The check. Exact names and `*.x` cost the same however many there are; `*x` are tried one by one.
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
  const endings: string[] = [];
  for (const pattern of patterns) {
    if (pattern === "*") return () => true;
    if (pattern.startsWith("*.")) {
      exact.add(pattern.slice(2));
      below.add(pattern.slice(2), pattern);
    } else if (pattern.startsWith("*")) {
      endings.push(pattern.slice(1));
    } else {
      exact.add(pattern);
    }
  }
  return (name) =>
    exact.has(name) || below.longest(name) !== undefined || endsInOneOf(name, endings);
}

function endsInOneOf(name: string, endings: readonly string[]): boolean {
  for (const ending of endings) {
    if (name.endsWith(ending)) return true;
  }
  return false;
}
