/**
 * Events of a YAML parser to an outline.
 *
 * @module
 */
import { type Event, EVENT_ID, getScalarValue, SCALAR_STYLE, type ScalarEvent } from "js-yaml";
import { quote } from "./found.ts";
import type { Entry, OutlineNode, ScalarNode } from "./outline.ts";
import type { Finding } from "./problem.ts";

/** Most nodes in a document, those that aliases and merge keys repeat counted every time. */
const MAX_NODES = 1_000_000;

/** Deepest nesting, once aliases are followed. */
const MAX_DEPTH = 100;

/** Plain scalars that are false to JavaScript, but for zero. */
const FALSY = /^(?:~|null|false|\.nan)?$/i;

/** A collection that is being read. */
interface Open {
  readonly start: number;
  /** Name of its anchor. */
  readonly anchor?: string;
  /** Absent for a mapping. */
  readonly items?: OutlineNode[];
  readonly entries: Map<string, Entry>;
  /** Of a mapping, the key whose value comes next. */
  key?: { readonly text: string; readonly offset: number; readonly merge: boolean };
  size: number;
  height: number;
}

/**
 * Puts the nodes of a stream of events together.
 *
 * @example
 * ```ts
 * import { parseEvents } from "js-yaml";
 * import { OutlineBuilder } from "./outline_builder.ts";
 *
 * const builder = new OutlineBuilder("a: 1");
 * for (const event of parseEvents("a: 1", {})) builder.take(event);
 * builder.root?.kind; // "mapping"
 * ```
 */
export class OutlineBuilder {
  /** What is wrong so far. */
  readonly findings: Finding[] = [];
  /** The outermost node, once all events are taken. */
  root: OutlineNode | undefined;
  readonly #text: string;
  readonly #open: Open[] = [];
  readonly #anchors = new Map<string, OutlineNode | Open>();

  /**
   * Starts with nothing.
   *
   * @param text What the events are of.
   */
  constructor(text: string) {
    this.#text = text;
  }

  /**
   * Takes the next event.
   *
   * @param event The event, of a single document.
   * @returns Whether to go on. Never throws.
   *
   * @internal
   */
  take(event: Event): boolean {
    switch (event.type) {
      case EVENT_ID.DOCUMENT:
        return true;
      case EVENT_ID.SEQUENCE:
      case EVENT_ID.MAPPING: {
        this.#refuseTag(event);
        const items = event.type === EVENT_ID.SEQUENCE ? [] : undefined;
        const anchor = this.#anchorOf(event);
        const open = { start: event.start, anchor, items, entries: new Map(), size: 1, height: 1 };
        if (anchor !== undefined) this.#anchors.set(anchor, open);
        this.#open.push(open);
        return true;
      }
      case EVENT_ID.POP: {
        const open = this.#open.pop();
        // The end of a document closes nothing.
        return open === undefined || this.#close(open);
      }
      case EVENT_ID.SCALAR: {
        this.#refuseTag(event);
        const node = this.#scalar(event);
        const anchor = this.#anchorOf(event);
        if (anchor !== undefined) this.#anchors.set(anchor, node);
        return this.#add(node);
      }
      case EVENT_ID.ALIAS:
        return this.#add(this.#alias(event.anchorStart - 1, this.#anchorOf(event) ?? ""));
    }
  }

  #close({ start, anchor, items, entries, size, height }: Open): boolean {
    const place = { start, size, height };
    const node: OutlineNode = items === undefined
      ? { ...place, kind: "mapping", entries }
      : { ...place, kind: "list", items };
    // An anchor of the same name inside would be the later one.
    if (anchor !== undefined && !isNode(this.#anchors.get(anchor))) this.#anchors.set(anchor, node);
    return this.#add(node);
  }

  #scalar(event: ScalarEvent): ScalarNode {
    const plain = event.style === SCALAR_STYLE.PLAIN;
    const text = getScalarValue(this.#text, event);
    const node = { kind: "scalar", text, plain, size: 1, height: 1 } as const;
    let start = startOf(event);
    if (start === undefined) return node;
    // A block scalar begins with its indentation.
    while (start < event.valueEnd && " \r\n".includes(this.#text[start])) start++;
    return { ...node, start };
  }

  #alias(start: number, name: string): OutlineNode {
    const target = this.#anchors.get(name);
    if (target !== undefined && isNode(target)) {
      if (isFalsy(target)) {
        this.#refuse(
          start,
          `found the alias ${
            quote(`*${name}`)
          } of false, zero or nothing, expected the value itself`,
        );
      }
      if (this.#open.length + target.height > MAX_DEPTH) {
        this.#refuse(start, `found more than ${MAX_DEPTH} levels, aliases included`);
      }
      return { ...target, start };
    }
    this.#refuse(
      start,
      target === undefined
        ? `found the alias ${quote(`*${name}`)}, expected the name of an anchor above it`
        : `found the alias ${quote(`*${name}`)} inside of what it stands for`,
    );
    return { kind: "scalar", text: "", plain: true, start, size: 1, height: 1 };
  }

