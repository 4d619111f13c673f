/**
 * The head of an HTTP/1.x request, read strictly: whatever two parsers might read differently is refused.
 *
 * @module
 */
import { type Authority, parseAuthority } from "./authority.ts";
import { latin1 } from "./latin1.ts";
import type { Malformed, Sniffed, Sniffer, SniffResult } from "./sniffed.ts";

/** Longest head, with the empty line that ends it. */
export const MAX_HEAD = 64 * 1024;

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;

/** A header field. */
export interface Field {
  /** In lower case. */
  readonly name: string;
  /** Without the white space around it. */
  readonly value: string;
  /** Where its line begins, as an offset in the buffer. */
  readonly start: number;
  /** Where its line ends, behind its CRLF. */
  readonly end: number;
}

/** The head of a response. */
export interface ResponseHead {
  /** Marks the variant. */
  readonly kind: "head";
  /** 100 to 599. */
  readonly status: number;
  /** As for a request. */
  readonly version: "1.0" | "1.1";
  /** In the order they came. */
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
  /** In the order they came. */
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
  // Every line with its CRLF, without the empty one.
  const text = latin1(bytes, start, end - 2);
  const lineEnd = text.indexOf("\r\n");
  const line = parseRequestLine(text.slice(0, lineEnd));
  if (line.kind === "bad") return line;
  const fields = parseFields(text, lineEnd + 2, start);
  if ("status" in fields) return fields;
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
  const text = latin1(bytes, start, end - 2);
  const lineEnd = text.indexOf("\r\n");
  const line = STATUS_LINE.exec(text.slice(0, lineEnd));
  if (line === null) return bad(502, "the status line is not one (RFC 9112, 4)");
  const fields = parseFields(text, lineEnd + 2, start);
  if ("status" in fields) return { ...fields, status: 502 };
  return {
    kind: "head",
    status: Number(line[2]),
    version: line[1] === "0" ? "1.0" : "1.1",
    fields,
  };
}

const STATUS_LINE = /^HTTP\/1\.([0-9]) ([1-5][0-9]{2})(?: .*)?$/;
const ABSOLUTE = /^https?:\/\/([^/?#]*)/i;
const NO_HOST = /^(?::|$)/;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VERSION = /^HTTP\/[0-9]\.[0-9]$/;
const TARGET = /^[!-~]+$/;

type RequestLine = Pick<RequestHead, "kind" | "method" | "target" | "version">;

/** RFC 9112, 3. */
function parseRequestLine(line: string): RequestLine | BadHead {
  const first = line.indexOf(" ");
  const second = line.indexOf(" ", first + 1);
  if (first === -1 || second === -1 || line.includes(" ", second + 1)) {
    return bad(400, "the request line is not method, target and version (RFC 9112, 3)");
  }
  const method = line.slice(0, first);
  const target = line.slice(first + 1, second);
  const protocol = line.slice(second + 1);
  if (!TOKEN.test(method)) return bad(400, "the method is not a token (RFC 9110, 9.1)");
  if (!VERSION.test(protocol)) {
    return bad(400, "no HTTP version in the request line (RFC 9112, 2.3)");
  }
  if (protocol[5] !== "1") return bad(505, `${protocol} in an HTTP/1.x request (RFC 9110, 2.5)`);
  if (!TARGET.test(target)) return bad(400, "other than visible ASCII in the target (RFC 9112, 3)");
  if (method === "CONNECT") return bad(405, "CONNECT is not for a reverse proxy (RFC 9110, 9.3.6)");
  return { kind: "head", method, target, version: protocol[7] === "0" ? "1.0" : "1.1" };
}

/** RFC 9112, 5. From `at`, every line of the text is a field's. */
function parseFields(text: string, at: number, start: number): Field[] | BadHead {
  const fields: Field[] = [];
  while (at < text.length) {
    if (isBlank(text.charCodeAt(at))) return bad(400, "a folded line (RFC 9112, 5.2)");
    const end = text.indexOf("\r\n", at);
    const colon = text.indexOf(":", at);
    const named = colon !== -1 && colon < end;
    const name = named ? fieldName(text.slice(at, colon)) : undefined;
    if (name === undefined) {
      return bad(400, "a field name is not a token followed by a colon (RFC 9112, 5.1)");
    }
    const value = trim(text, colon + 1, end);
    fields.push({ name, value, start: start + at, end: start + end + 2 });
    at = end + 2;
  }
  return fields;
}

/** Names as they are mostly sent, and in lower case. */
const names = new Map(
  [
    "Accept-Encoding",
    "Accept-Language",
    "Authorization",
    "Cache-Control",
    "Content-Encoding",
    "Content-Length",
    "If-Modified-Since",
    "If-None-Match",
    "Last-Modified",
    "Strict-Transport-Security",
    "Transfer-Encoding",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
  ].flatMap((name) => {
    const lower = name.toLowerCase();
    return [[name, lower], [lower, lower]];
  }),
);

/** More names than any honest site has. */
const MAX_NAMES = 512;

/** The longest name that is remembered: so short a text is a copy, and not a view of the head it was in. */
const MAX_COPIED = 12;

/** In lower case; `undefined` if it is not a token. */
function fieldName(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined) return known;
  if (!TOKEN.test(text)) return undefined;
  const name = text.toLowerCase();
  if (text.length <= MAX_COPIED && names.size < MAX_NAMES) names.set(text, name);
  return name;
}

/** Without the optional white space around it: RFC 9110, 5.6.3. */
function trim(text: string, start: number, end: number): string {
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
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
      const line = parseRequestLine(latin1(bytes, start, firstLine));
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
