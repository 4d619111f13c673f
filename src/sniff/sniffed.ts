/**
 * What sniffing finds. A sniffer is given all the bytes a client has sent so far, again and again as they
 * grow, and remembers how far it got, so that its work stays linear however finely the bytes are cut.
 *
 * @module
 */

/** What a connection speaks, found from its first bytes. `http` is HTTP/1.x. */
export type Protocol = "tls" | "http" | "h2c" | "unknown";

/** The parts of a TLS ClientHello that matter without decrypting anything. */
export interface HelloFacts {
  /** `supported_versions` without GREASE, as sent (0x0304 is TLS 1.3); else `legacy_version` alone. */
  readonly versions: readonly number[];
  /** Length of the handshake message in bytes, with its 4-byte header. */
  readonly size: number;
  /** How many TLS records carried it. */
  readonly records: number;
  /** Whether `encrypted_client_hello` was offered (GREASE ECH looks the same, by design). */
  readonly ech: boolean;
  /** Whether a hybrid post-quantum key share was sent. */
  readonly postQuantum: boolean;
}

/** A client whose wish is known. */
export interface Sniffed {
  /** Marks the variant. */
  readonly kind: "sniffed";
  /** What it speaks. */
  readonly protocol: Protocol;
  /** The name asked for: valid, lower-case, without a trailing dot; absent if there is none. */
  readonly name?: string;
  /** The port in an HTTP authority. */
  readonly port?: number;
  /** ALPN protocol ids of a hello, in order, without GREASE. */
  readonly alpn: readonly string[];
  /** Present for TLS. */
  readonly tls?: HelloFacts;
  /** Present for HTTP/1.x and h2c. */
  readonly http?: RequestFacts;
}

/** The parts of the first HTTP request that matter to a refusal. */
export interface RequestFacts {
  /** As sent: methods are case-sensitive. */
  readonly method: string;
  /** 1.0 or 1.1, or 2 for h2c. */
  readonly version: "1.0" | "1.1" | "2";
  /** Whether there was a Host field or an authority at all, valid as a name or not. */
  readonly hasAuthority: boolean;
  /** The stream an h2c answer belongs to. */
  readonly streamId?: number;
}

/** A client that broke the protocol it speaks. */
export interface Malformed {
  /** Marks the variant. */
  readonly kind: "malformed";
  /** What it speaks, badly. */
  readonly protocol: Protocol;
  /** What was wrong, and where the rule stands: for the log. */
  readonly detail: string;
  /** The HTTP status that says so: 400, 405 for CONNECT, 431 for a head that is too large, 501, 505. */
  readonly status?: number;
  /** The h2c stream that can be told; absent if it is the connection that is broken. */
  readonly streamId?: number;
}

/** `undefined` means that more bytes are needed. */
export type SniffResult = Sniffed | Malformed | undefined;

/** Reads the first bytes of one connection. */
export interface Sniffer {
  /**
   * Looks at what there is.
   *
   * @param bytes Everything the client has sent so far; each call's bytes begin with the last call's.
   * @returns What was found, or `undefined` if more bytes are needed. Never throws.
   */
  sniff(bytes: Uint8Array): SniffResult;
}
