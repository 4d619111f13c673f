/**
 * A short form of many bytes: when two of them differ, showing how takes longer than anybody waits.
 *
 * @module
 */
import { createHash } from "node:crypto";

/**
 * Digests bytes.
 *
 * @param bytes The bytes.
 * @returns Their number and their SHA-256, in hexadecimal.
 */
export function sha256(bytes: Uint8Array): string {
  return `${bytes.length} bytes, ${createHash("sha256").update(bytes).digest("hex")}`;
}
