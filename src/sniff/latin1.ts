/**
 * Bytes as text, one character each.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/**
 * Reads bytes as ISO 8859-1, so that each character has the number of its byte. `TextDecoder` knows no such encoding:
 * its `latin1` is Windows-1252, which has other characters for 128 to 159.
 *
 * @param bytes A buffer.
 * @param start Where the text begins.
 * @param end Where it ends.
 * @returns The text. Never throws.
 *
 * @example
 * ```ts
 * import { latin1 } from "./latin1.ts";
 *
 * latin1(new Uint8Array([71, 69, 84, 128]), 0, 4); // "GET\u0080"
 * ```
 */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  return start < end ? latin1Slice.call(bytes, start, Math.min(end, bytes.length)) : "";
}

/** What `toString("latin1")` calls: by itself it needs no Buffer to be made around the bytes first. */
const { latin1Slice } = Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
};
