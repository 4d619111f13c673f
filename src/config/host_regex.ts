/**
 * Regular expressions over host names that are safe to run on names from strangers.
 *
 * @module
 */
import { safeRegex } from "safe-regex2";
import type { Parsed } from "./parsed.ts";

/** Longest expression, in characters. */
const MAX_LENGTH = 1000;

/** A `$` at the end that is not escaped. */
const END = /(?:^|[^\\])(?:\\\\)*\$$/;

/**
 * Reads a regular expression between slashes. JavaScript backtracks: with `^(a+)+$` or `^(a|a)*$` a name of 40
 * characters would stop the event loop for hours. So neither a repetition nor a choice is accepted inside of a
 * repeated group; without them, every round of the group takes the same number of characters, and there are no
 * exponentially many ways to try.
 *
 * @param text `/`, an expression that begins with `^` and ends with `$`, and `/`.
 * @returns The text itself. Never throws.
 *
 * @example
 * ```ts
 * import { parseHostRegex } from "./host_regex.ts";
 *
 * parseHostRegex("/^shop-[0-9]+\\.example\\.com$/"); // { value: "/^shop-[0-9]+\\.example\\.com$/" }
 * ```
 */
export function parseHostRegex(text: string): Parsed<string> {
  const source = text.slice(1, -1);
  if (text.length < 2 || !text.endsWith("/") || !source.startsWith("^") || !END.test(source)) {
    return {
      accepts: String.raw`a regex between "/^" and "$/", such as '/^shop-[0-9]+\.example\.com$/'`,
    };
  }
  if (source.length > MAX_LENGTH) {
    return { accepts: `a regex of at most ${MAX_LENGTH} characters` };
  }
  try {
    new RegExp(source, "i");
  } catch (error) {
    const reason = error instanceof Error ? error.message.split(": ").at(-1) : String(error);
    return { accepts: `a valid regex (${reason})` };
  }
  if (!safeRegex(source)) {
    return { accepts: `a regex without a repetition inside of another, and at most 25 of them` };
  }
  if (repeatsChoice(source)) {
    return { accepts: `a regex without a choice inside of a repeated group: "[ab]*" for "(a|b)*"` };
  }
  return { value: text };
}

/** Whether a group that is repeated holds a `|`, at any depth. The source is a valid expression. */
function repeatsChoice(source: string): boolean {
  // For each open group, the outermost being the whole: whether it holds a choice.
  const open = [false];
  let inClass = false;
  for (let i = 0; i < source.length; i++) {
    const char = source[i];
    if (char === "\\") i++;
    else if (inClass) inClass = char !== "]";
    else if (char === "[") inClass = true;
    else if (char === "(") open.push(false);
    else if (char === "|") open[open.length - 1] = true;
    else if (char === ")") {
      const choice = open.pop() ?? false;
      if (choice && "*+{".includes(source[i + 1])) return true;
      if (choice) open[open.length - 1] = true;
    }
  }
  return false;
}
