/**
 * What the header of a proxy in front says: the PROXY protocol. Sections, here and where it is read, are those of
 * HAProxy's `doc/proxy-protocol.txt`.
 *
 * @module
 */
import type { Address } from "../config/config.ts";

/** A header that was understood. */
export interface ProxyHeader {
  /** Marks the variant. */
  readonly kind: "header";
  /** How many bytes it takes. The client's own begin behind them. */
  readonly length: number;
  /**
   * Where the client is. An IPv4-mapped IPv6 address is given as the IPv4 one, other IPv6 addresses as in RFC 5952;
   * the port may be 0. Absent if the header names no address of the Internet, for LOCAL, UNKNOWN, UNSPEC and
   * AF_UNIX: then the connection's own address counts.
   */
  readonly source?: Address;
  /** Where the client connected to, in the same spelling; absent when the source is. */
  readonly destination?: Address;
}

/** What is no header. */
export interface ProxyHeaderProblem {
  /** Marks the variant. */
  readonly kind: "bad";
  /** What is wrong, and where the rule stands: for the log. */
  readonly detail: string;
}

/** `undefined` means that more bytes are needed. */
export type ProxyHeaderResult = ProxyHeader | ProxyHeaderProblem | undefined;

/**
 * Says what is wrong.
 *
 * @param detail In words.
 * @returns The problem.
 */
export function badHeader(detail: string): ProxyHeaderProblem {
  return { kind: "bad", detail: `PROXY header: ${detail}` };
}
