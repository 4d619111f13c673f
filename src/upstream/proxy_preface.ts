/**
 * The header that tells a backend whose connection it gets: the PROXY protocol, versions 1 and 2. Sections are those
 * of HAProxy's `doc/proxy-protocol.txt`.
 *
 * @module
 */
import type { Address } from "../config/config.ts";
import { parseIpLiteral } from "../config/host_name.ts";
import { type Ip, parseIp } from "../route/ip.ts";

/** What version 2 says besides addresses. Each character stands for one byte; 255 at most. */
export interface ProxyFacts {
  /** The name that the client asked for. */
  readonly authority?: string;
  /** An ALPN protocol id. */
  readonly alpn?: string;
}

/** Two addresses of one family. */
interface Pair {
  readonly family: "TCP4" | "TCP6";
  /** Dotted, or eight groups of hexadecimal digits. */
  readonly from: string;
  /** Alike. */
  readonly to: string;
}

const encoder = new TextEncoder();

const SIGNATURE = encoder.encode("\r\n\r\n\0\r\nQUIT\n");
/** Version and command. */
const LOCAL = 0x20;
const PROXY = 0x21;
/** Family and transport: 2.2. */
const UNSPEC = 0x00;
const STREAM = { TCP4: 0x11, TCP6: 0x21 };

/** TLV types: 2.2. */
const ALPN = 1;
const AUTHORITY = 2;

/**
 * Writes a header, which goes before everything else and all at once. IPv4-mapped addresses count as IPv4; an IPv4
 * address beside an IPv6 one is mapped, so that neither is lost.
 *
 * @param version Which one to write.
 * @param client Where the client is: an IP literal, and a port that may be 0.
 * @param local Where it connected to, alike.
 * @param facts What else to say; version 1 has no place for it.
 * @returns The header, up to 104 bytes of version 1 or 568 of version 2. If a host is no IP literal, it says that
 *   the connection's own addresses count: UNKNOWN, or LOCAL. Never throws.
 *
 * @example
 * ```ts
 * import { proxyHeader } from "./proxy_preface.ts";
 *
 * const client = { host: "192.0.2.7", port: 56324 };
 * const local = { host: "198.51.100.1", port: 443 };
 * proxyHeader("v1", client, local, {}); // "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n"
 * proxyHeader("v2", client, local, { authority: "a.example", alpn: "h2" }); // 0d 0a 0d 0a ...
 * ```
 */
export function proxyHeader(
  version: "v1" | "v2",
  client: Address,
  local: Address,
  facts: ProxyFacts,
): Uint8Array<ArrayBuffer> {
  const pair = pairOf(parseIp(client.host), parseIp(local.host));
  return version === "v1"
    ? lineOf(pair, client.port, local.port)
    : blockOf(pair, client.port, local.port, facts);
}

/** 2.1. */
function lineOf(pair: Pair | undefined, from: number, to: number): Uint8Array<ArrayBuffer> {
  if (pair === undefined) return encoder.encode("PROXY UNKNOWN\r\n");
  return encoder.encode(
    `PROXY ${pair.family} ${spelled(pair.from)} ${spelled(pair.to)} ${from} ${to}\r\n`,
  );
}

/** 2.2. */
function blockOf(
  pair: Pair | undefined,
  from: number,
  to: number,
  facts: ProxyFacts,
): Uint8Array<ArrayBuffer> {
  // HAProxy refuses TLVs in what has no addresses.
  if (pair === undefined) return new Uint8Array([...SIGNATURE, LOCAL, UNSPEC, 0, 0]);
  const rest = [
    ...bytesOf(pair.from),
    ...bytesOf(pair.to),
    ...uint16(from),
    ...uint16(to),
    ...tlv(ALPN, facts.alpn),
    ...tlv(AUTHORITY, facts.authority),
  ];
  return new Uint8Array([
    ...SIGNATURE,
    PROXY,
    STREAM[pair.family],
    ...uint16(rest.length),
    ...rest,
  ]);
}

function pairOf(from: Ip | undefined, to: Ip | undefined): Pair | undefined {
  if (from === undefined || to === undefined) return undefined;
  const [from4, to4] = [ipv4(from), ipv4(to)];
  return from4 !== undefined && to4 !== undefined
    ? { family: "TCP4", from: from4, to: to4 }
    : { family: "TCP6", from: ipv6(from), to: ipv6(to) };
}

/** IPv4-mapped: RFC 4291, 2.5.5.2. */
const MAPPED = "0:0:0:0:0:ffff:";

function ipv4({ family, text, inner }: Ip): string | undefined {
  if (family === "ipv4") return text;
  return text.startsWith(MAPPED) ? inner : undefined;
}

function ipv6({ family, text }: Ip): string {
  if (family === "ipv6") return text;
  const [a, b, c, d] = text.split(".").map(Number);
  return `${MAPPED}${(a << 8 | b).toString(16)}:${(c << 8 | d).toString(16)}`;
}

/** As in RFC 5952, 4, but for mapped addresses: 2.1 knows no dots in IPv6. */
function spelled(ip: string): string {
  return parseIpLiteral(ip) ?? ip;
}

function bytesOf(ip: string): number[] {
  return ip.includes(":")
    ? ip.split(":").flatMap((group) => uint16(parseInt(group, 16)))
    : ip.split(".").map(Number);
}

function tlv(type: number, text: string | undefined): number[] {
  if (text === undefined) return [];
  return [type, ...uint16(text.length), ...Array.from(text, (char) => char.charCodeAt(0))];
}

function uint16(value: number): number[] {
  return [value >> 8, value & 255];
}
