/**
 * The head of an HTTP/1.x request, read strictly: whatever two parsers might read differently is refused.
 *
 * @module
 */
import { type Authority, parseAuthority } from "./authority.ts";
import { type Field, parseFields } from "./http1_fields.ts";
import { latin1, recurringLatin1 } from "./latin1.ts";
import { TOKEN } from "./token.ts";
import type { Malformed, Sniffed, Sniffer, SniffResult } from "./sniffed.ts";

/** Longest head, with the empty line that ends it. */
export const MAX_HEAD = 64 * 1024;

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const DOT = 46;
const ZERO = 48;
const ONE = 49;
const NINE = 57;
const TILDE = 126;

/** The head of a response. */
export interface ResponseHead {
  /** Marks the variant. */
  readonly kind: "head";
  /** 100 to 599. */
  readonly status: number;
  /** As for a request. */
  readonly version: "1.0" | "1.1";
  /** Those that matter here, in the order they came: see {@linkcode parseFields}. */
  readonly fields: readonly Field[];
}

/** A request head. */
export interface RequestHead {
  /** Marks the variant. */
  readonly kind: "head";
  /** As sent. */
  readonly method: string;
  /** As sent. */
  readonly target: string;
  /** What the request can be answered with: 1.2 and later count as 1.1 (RFC 9110, 2.5). */
  readonly version: "1.0" | "1.1";
  /** Those that matter here, in the order they came: see {@linkcode parseFields}. */
  readonly fields: readonly Field[];
  /** Whom it is for: the target's authority, else Host's; absent if there is neither. */
  readonly authority?: Authority;
}

/** A head that is refused. */
export interface BadHead {
  /** Marks the variant. */
  readonly kind: "bad";
  /** The HTTP status that says so. */
  readonly status: number;
  /** What is wrong, and where the rule stands. */
  readonly detail: string;
}

/** Finds the end of a head in bytes that keep coming. */
export class HeadEnd {
  /** Where the first line ends, before its CRLF; absent while it is not complete. */
  firstLine?: number;
  #at = 0;
  #lineStart = 0;

