/**
 * The values of a YAML document, without the surprises of YAML.
 *
 * @module
 */
import { parse } from "@std/yaml";
import { Misread } from "./found.ts";
import { type OutlineNode, readOutline, type ScalarNode } from "./outline.ts";
import type { Finding } from "./problem.ts";

/** A document; `outline` is `undefined` if it is empty. */
export type Values =
  | { readonly ok: true; readonly values: unknown; readonly outline: OutlineNode | undefined }
  | { readonly ok: false; readonly findings: readonly Finding[] };

/** A number that everybody reads in the same way. */
const DECIMAL = /^[-+]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)$/;

/** Where `@std/yaml` says that it stopped. */
const STOPPED = /^(.*?) at line (\d+), column (-?\d+)/s;

/**
 * Reads a document. Numbers that are not written in decimal, and dates, become {@linkcode Misread}; keys with
 * nothing behind them become keys with `undefined`, so that they count as absent.
 *
 * @param text The text, without byte order mark.
 * @returns Plain mappings, lists and scalars, at most a million of them; or why there are none. Never throws.
 *
 * @example
 * ```ts
 * import { readValues } from "./values.ts";
 *
 * const read = readValues("timeouts: { idle: 5 }");
 * if (read.ok) read.values; // { timeouts: { idle: 5 } }
 * ```
 */
export function readValues(text: string): Values {
  const outline = readOutline(text);
  if (!outline.ok) return outline;
  let values: unknown;
  try {
    values = parse(text);
  } catch (error) {
    return { ok: false, findings: [syntaxFinding(text, error)] };
  }
  return { ok: true, values: plainValue(values, outline.root), outline: outline.root };
}

/** Walks both together: no further than the outline goes, which is bounded. */
function plainValue(value: unknown, node: OutlineNode | undefined): unknown {
  if (node?.kind === "list") {
    if (!Array.isArray(value)) return misread(undefined);
    return value.map((item, i) => plainValue(item, node.items[i]));
  }
  if (node?.kind === "mapping") {
    if (typeof value !== "object" || value === null) return misread(undefined);
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => {
        const plain = plainValue(inner, node.entries.get(key)?.node);
        return [key, plain === null ? undefined : plain];
      }),
    );
  }
  if (node === undefined || typeof value === "object" && value !== null) return misread(node);
  return typeof value === "number" && !DECIMAL.test(node.text) ? misread(node) : value;
}

/** Without a node, it is the two parsers that disagree: `017: x` has the key "15" for one of them. */
function misread(node: ScalarNode | undefined): Misread {
  return new Misread(node?.text ?? "an unusual key or value");
}

function syntaxFinding(text: string, error: unknown): Finding {
  const message = error instanceof Error ? error.message : String(error);
  const [, reason = message, line, column] = STOPPED.exec(message) ?? [];
  const offset = line === undefined ? 0 : offsetAt(text, Number(line), Number(column));
  return { path: [], offset, message: `not valid YAML: ${reason}` };
}

/** The offset of a place that is counted from 1, in UTF-16 units. */
function offsetAt(text: string, line: number, column: number): number {
  const breaks = /\r\n|\n|\r/g;
  let start = 0;
  for (let i = 1; i < line && breaks.exec(text) !== null; i++) start = breaks.lastIndex;
  return Math.max(start, start + column - 1);
}
