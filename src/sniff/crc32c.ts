/**
 * CRC-32C, the checksum of Castagnoli: RFC 9260, Appendix A.
 *
 * @module
 */

/** The polynomial 0x1edc6f41, its lowest bit first. */
const POLYNOMIAL = 0x82f63b78;

/** What each byte adds. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >>> 1 ^ POLYNOMIAL : crc >>> 1;
  return crc;
});

/**
 * Computes the checksum of bytes.
 *
 * @param bytes The bytes.
 * @param before The checksum of what stands before them, to go on from.
 * @returns The checksum, from 0 to 2^32 - 1. Never throws.
 *
 * @example
 * ```ts
 * import { crc32c } from "./crc32c.ts";
 *
 * crc32c(new TextEncoder().encode("123456789")); // 0xe3069283
 * ```
 */
export function crc32c(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 0xff] ^ crc >>> 8;
  return ~crc >>> 0;
}
