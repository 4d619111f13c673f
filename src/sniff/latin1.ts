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

/** So many texts are remembered, of so many characters at the most: 20 KB in all. */
const SLOTS = 512;
const LONGEST = 40;

/** Which texts come is for clients to say: each has its place, and takes it from the one before. */
const remembered: string[] = new Array(SLOTS).fill("");

/**
 * The same for what comes again and again, such as names and the values of framing fields: a text that is remembered
 * costs a look at its bytes, and has been hashed for look-ups.
 *
 * @param bytes A buffer.
 * @param start Where the text begins.
 * @param end Where it ends; within the buffer.
 * @returns The text. Never throws.
 *
 * @example
 * ```ts
 * import { recurringLatin1 } from "./latin1.ts";
 *
 * recurringLatin1(new TextEncoder().encode("keep-alive"), 0, 10); // "keep-alive"
 * ```
 */
export function recurringLatin1(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length <= 0 || length > LONGEST) return latin1(bytes, start, end);
  const slot = (bytes[start] + 5 * bytes[start + (length >> 1)] + 31 * bytes[end - 1] + length) &
    (SLOTS - 1);
  const text = remembered[slot];
  if (text.length === length) {
    let at = 0;
    while (at < length && text.charCodeAt(at) === bytes[start + at]) at++;
    if (at === length) return text;
  }
  return remembered[slot] = latin1(bytes, start, end);
}

/** What `toString("latin1")` calls: by itself it needs no Buffer to be made around the bytes first. */
const { latin1Slice } = Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
};