  /** @returns Whether to go on. */
  #add(node: OutlineNode): boolean {
    const parent = this.#open.at(-1);
    if (parent === undefined) {
      this.root = node;
      return true;
    }
    parent.size += node.size;
    parent.height = Math.max(parent.height, node.height + 1);
    if (parent.size > MAX_NODES) {
      const offset = node.start ?? parent.start;
      this.#refuse(offset, `found more than ${MAX_NODES} nodes, aliases included`);
      return false;
    }
    if (parent.items !== undefined) parent.items.push(node);
    else if (parent.key === undefined) this.#addKey(parent, node);
    else {
      this.#addValue(parent, parent.key, node);
      parent.key = undefined;
    }
    return true;
  }

  #addKey(parent: Open, node: OutlineNode): void {
    const offset = node.start ?? parent.start;
    if (node.kind === "scalar") {
      const { text, plain } = node;
      if (text === "__proto__") this.#refuse(offset, `unknown key "__proto__"`);
      parent.key = { text, offset, merge: plain && text === "<<" };
    } else {
      this.#refuse(offset, `found a ${node.kind} as a key, expected a text`);
      parent.key = { text: "", offset, merge: false };
    }
  }

  #addValue(
    { entries }: Open,
    { text, offset, merge }: NonNullable<Open["key"]>,
    node: OutlineNode,
  ): void {
    if (merge) return this.#merge(entries, node, offset);
    if (entries.get(text)?.merged === false) {
      this.#refuse(offset, `found the key ${quote(text)} again, expected every key once`);
    }
    entries.set(text, { key: offset, node, merged: false });
  }

  #merge(entries: Map<string, Entry>, from: OutlineNode, offset: number): void {
    for (const source of from.kind === "list" ? from.items : [from]) {
      if (source.kind !== "mapping") {
        this.#refuse(source.start ?? offset, "found no mapping to merge, expected one after <<");
        continue;
      }
      for (const [key, entry] of source.entries) {
        if (!entries.has(key)) entries.set(key, { ...entry, merged: true });
      }
    }
  }

  #anchorOf({ anchorStart, anchorEnd }: Anchored): string | undefined {
    return anchorStart === -1 ? undefined : this.#text.slice(anchorStart, anchorEnd);
  }

  #refuseTag({ tagStart, tagEnd }: { readonly tagStart: number; readonly tagEnd: number }): void {
    if (tagStart === -1) return;
    const tag = quote(this.#text.slice(tagStart, tagEnd));
    this.#refuse(tagStart, `found the tag ${tag}, expected a value without a tag`);
  }

  #refuse(offset: number, message: string): void {
    const path = this.#open.flatMap(({ items, key }) => items?.length ?? key?.text ?? []);
    this.findings.push({ path, offset, message });
  }
}

/** What says where the name of an anchor is. */
interface Anchored {
  readonly anchorStart: number;
  readonly anchorEnd: number;
}

/** `@std/yaml` stumbles over aliases of such values. */
function isFalsy(node: OutlineNode): boolean {
  if (node.kind !== "scalar") return false;
  const { plain, text } = node;
  return plain ? FALSY.test(text) || Number(text.replaceAll("_", "")) === 0 : text === "";
}

function isNode(value: OutlineNode | Open | undefined): value is OutlineNode {
  return value !== undefined && "kind" in value;
}

/**
 * Says where the node of an event starts.
 *
 * @param event The event.
 * @returns A UTF-16 offset; `undefined` for an empty node, and for an event that is no node. Never throws.
 *
 * @internal
 */
export function startOf(event: Event): number | undefined {
  switch (event.type) {
    case EVENT_ID.SEQUENCE:
    case EVENT_ID.MAPPING:
      return event.start;
    case EVENT_ID.ALIAS:
      return event.anchorStart - 1;
    case EVENT_ID.SCALAR: {
      if (event.valueStart === -1) return undefined;
      const { style, valueStart } = event;
      const quoted = style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED;
      return quoted ? valueStart - 1 : valueStart;
    }
    default:
      return undefined;
  }
}
