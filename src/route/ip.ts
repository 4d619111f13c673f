/**
 * IP address literals in one spelling each, with the IPv4 address that some IPv6 addresses carry.
 *
 * @module
 */
import { isIP } from "node:net";

/** An IP address. */
export interface Ip {
  /** Which kind it is, as `node:net` names it. */
  readonly family: "ipv4" | "ipv6";
  /** Its only spelling here: dotted, or eight groups of hexadecimal digits without leading zeros. */
  readonly text: string;
  /** The IPv4 address that packets sent to it may end up at, dotted; absent for all others. */
  readonly inner?: string;
}

/**
 * Reads an IP address. These IPv6 addresses carry an IPv4 one:
 *
 * - `::ffff:0:0/96`, IPv4-mapped (RFC 4291, 2.5.5.2),
 * - `64:ff9b::/96`, NAT64 (RFC 6052, 2.1),
 * - `2002::/16`, 6to4 (RFC 3056, 2).
 *
 * @param literal Any spelling, without brackets. The zone of an IPv6 address (`%eth0`) is dropped.
 * @returns The address; `undefined` if it is not an IP literal: a name, or an IPv4 address with a leading zero
 *   or fewer than four parts, which systems read in different ways. Never throws.
 *
 * @example
 * ```ts
 * import { parseIp } from "./ip.ts";
 *
 * parseIp("::FFFF:127.0.0.1");
 * // { family: "ipv6", text: "0:0:0:0:0:ffff:7f00:1", inner: "127.0.0.1" }
 * ```
 */
export function parseIp(literal: string): Ip | undefined {
  const version = isIP(literal);
  if (version === 0) return undefined;
  if (version === 4) return { family: "ipv4", text: literal };
  const groups = parseGroups(literal);
  const text = groups.map((group) => group.toString(16)).join(":");
  return { family: "ipv6", text, inner: innerIPv4(groups) };
}

/** The eight groups of a valid IPv6 literal: RFC 4291, 2.2. */
function parseGroups(literal: string): number[] {
  const zone = literal.indexOf("%");
  const [left, right] = (zone === -1 ? literal : literal.slice(0, zone)).split("::");
  const before = parseSide(left);
  if (right === undefined) return before;
  const after = parseSide(right);
  const zeros = new Array<number>(8 - before.length - after.length).fill(0);
  return [...before, ...zeros, ...after];
}

function parseSide(side: string): number[] {
  if (side === "") return [];
  return side.split(":").flatMap((part) => {
    if (!part.includes(".")) return parseInt(part, 16);
    const [a, b, c, d] = part.split(".").map(Number);
    return [a << 8 | b, c << 8 | d];
  });
}

function innerIPv4(groups: readonly number[]): string | undefined {
  const [a, b, c, d, e, f, g, h] = groups;
  if (a === 0x2002) return dotted(b, c);
  const mapped = a === 0 && b === 0 && f === 0xffff;
  const nat64 = a === 0x64 && b === 0xff9b && f === 0;
  return (mapped || nat64) && c === 0 && d === 0 && e === 0 ? dotted(g, h) : undefined;
}

function dotted(high: number, low: number): string {
  return `${high >> 8}.${high & 0xff}.${low >> 8}.${low & 0xff}`;
}
