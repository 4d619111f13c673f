/**
 * The beginning of an HTTP/2 connection with prior knowledge, up to the first request: RFC 9113.
 *
 * @module
 */
import { parseAuthority } from "./authority.ts";
import { decodeHeaders, type HeaderField } from "./hpack.ts";
import type { Malformed, Sniffed, Sniffer, SniffResult } from "./sniffed.ts";

/** RFC 9113, 3.4. */
const PREFACE = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** Everything up to the end of the first request's fields. */
const MAX_BYTES = 64 * 1024;

/** RFC 9113, 4.1. */
const FRAME_HEADER = 9;

/** What a peer may send that has been told nothing else: RFC 9113, 4.2. */
const MAX_FRAME = 16384;

const DATA = 0;
const HEADERS = 1;
const PRIORITY = 2;
const RST_STREAM = 3;
const SETTINGS = 4;
const PUSH_PROMISE = 5;
const PING = 6;
const GOAWAY = 7;
const WINDOW_UPDATE = 8;
const CONTINUATION = 9;

const ACK = 0x1;
const END_HEADERS = 0x4;
const PADDED = 0x8;
const PRIORITY_FLAG = 0x20;

/** A frame's header, and where its payload is. */
interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly start: number;
  readonly end: number;
}

/**
 * Reads up to the first request.
 *
 * @example
 * ```ts
 * import { H2Sniffer } from "./h2_preface.ts";
 *
 * new H2Sniffer().sniff(new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n")); // undefined
 * ```
 */
export class H2Sniffer implements Sniffer {
  #at = 0;
  #settings = false;
  /** The stream whose header block is coming in; 0 before it has begun. */
  #stream = 0;
  readonly #block: number[][] = [];

