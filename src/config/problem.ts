/**
 * What is wrong in a file, and where.
 *
 * @module
 */
import { quote } from "./found.ts";

/** One thing that is wrong. */
export interface Problem {
  /** Such as `routes[0].backends[1]`; `""` for the document. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
  /** What was found, and what is accepted: one line. */
  readonly message: string;
}

/** Keys of mappings and indexes of lists, from the outermost. */
export type Path = readonly PropertyKey[];

/** A problem with a value, wherever that stands in a text. */
export interface Complaint {
  /** Where the value is. */
  readonly path: Path;
  /** As in {@linkcode Problem}. */
  readonly message: string;
  /** Whether it is about the key of the value. */
  readonly atKey?: boolean;
}

/** A problem whose place is not counted in lines yet. */
export interface Finding {
  /** What it is about. */
  readonly path: Path;
  /** UTF-16 offset in the text. */
  readonly offset: number;
  /** As in {@linkcode Problem}. */
  readonly message: string;
}

const PLAIN_KEY = /^[\w-]{1,64}$/;

/**
 * Counts lines and columns. One pass over the text, however many findings there are.
 *
 * @param text The text.
 * @param findings In any order; offsets outside of the text count as its end.
 * @returns The problems, in the order of their places. Never throws.
 */
export function locate(text: string, findings: readonly Finding[]): Problem[] {
  const sorted = findings.toSorted((a, b) => a.offset - b.offset);
  let line = 1;
  let column = 1;
  let at = 0;
  return sorted.map(({ path, offset, message }) => {
    for (; at < offset && at < text.length; at++) {
      const unit = text.charCodeAt(at);
      const next = text.charCodeAt(at + 1);
      if (unit === 0x0a || (unit === 0x0d && next !== 0x0a)) {
        line++;
        column = 1;
      } else if (!isHighSurrogate(unit) || !isLowSurrogate(next)) {
        column++;
      }
    }
    return { path: formatPath(path), line, column, message };
  });
}

/**
 * Writes a problem on one line.
 *
 * @param file Where it was found.
 * @param problem The problem.
 * @returns Such as `config.yaml:12:5: routes[0].backends[1]: found "10.0.0.1", expected host:port`.
 *
 * @example
 * ```ts
 * import { formatProblem } from "./problem.ts";
 *
 * const message = "missing, expected a list";
 * formatProblem("config.yaml", { path: "listen_addrs", line: 1, column: 1, message });
 * // "config.yaml:1:1: listen_addrs: missing, expected a list"
 * ```
 */
export function formatProblem(file: string, problem: Problem): string {
  const { path, line, column, message } = problem;
  return `${file}:${line}:${column}: ${path === "" ? "" : `${path}: `}${message}`;
}

function formatPath(path: Path): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (!PLAIN_KEY.test(String(part))) text += `[${quote(String(part))}]`;
    else text += text === "" ? String(part) : `.${String(part)}`;
  }
  return text;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}
