/**
 * The structure of a YAML document with the place of everything in it.
 *
 * @module
 */
import { type Event, EVENT_ID, parseEvents, YAMLException } from "js-yaml";
import { OutlineBuilder, startOf } from "./outline_builder.ts";
import type { Finding, Path } from "./problem.ts";

/** Deepest nesting, before aliases are followed. */
const MAX_DEPTH = 100;

/** What all nodes have. */
export interface Place {
  /** UTF-16 offset; absent for an empty value. */
  readonly start?: number;
  /** How many nodes it is, itself included. */
  readonly size: number;
  /** How many levels it is, itself included. */
  readonly height: number;
}

/** A text, number, date, boolean or nothing. */
export interface ScalarNode extends Place {
  /** Which kind of node it is. */
  readonly kind: "scalar";
  /** As written, but for quotes, escapes and folding. */
  readonly text: string;
  /** Without quotes, and so open to interpretation. */
  readonly plain: boolean;
}

/** A list. */
export interface ListNode extends Place {
  /** Which kind of node it is. */
  readonly kind: "list";
  /** In order. */
  readonly items: readonly OutlineNode[];
}

/** A mapping. */
export interface MappingNode extends Place {
  /** Which kind of node it is. */
  readonly kind: "mapping";
  /** Those of merge keys are among them. */
  readonly entries: ReadonlyMap<string, Entry>;
}

/** A key and its value. */
export interface Entry {
  /** UTF-16 offset of the key. */
  readonly key: number;
  /** The value. */
  readonly node: OutlineNode;
  /** Whether it came from a merge key, and so may be overridden. */
  readonly merged: boolean;
}

/** One node of a document; what an alias stands for is in its place, at the offset of the alias. */
export type OutlineNode = ScalarNode | ListNode | MappingNode;

/** The outline of a document, `undefined` for one without content; or why there is none. */
export type Outline =
  | { readonly ok: true; readonly root: OutlineNode | undefined }
  | { readonly ok: false; readonly findings: readonly Finding[] };

/**
 * Finds out what stands where. Refuses what the configuration has no use for and what could do harm: several
 * documents, tags, keys that are no scalars, duplicate keys, aliases of false, zero or nothing, aliases inside
 * of what they stand for, and more than a million nodes or a hundred levels once aliases are followed. So
 * whoever reads the values of a document that has an outline meets no cycle and no explosion.
 *
 * @param text The text, without byte order mark.
 * @returns The outline. Never throws.
 *
 * @example
 * ```ts
 * import { offsetOf, readOutline } from "./outline.ts";
 *
 * const outline = readOutline("a: [x, y]");
 * if (outline.ok && outline.root) offsetOf(outline.root, ["a", 1]); // 7
 * ```
 */
export function readOutline(text: string): Outline {
  let events: Event[];
  try {
    events = parseEvents(text, { maxDepth: MAX_DEPTH });
  } catch (error) {
    return { ok: false, findings: [syntaxFinding(error)] };
  }
  const second = events.findIndex(({ type }, index) => index > 0 && type === EVENT_ID.DOCUMENT);
  if (second !== -1) {
    const offset = startOf(events[second + 1]) ?? text.length;
    return {
      ok: false,
      findings: [{ path: [], offset, message: "found a second document, expected one" }],
    };
  }
  const builder = new OutlineBuilder(text);
  for (const event of events) {
    if (!builder.take(event)) break;
  }
  const { root, findings } = builder;
  return findings.length === 0 ? { ok: true, root } : { ok: false, findings };
}

/**
 * Finds the place of a value, or of its key.
 *
 * @param root The outline.
 * @param path Where the value is. If there is no such value, its nearest ancestor counts.
 * @param atKey Whether the key is wanted.
 * @returns A UTF-16 offset. Never throws.
 */
export function offsetOf(root: OutlineNode, path: Path, atKey = false): number {
  let node = root;
  let offset = root.start ?? 0;
  for (const [index, part] of path.entries()) {
    if (node.kind === "list") {
      const item = node.items[Number(part)];
      if (item === undefined) break;
      node = item;
      offset = node.start ?? offset;
    } else {
      const entry = node.kind === "mapping" ? node.entries.get(String(part)) : undefined;
      if (entry === undefined) break;
      node = entry.node;
      offset = node.start ?? entry.key;
      if (atKey && index === path.length - 1) return entry.key;
    }
  }
  return offset;
}

function syntaxFinding(error: unknown): Finding {
  const known = error instanceof YAMLException;
  const reason = known ? error.reason : error instanceof Error ? error.message : String(error);
  const offset = known ? error.mark?.position ?? 0 : 0;
  return { path: [], offset, message: `not valid YAML: ${reason}` };
}
