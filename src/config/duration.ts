/**
 * Durations: seconds, or a number with a unit.
 *
 * @module
 */
import type { Parsed } from "./parsed.ts";

/** Milliseconds in a unit. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

/** The longest, 365 days, in milliseconds. */
export const MAX_DURATION = 365 * 24 * 3_600_000;

/** A number with a unit. */
export const DURATION_TEXT = /^(\d{1,15}(?:\.\d{1,15})?)(ms|s|m|h)$/;

/**
 * Reads a duration.
 *
 * @param found Seconds as a number, or a text such as `500ms`, `10s`, `5m`, `1h`.
 * @param options With `zero`, 0 is accepted, too.
 * @returns Whole milliseconds, at least 1 (but for zero) and at most 365 days. Never throws.
 *
 * @example
 * ```ts
 * import { parseDuration } from "./duration.ts";
 *
 * parseDuration("1.5s"); // { value: 1500 }
 * ```
 */
export function parseDuration(
  found: unknown,
  { zero = false }: { readonly zero?: boolean } = {},
): Parsed<number> {
  const exact = typeof found === "number"
    ? found * 1_000
    : typeof found === "string"
    ? parseText(found)
    : NaN;
  const value = Math.round(exact);
  if ((value > 0 || (zero && exact === 0)) && value <= MAX_DURATION) return { value };
  const least = zero ? "0" : "1ms";
  return {
    accepts: `a duration from ${least} to 365 days: seconds such as 10 or 0.5, ` +
      `or a text such as "500ms", "10s", "5m" or "1h"`,
  };
}

function parseText(text: string): number {
  const [, number, unit] = DURATION_TEXT.exec(text) ?? [];
  return Number(number) * (UNITS.get(unit) ?? NaN);
}