  /**
   * Looks at what there is.
   *
   * @param bytes Everything the client has sent so far.
   * @returns The first request, what is wrong, or `undefined` if more bytes are needed. Never throws.
   */
  sniff(bytes: Uint8Array): SniffResult {
    if (this.#at === 0) {
      for (let i = 0; i < Math.min(bytes.length, PREFACE.length); i++) {
        if (bytes[i] !== PREFACE[i]) return malformed("a broken preface (RFC 9113, 3.4)");
      }
      if (bytes.length < PREFACE.length) return undefined;
      this.#at = PREFACE.length;
    }
    for (;;) {
      // However many bytes of it are there, so that the verdict does not depend on how they were cut.
      if (this.#at + FRAME_HEADER > MAX_BYTES) return TOO_LONG;
      const frame = readFrame(bytes, this.#at);
      if (frame === undefined) return undefined;
      const problem = this.#check(frame);
      if (problem !== undefined) return malformed(problem);
      if (frame.end > MAX_BYTES) return TOO_LONG;
      if (bytes.length < frame.end) return undefined;
      this.#at = frame.end;
      if (frame.type !== HEADERS && frame.type !== CONTINUATION) continue;
      const fragment = frame.type === HEADERS
        ? headerFragment(bytes, frame)
        : [frame.start, frame.end];
      if (fragment === undefined) return malformed("padding longer than its frame (RFC 9113, 6.2)");
      this.#stream = frame.stream;
      this.#block.push(fragment);
      if ((frame.flags & END_HEADERS) !== 0) return this.#request(bytes);
    }
  }

  /** What a frame must be at this place, told from its header alone. */
  #check({ type, flags, stream, start, end }: Frame): string | undefined {
    const length = end - start;
    if (length > MAX_FRAME) return `a frame of ${length} bytes (RFC 9113, 4.2)`;
    if (!this.#settings) {
      if (type !== SETTINGS || (flags & ACK) !== 0) return "no SETTINGS first (RFC 9113, 3.4)";
      this.#settings = true;
    }
    if (this.#stream !== 0 && (type !== CONTINUATION || stream !== this.#stream)) {
      return "another frame within a header block (RFC 9113, 4.3)";
    }
    switch (type) {
      case HEADERS:
        return stream % 2 === 1
          ? undefined
          : "HEADERS on a stream of the server's (RFC 9113, 5.1.1)";
      case CONTINUATION:
        return this.#stream !== 0 ? undefined : "CONTINUATION of nothing (RFC 9113, 6.10)";
      case SETTINGS:
        if (stream !== 0) return "SETTINGS on a stream (RFC 9113, 6.5)";
        return length % 6 === 0 && ((flags & ACK) === 0 || length === 0)
          ? undefined
          : "SETTINGS of a wrong length (RFC 9113, 6.5)";
      case PRIORITY:
        if (stream === 0) return "PRIORITY on no stream (RFC 9113, 6.3)";
        return length === 5 ? undefined : "PRIORITY of a wrong length (RFC 9113, 6.3)";
      case WINDOW_UPDATE:
        if (stream !== 0) return "WINDOW_UPDATE on an idle stream (RFC 9113, 5.1)";
        return length === 4 ? undefined : "WINDOW_UPDATE of a wrong length (RFC 9113, 6.9)";
      case PING:
        if (stream !== 0) return "PING on a stream (RFC 9113, 6.7)";
        return length === 8 ? undefined : "PING of a wrong length (RFC 9113, 6.7)";
      case GOAWAY:
        return "GOAWAY before any request (RFC 9113, 6.8)";
      case DATA:
      case RST_STREAM:
        return "DATA or RST_STREAM on an idle stream (RFC 9113, 5.1)";
      case PUSH_PROMISE:
        return "PUSH_PROMISE from a client (RFC 9113, 8.4)";
      default:
        // RFC 9113, 4.1: frames of unknown types are ignored.
        return undefined;
    }
  }

  #request(bytes: Uint8Array): Sniffed | Malformed {
    const [first, ...rest] = this.#block;
    const block = rest.length === 0
      ? bytes.subarray(first[0], first[1])
      : concat(bytes, this.#block);
    const fields = decodeHeaders(block, 0, block.length);
    return "error" in fields ? malformed(fields.error) : readRequest(fields, this.#stream);
  }
}

function readFrame(bytes: Uint8Array, at: number): Frame | undefined {
  if (bytes.length < at + FRAME_HEADER) return undefined;
  const length = bytes[at] << 16 | bytes[at + 1] << 8 | bytes[at + 2];
  const start = at + FRAME_HEADER;
  return {
    type: bytes[at + 3],
    flags: bytes[at + 4],
    stream: (bytes[at + 5] & 0x7f) << 24 | bytes[at + 6] << 16 | bytes[at + 7] << 8 | bytes[at + 8],
    start,
    end: start + length,
  };
}

/** HEADERS without padding and priority: RFC 9113, 6.2. */
function headerFragment(bytes: Uint8Array, { flags, start, end }: Frame): number[] | undefined {
  let from = start;
  let to = end;
  if ((flags & PADDED) !== 0) {
    if (from === end) return undefined;
    to -= bytes[from++];
  }
  if ((flags & PRIORITY_FLAG) !== 0) from += 5;
  return from <= to ? [from, to] : undefined;
}

function concat(bytes: Uint8Array, ranges: readonly number[][]): Uint8Array {
  const whole = new Uint8Array(ranges.reduce((sum, [start, end]) => sum + end - start, 0));
  let at = 0;
  for (const [start, end] of ranges) {
    whole.set(bytes.subarray(start, end), at);
    at += end - start;
  }
  return whole;
}

const PSEUDO = new Set([":method", ":scheme", ":path", ":authority", ":protocol"]);

/** RFC 9113, 8.3.1. */
function readRequest(fields: readonly HeaderField[], streamId: number): Sniffed | Malformed {
  const bad = (detail: string, status?: number): Malformed => ({
    ...malformed(detail, status),
    streamId,
  });
  const pseudo = new Map<string, string>();
  let host: string | undefined;
  let regular = false;
  for (const [name, value] of fields) {
    if (name.startsWith(":")) {
      if (regular) return bad("a pseudo-header behind a field (RFC 9113, 8.3)");
      if (!PSEUDO.has(name)) return bad("an unknown pseudo-header (RFC 9113, 8.3)");
      if (pseudo.has(name)) return bad("a pseudo-header twice (RFC 9113, 8.3)");
      pseudo.set(name, value);
      continue;
    }
    regular = true;
    if (name !== "host") continue;
    if (host !== undefined) return bad("more than one host (RFC 9113, 8.3.1)");
    host = value;
  }
  const method = pseudo.get(":method");
  if (method === undefined || method === "") return bad("no :method (RFC 9113, 8.3.1)");
  if (method === "CONNECT") return bad("CONNECT is not for a reverse proxy", 405);
  const text = pseudo.get(":authority") ?? host;
  if (host !== undefined && text !== host && text?.toLowerCase() !== host.toLowerCase()) {
    return bad(":authority and host differ (RFC 9113, 8.3.1)");
  }
  const authority = text === undefined ? undefined : parseAuthority(text);
  if (text !== undefined && authority === undefined) {
    return bad(":authority is not an authority (RFC 9113, 8.3.1)");
  }
  return {
    kind: "sniffed",
    protocol: "h2c",
    name: authority?.name,
    port: authority?.port,
    alpn: NO_ALPN,
    http: { method, version: "2", hasAuthority: text !== undefined, streamId },
  };
}

const NO_ALPN: readonly string[] = [];

const TOO_LONG: Malformed = {
  kind: "malformed",
  protocol: "h2c",
  status: 431,
  detail: `a request of more than ${MAX_BYTES} bytes (RFC 9113, 10.5.1)`,
};

function malformed(detail: string, status = 400): Malformed {
  return { kind: "malformed", protocol: "h2c", status, detail };
}
