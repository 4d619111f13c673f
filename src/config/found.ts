/**
 * How a problem says what was found.
 *
 * @module
 */

/** Longer texts are cut to this many characters. */
const MAX_SHOWN = 80;

/** C1 controls and line separators, which JSON leaves as they are and terminals do not. */
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029]/g;

/** A scalar that YAML turned into something else than it looks like: `017` is 15, `2024-01-01` a Date. */
export class Misread {
  /**
   * Keeps the text.
   *
   * @param text The scalar as written.
   */
  constructor(readonly text: string) {}
}

/**
 * Words a problem with one value.
 *
 * @param found The value.
 * @param accepts What is accepted in its place.
 * @returns One line. Never throws.
 *
 * @example
 * ```ts
 * import { complain } from "./found.ts";
 *
 * complain("yes", "true or false"); // 'found "yes", expected true or false'
 * ```
 */
export function complain(found: unknown, accepts: string): string {
  if (found === undefined) return `missing, expected ${accepts}`;
  if (found instanceof Misread) {
    return `found ${
      show(found.text)
    }, which YAML reads as something else: write it in decimal or put it in quotes`;
  }
  return `found ${describe(found)}, expected ${accepts}`;
}

/**
 * Puts a text in quotes, on one line, shortened if it is long.
 *
 * @param text Any text.
 * @returns The text as a JSON string of printable characters. Never throws.
 */
export function quote(text: string): string {
  return escape(JSON.stringify(shorten(text)));
}

function describe(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (value === null) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  return typeof value === "object" ? "a mapping" : String(value);
}

function show(text: string): string {
  return escape(shorten(text).replaceAll(/\s+/g, " "));
}

function shorten(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text;
}

function escape(text: string): string {
  return text.replaceAll(
    UNPRINTABLE,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
