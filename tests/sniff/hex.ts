/**
 * Bytes as people write them.
 *
 * @module
 */

/**
 * Reads hexadecimal digits.
 *
 * @param text The digits, with white space anywhere.
 * @returns The bytes.
 */
export function hex(text: string): Uint8Array<ArrayBuffer> {
  const digits = text.replace(/\s/g, "");
  return new Uint8Array(digits.length / 2).map((_, i) =>
    parseInt(digits.slice(2 * i, 2 * i + 2), 16)
  );
}

/**
 * Reads text, each character as one byte.
 *
 * @param text The text.
 * @returns The bytes.
 */
export function latin1(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(text.length).map((_, i) => text.charCodeAt(i));
}