  /**
   * Looks on from where it stopped.
   *
   * @param bytes Everything so far.
   * @param start Where the head begins.
   * @returns Where it ends, behind the empty line; `undefined` if more bytes are needed; or what is wrong: a bare
   *   CR or LF (RFC 9112, 2.2), another control character (RFC 9110, 5.5), too many bytes.
   */
  find(bytes: Uint8Array, start: number): number | BadHead | undefined {
    const end = Math.min(bytes.length, start + MAX_HEAD);
    let at = Math.max(this.#at, start);
    let lineStart = Math.max(this.#lineStart, start);
    for (; at < end; at++) {
      const byte = bytes[at];
      if (byte >= SPACE && byte !== 127) continue;
      if (byte === TAB) continue;
      if (byte !== CR) {
        return byte === LF
          ? bad(400, "a bare LF (RFC 9112, 2.2)")
          : bad(400, "a control character (RFC 9110, 5.5)");
      }
      if (at + 1 === end) break;
      if (bytes[at + 1] !== LF) return bad(400, "a bare CR (RFC 9112, 2.2)");
      if (at === lineStart) return at + 2;
      this.firstLine ??= at;
      at++;
      lineStart = at + 1;
    }
    this.#at = at;
    this.#lineStart = lineStart;
    return bytes.length >= start + MAX_HEAD
      ? bad(431, `a head of more than ${MAX_HEAD} bytes (RFC 6585, 5)`)
      : undefined;
  }
}

/**
 * Reads a request head: RFC 9112, 2 to 5.
 *
 * @param bytes A buffer.
 * @param start Where the request line begins.
 * @param end Where the head ends, behind the empty line, as {@linkcode HeadEnd} found it.
 * @returns The head, or what is wrong with it. Never throws.
 */
export function parseRequestHead(
  bytes: Uint8Array,
  start: number,
  end: number,
): RequestHead | BadHead {
  const lineEnd = bytes.indexOf(CR, start);
  const line = parseRequestLine(bytes, start, lineEnd);
  if (line.kind === "bad") return line;
  const fields = parseFields(bytes, lineEnd + 2, end - 2);
  if (typeof fields === "string") return bad(400, fields);
  let host: string | undefined;
  for (const field of fields) {
    if (field.name !== "host") continue;
    if (host !== undefined) return bad(400, "more than one Host (RFC 9112, 3.2)");
    host = field.value;
  }
  const { method, target, version } = line;
  let authority: Authority | undefined;
  if (host !== undefined) {
    authority = parseAuthority(host);
    if (authority === undefined) return bad(400, "Host is not an authority (RFC 9110, 7.2)");
  }
  const absolute = target.startsWith("/") ? null : ABSOLUTE.exec(target);
  if (absolute !== null) {
    // RFC 9112, 3.2.2: what the target says overrides Host. Its host must not be empty (RFC 9110, 4.2.1).
    authority = NO_HOST.test(absolute[1]) ? undefined : parseAuthority(absolute[1]);
    if (authority === undefined) {
      return bad(400, "the target's authority is not one (RFC 9112, 3.2.2)");
    }
  } else if (!target.startsWith("/") && !(target === "*" && method === "OPTIONS")) {
    return bad(400, "the target is none of the forms there are (RFC 9112, 3.2)");
  }
  return { kind: "head", method, target, version, fields, authority };
}

/**
 * Reads a response head: RFC 9112, 4 and 5.
 *
 * @param bytes A buffer.
 * @param start Where the status line begins.
 * @param end Where the head ends, behind the empty line, as {@linkcode HeadEnd} found it.
 * @returns The head, or what is wrong with it. Never throws.
 */
export function parseResponseHead(
  bytes: Uint8Array,
  start: number,
  end: number,
): ResponseHead | BadHead {
  const lineEnd = bytes.indexOf(CR, start);
  const status = parseStatusLine(bytes, start, lineEnd);
  if (status === undefined) return bad(502, "the status line is not one (RFC 9112, 4)");
  const fields = parseFields(bytes, lineEnd + 2, end - 2);
  if (typeof fields === "string") return bad(502, fields);
  const version = bytes[start + MINOR_AT] === ZERO ? "1.0" : "1.1";
  return { kind: "head", status, version, fields };
}

const PROTOCOL = new TextEncoder().encode("HTTP/");

/** Where the parts of a status line are; those of the version are the same in a version by itself. */
const MAJOR_AT = 5;
const MINOR_AT = 7;
const VERSION_END = 8;
const STATUS_AT = 9;
const STATUS_END = 12;

/** RFC 9112, 4: `HTTP/1.x`, a status of 100 to 599, and perhaps a reason. Returns the status. */
function parseStatusLine(bytes: Uint8Array, start: number, end: number): number | undefined {
  if (end < start + STATUS_END) return undefined;
  const version = start + VERSION_END;
  if (!isVersion(bytes, start, version) || bytes[start + MAJOR_AT] !== ONE) return undefined;
  if (bytes[version] !== SPACE) return undefined;
  let status = 0;
  for (let at = start + STATUS_AT; at < start + STATUS_END; at++) {
    if (!isDigit(bytes[at])) return undefined;
    status = status * 10 + bytes[at] - ZERO;
  }
  if (end > start + STATUS_END && bytes[start + STATUS_END] !== SPACE) return undefined;
  return status >= 100 && status <= 599 ? status : undefined;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

const ABSOLUTE = /^https?:\/\/([^/?#]*)/i;
const NO_HOST = /^(?::|$)/;

type RequestLine = Pick<RequestHead, "kind" | "method" | "target" | "version">;

/** RFC 9112, 3. */
function parseRequestLine(bytes: Uint8Array, start: number, end: number): RequestLine | BadHead {
  const first = indexOfSpace(bytes, start, end);
  const second = indexOfSpace(bytes, first + 1, end);
  if (second >= end || indexOfSpace(bytes, second + 1, end) < end) {
    return bad(400, "the request line is not method, target and version (RFC 9112, 3)");
  }
  if (!isMethod(bytes, start, first)) return bad(400, "the method is not a token (RFC 9110, 9.1)");
  if (!isVersion(bytes, second + 1, end)) {
    return bad(400, "no HTTP version in the request line (RFC 9112, 2.3)");
  }
  if (bytes[second + 1 + MAJOR_AT] !== ONE) {
    const protocol = latin1(bytes, second + 1, end);
    return bad(505, `${protocol} in an HTTP/1.x request (RFC 9110, 2.5)`);
  }
  if (!isTarget(bytes, first + 1, second)) {
    return bad(400, "other than visible ASCII in the target (RFC 9112, 3)");
  }
  const method = recurringLatin1(bytes, start, first);
  if (method === "CONNECT") return bad(405, "CONNECT is not for a reverse proxy (RFC 9110, 9.3.6)");
  const target = recurringLatin1(bytes, first + 1, second);
  return { kind: "head", method, target, version: bytes[end - 1] === ZERO ? "1.0" : "1.1" };
}

/** Where the next space is; `end`, or beyond it, if there is none. */
function indexOfSpace(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== SPACE) at++;
  return at;
}

function isMethod(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (TOKEN[bytes[at]] !== 1) return false;
  return end > start;
}

/** Visible ASCII. */
function isTarget(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] <= SPACE || bytes[at] > TILDE) return false;
  return end > start;
}

/** RFC 9112, 2.3: `HTTP/`, a digit, a dot and a digit. */
function isVersion(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== VERSION_END) return false;
  for (let i = 0; i < PROTOCOL.length; i++) if (bytes[start + i] !== PROTOCOL[i]) return false;
  return isDigit(bytes[start + MAJOR_AT]) && bytes[start + MAJOR_AT + 1] === DOT &&
    isDigit(bytes[start + MINOR_AT]);
}

function bad(status: number, detail: string): BadHead {
  return { kind: "bad", status, detail };
}

/**
 * Reads the first request head of a connection.
 *
 * @example
 * ```ts
 * import { Http1Sniffer } from "./http1_head.ts";
 *
 * const head = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n");
 * new Http1Sniffer().sniff(head); // { kind: "sniffed", protocol: "http", name: "example.com", ... }
 * ```
 */
export class Http1Sniffer implements Sniffer {
  readonly #end = new HeadEnd();
  #lineChecked = false;

