/**
 * What a connection speaks, told from its first bytes.
 *
 * @module
 */
import { ClientHelloSniffer } from "./client_hello.ts";
import { H2Sniffer } from "./h2_preface.ts";
import { Http1Sniffer } from "./http1_head.ts";
import type { Protocol, Sniffed, Sniffer, SniffResult } from "./sniffed.ts";
import { TOKEN } from "./token.ts";

/** The type of a TLS record that carries a hello: RFC 8446, 5.1. */
const HANDSHAKE = 22;

/** How every HTTP/2 connection with prior knowledge begins: RFC 9113, 3.4. */
const H2_PREFACE = new TextEncoder().encode("PRI * HTTP/2.0\r\n");

/** The longest method there is in the IANA registry has 17 characters. */
const MAX_METHOD = 32;

const CR = 13;
const LF = 10;
const SPACE = 32;

const UNKNOWN: Sniffed = { kind: "sniffed", protocol: "unknown", alpn: [] };

/**
 * Reads the first bytes of a connection, whatever it speaks.
 *
 * @example
 * ```ts
 * import { ConnectionSniffer } from "./sniff.ts";
 *
 * const sniffer = new ConnectionSniffer();
 * sniffer.sniff(new TextEncoder().encode("GET / HT")); // undefined: more bytes are needed
 * sniffer.protocol; // "http"
 * ```
 */
export class ConnectionSniffer implements Sniffer {
  #protocol: Protocol = "unknown";
  #sniffer?: Sniffer;

  /** What it looks like so far; `unknown` until that can be told. */
  get protocol(): Protocol {
    return this.#protocol;
  }

  /**
   * Looks at what there is.
   *
   * @param bytes Everything the client has sent so far.
   * @returns What the client wants, what is wrong with it, or `undefined` if more bytes are needed. A client that
   *   speaks neither TLS nor HTTP is `unknown`, as soon as that is certain. Never throws.
   */
  sniff(bytes: Uint8Array): SniffResult {
    if (this.#sniffer === undefined) {
      const protocol = detect(bytes);
      if (protocol === undefined) return undefined;
      this.#protocol = protocol;
      if (protocol === "unknown") return UNKNOWN;
      this.#sniffer = protocol === "tls"
        ? new ClientHelloSniffer()
        : protocol === "h2c"
        ? new H2Sniffer()
        : new Http1Sniffer();
    }
    return this.#sniffer.sniff(bytes);
  }
}

function detect(bytes: Uint8Array): Protocol | undefined {
  if (bytes.length === 0) return undefined;
  if (bytes[0] === HANDSHAKE) return "tls";
  if (beginsLike(bytes, H2_PREFACE)) return bytes.length >= H2_PREFACE.length ? "h2c" : undefined;
  // RFC 9112, 2.2: an empty line before the request line is to be ignored.
  const start = bytes[0] === CR ? 2 : 0;
  if (start === 2 && bytes.length > 1 && bytes[1] !== LF) return "unknown";
  const end = Math.min(bytes.length, start + MAX_METHOD + 1);
  for (let at = start; at < end; at++) {
    if (bytes[at] === SPACE) return at > start ? "http" : "unknown";
    if (TOKEN[bytes[at]] !== 1) return "unknown";
  }
  return bytes.length > start + MAX_METHOD ? "unknown" : undefined;
}

function beginsLike(bytes: Uint8Array, pattern: Uint8Array): boolean {
  const length = Math.min(bytes.length, pattern.length);
  for (let i = 0; i < length; i++) if (bytes[i] !== pattern[i]) return false;
  return true;
}
