/**
 * What a reader of one value returns.
 *
 * @module
 */

/** A value; or what is accepted in its place, worded to follow "expected". */
export type Parsed<T> = { readonly value: T } | { readonly accepts: string };

/**
 * Reads one value of the configuration. Never throws.
 *
 * @example
 * ```ts
 * import type { Reader } from "./parsed.ts";
 *
 * const readPort: Reader<number> = (found) =>
 *   found === 80 ? { value: 80 } : { accepts: "port 80" };
 * ```
 */
export type Reader<T> = (found: unknown) => Parsed<T>;
