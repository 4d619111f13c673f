/**
 * Domain suffixes, found by walking a name's labels from the right.
 *
 * @module
 */

/** A suffix on the way from the root to the longest one that was found. */
export interface Suffix<T> {
  /** What was added under this suffix, in that order; may be empty. */
  readonly values: readonly T[];
  /** The suffix that is one label shorter; absent at the root. */
  readonly parent?: Suffix<T>;
}

interface Node<T> extends Suffix<T> {
  readonly values: T[];
  readonly parent?: Node<T>;
  /** By label; most nodes are leaves and never get one. */
  children?: Map<string, Node<T>>;
}

/**
 * Values under domain suffixes such as `example.com`, one level per label. A lookup stops at the first label
 * that no suffix has, so a name of 127 labels costs no more than the longest suffix, whatever their number.
 * (A map probed with every suffix of the name is as fast for hits and several times slower for misses.)
 *
 * @example
 * ```ts
 * import { SuffixTrie } from "./suffix_trie.ts";
 *
 * const trie = new SuffixTrie<string>();
 * trie.add("example.com", "shop");
 * trie.longest("www.eu.example.com")?.values; // ["shop"]
 * trie.longest("example.com"); // undefined
 * ```
 */
export class SuffixTrie<T> {
  readonly #root: Node<T> = { values: [] };

  /**
   * Adds a value.
   *
   * @param suffix One label or more, without a leading dot.
   * @param value What to find under it, after what is there already.
   */
  add(suffix: string, value: T): void {
    let node = this.#root;
    for (const label of suffix.split(".").reverse()) {
      node.children ??= new Map();
      let child = node.children.get(label);
      if (child === undefined) {
        child = { values: [], parent: node };
        node.children.set(label, child);
      }
      node = child;
    }
    node.values.push(value);
  }

  /**
   * Finds the longest suffix that is followed, to the left, by at least one more label.
   *
   * @param name A host name.
   * @returns The suffix, which has values; `undefined` if there is none. Never throws.
   */
  longest(name: string): Suffix<T> | undefined {
    let node = this.#root;
    let longest: Node<T> | undefined;
    for (let end = name.length; node.children !== undefined;) {
      const dot = name.lastIndexOf(".", end - 1);
      if (dot === -1) break;
      const child = node.children.get(name.slice(dot + 1, end));
      if (child === undefined) break;
      node = child;
      if (node.values.length > 0) longest = node;
      end = dot;
    }
    return longest;
  }
}