  /**
   * Looks at what there is.
   *
   * @param bytes Everything the client has sent so far.
   * @returns The request, what is wrong with it, or `undefined` if more bytes are needed. Never throws.
   */
  sniff(bytes: Uint8Array): SniffResult {
    // RFC 9112, 2.2: an empty line before the request line is to be ignored.
    const start = bytes[0] === CR && bytes[1] === LF ? 2 : 0;
    const end = this.#end.find(bytes, start);
    const { firstLine } = this.#end;
    if (firstLine !== undefined && !this.#lineChecked) {
      // Before what is wrong further on, so that the verdict does not depend on how the bytes were cut.
      const line = parseRequestLine(bytes, start, firstLine);
      if (line.kind === "bad") return malformed(line);
      this.#lineChecked = true;
    }
    if (end === undefined) return undefined;
    if (typeof end === "object") return malformed(end);
    const head = parseRequestHead(bytes, start, end);
    return head.kind === "bad" ? malformed(head) : sniffed(head);
  }
}

function sniffed({ method, version, authority }: RequestHead): Sniffed {
  return {
    kind: "sniffed",
    protocol: "http",
    name: authority?.name,
    port: authority?.port,
    alpn: NO_ALPN,
    http: { method, version, hasAuthority: authority !== undefined },
  };
}

const NO_ALPN: readonly string[] = [];

function malformed({ status, detail }: BadHead): Malformed {
  return { kind: "malformed", protocol: "http", status, detail };
}
