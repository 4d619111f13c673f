/**
 * The Huffman code of HPACK: RFC 7541, 5.2 and Appendix B.
 *
 * @module
 */

/** Bits of each symbol's code, 0 to 255 and the end of string; the code is canonical, so they are all of it. */
// deno-fmt-ignore
const LENGTHS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
];

const END_OF_STRING = 256;
const MAX_LENGTH = 30;

/** Symbols in the order of their codes. */
const SYMBOLS = LENGTHS.map((_, symbol) => symbol).sort((a, b) => LENGTHS[a] - LENGTHS[b] || a - b);

/** For each length, the first code of it, how many there are, and where their symbols begin. */
const FIRST = new Uint32Array(MAX_LENGTH + 1);
const COUNT = new Uint32Array(MAX_LENGTH + 1);
const OFFSET = new Uint32Array(MAX_LENGTH + 1);
for (const length of LENGTHS) COUNT[length]++;
for (let length = 1, code = 0, offset = 0; length <= MAX_LENGTH; length++) {
  FIRST[length] = code;
  OFFSET[length] = offset;
  code = (code + COUNT[length]) * 2;
  offset += COUNT[length];
}

/**
 * Decodes a string.
 *
 * @param bytes A buffer.
 * @param start Where the string begins.
 * @param end Where it ends.
 * @returns The string, each byte as one character; `undefined` if it holds the end of string symbol, or ends in
 *   more than 7 bits of padding or in padding other than ones (RFC 7541, 5.2). Never throws.
 *
 * @example
 * ```ts
 * import { decodeHuffman } from "./huffman.ts";
 *
 * decodeHuffman(new Uint8Array([0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf]), 0, 6); // "no-cache"
 * ```
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = "";
  let code = 0;
  let length = 0;
  for (let at = start; at < end; at++) {
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + (bytes[at] >> bit & 1);
      length++;
      const index = code - FIRST[length];
      if (index < COUNT[length]) {
        const symbol = SYMBOLS[OFFSET[length] + index];
        if (symbol === END_OF_STRING) return undefined;
        text += String.fromCharCode(symbol);
        code = length = 0;
      } else if (length === MAX_LENGTH) {
        return undefined;
      }
    }
  }
  return length <= 7 && code === 2 ** length - 1 ? text : undefined;
}
