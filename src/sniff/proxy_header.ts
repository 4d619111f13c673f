/**
 * The header that a proxy in front puts before everything its client sends: the PROXY protocol, versions 1 and 2.
 *
 * @module
 */
import { badHeader, type ProxyHeaderProblem, type ProxyHeaderResult } from "./proxied.ts";
import { readProxyBlock } from "./proxy_block.ts";
import { type LineFamily, ProxyLineReader } from "./proxy_line.ts";

/** How a header can begin. */
interface Beginning {
  readonly bytes: Uint8Array;
  /** Absent for version 2. */
  readonly family?: LineFamily;
}

const BEGINNINGS: readonly Beginning[] = [
  { bytes: ascii("PROXY TCP4 "), family: "TCP4" },
  { bytes: ascii("PROXY TCP6 "), family: "TCP6" },
  { bytes: ascii("PROXY UNKNOWN "), family: "UNKNOWN" },
  { bytes: ascii("PROXY UNKNOWN\r"), family: "UNKNOWN" },
  { bytes: ascii("\r\n\r\n\0\r\nQUIT\n") },
];

/**
 * Reads the header of one connection.
 *
 * @example
 * ```ts
 * import { ProxyHeaderReader } from "./proxy_header.ts";
 *
 * const line = "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n";
 * new ProxyHeaderReader().read(new TextEncoder().encode(line));
 * // { kind: "header", length: 45, source: { host: "192.0.2.7", port: 56324 }, ... }
 * ```
 */
export class ProxyHeaderReader {
  /** Of the version that it is. */
  #reader?: { read(bytes: Uint8Array): ProxyHeaderResult };

  /**
   * Looks at what there is. A byte that can't stand where it does is refused at once; an address or a port of
   * version 1 when it ends, the addresses and TLVs of version 2 when they are complete.
   *
   * @param bytes Everything that has come so far; each call's bytes begin with the last call's.
   * @returns The header, why it is none, or `undefined` if more bytes are needed. Never throws.
   */
  read(bytes: Uint8Array): ProxyHeaderResult {
    if (this.#reader === undefined) {
      const beginning = recognize(bytes);
      if (beginning === undefined || "kind" in beginning) return beginning;
      this.#reader = beginning.family === undefined
        ? { read: readProxyBlock }
        : new ProxyLineReader(beginning.family, beginning.bytes.length);
    }
    return this.#reader.read(bytes);
  }
}

function recognize(bytes: Uint8Array): Beginning | ProxyHeaderProblem | undefined {
  let possible = false;
  for (const beginning of BEGINNINGS) {
    const length = Math.min(bytes.length, beginning.bytes.length);
    let at = 0;
    while (at < length && bytes[at] === beginning.bytes[at]) at++;
    if (at === beginning.bytes.length) return beginning;
    if (at === bytes.length) possible = true;
  }
  return possible ? undefined : badHeader("neither version begins so (2.1, 2.2)");
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
