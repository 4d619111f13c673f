/**
 * IPv4 addresses in the guise of IPv6.
 *
 * @module
 */

/** The canonical spelling of an IPv4-mapped address, and of no other: RFC 4291, 2.5.5.2, and RFC 5952, 4. */
const MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/**
 * Finds the IPv4 address that an IPv4-mapped one stands for.
 *
 * @param ip An IP literal in canonical spelling, all groups in hexadecimal.
 * @returns The IPv4 address, dotted; any other address as it is. Never throws.
 *
 * @example
 * ```ts
 * import { unmapped } from "./unmapped.ts";
 *
 * unmapped("::ffff:c000:207"); // "192.0.2.7"
 * unmapped("2001:db8::7"); // "2001:db8::7"
 * ```
 */
export function unmapped(ip: string): string {
  const groups = MAPPED.exec(ip);
  if (groups === null) return ip;
  const [high, low] = [parseInt(groups[1], 16), parseInt(groups[2], 16)];
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}
