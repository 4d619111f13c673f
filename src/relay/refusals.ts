/**
 * What a refused client is told, in the protocol it speaks: a TLS alert, a small complete HTTP answer, the
 * same as HTTP/2 frames, or nothing. CONTRACT of the wire, section "On the wire".
 *
 * @module
 */
import type { Reason } from "../route/refusal.ts";
import type { Protocol } from "../sniff/sniffed.ts";

/** How a reason is said: a TLS alert description (RFC 8446, 6.2; `undefined` closes) and an HTTP status. */
interface Wording {
  readonly alert?: number;
  readonly status: number;
}

const UNRECOGNIZED_NAME = 112;
const DECODE_ERROR = 50;
const INTERNAL_ERROR = 80;

const WORDING: Record<Reason, Wording> = {
  no_name: { alert: UNRECOGNIZED_NAME, status: 421 },
  no_route: { alert: UNRECOGNIZED_NAME, status: 421 },
  not_allowed: { alert: UNRECOGNIZED_NAME, status: 403 },
  rejected: { alert: UNRECOGNIZED_NAME, status: 403 },
  denied_network: { alert: UNRECOGNIZED_NAME, status: 403 },
  malformed: { alert: DECODE_ERROR, status: 400 },
  too_slow: { status: 408 },
  unknown_protocol: { status: 400 },
  rate_limit: { status: 429 },
  connection_limit: { status: 503 },
  no_healthy_backend: { alert: INTERNAL_ERROR, status: 503 },
  backend_unresolved: { alert: INTERNAL_ERROR, status: 502 },
  backend_refused: { alert: INTERNAL_ERROR, status: 502 },
  backend_unreachable: { alert: INTERNAL_ERROR, status: 502 },
  backend_timeout: { alert: INTERNAL_ERROR, status: 504 },
  backend_closed: { alert: INTERNAL_ERROR, status: 502 },
  backend_malformed: { alert: INTERNAL_ERROR, status: 502 },
};

const STATUS_TEXT: Record<number, string> = {
  400: "Bad Request",
  403: "Forbidden",
  405: "Method Not Allowed",
  408: "Request Timeout",
  421: "Misdirected Request",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
};

/** What an answer depends on, besides the reason. */
export interface Asked {
  /** What the client speaks. */
  readonly protocol: Protocol;
  /** A status more exact than the reason's own, as a malformed head has. */
  readonly status?: number;
  /** The method: an answer to HEAD has no body. */
  readonly method?: string;
  /** The HTTP/2 stream that asked; absent: no request was understood, so the connection is what ends. */
  readonly streamId?: number;
}

const encoder = new TextEncoder();

const ALERTS: Record<number, string> = {
  [UNRECOGNIZED_NAME]: "unrecognized_name",
  [DECODE_ERROR]: "decode_error",
  [INTERNAL_ERROR]: "internal_error",
};

/**
 * Describes what a refused client sees.
 *
 * @param reason Why.
 * @param asked What the client speaks and asked for.
 * @returns For people, such as `fatal alert unrecognized_name (112)` or `421 Misdirected Request`.
 */
export function describeRefusal(
  reason: Reason,
  asked: Pick<Asked, "protocol" | "status">,
): string {
  const { alert, status: usual } = WORDING[reason];
  const status = asked.status ?? usual;
  if (asked.protocol === "http" || asked.protocol === "h2c") {
    return `${status} ${STATUS_TEXT[status]}`;
  }
  return asked.protocol === "unknown" || alert === undefined
    ? "the connection closes without a word"
    : `fatal alert ${ALERTS[alert]} (${alert})`;
}

/**
 * Says a refusal.
 *
 * @param reason Why.
 * @param asked What the client speaks and asked for.
 * @returns The bytes to send before closing; empty to close without a word.
 *
 * @example
 * ```ts
 * import { refusalBytes } from "./refusals.ts";
 *
 * refusalBytes("no_route", { protocol: "tls" }); // 15 03 01 00 02 02 70
 * ```
 */
export function refusalBytes(reason: Reason, asked: Asked): Uint8Array<ArrayBuffer> {
  const { alert, status } = WORDING[reason];
  switch (asked.protocol) {
    case "tls":
      return alert === undefined ? new Uint8Array() : fatalAlert(alert);
    case "http":
      return httpAnswer(asked.status ?? status, asked.method === "HEAD");
    case "h2c":
      return h2Answer(asked.status ?? status, asked.streamId, reason === "malformed");
    case "unknown":
      return new Uint8Array();
  }
}

/** RFC 8446, 6 and 5.1: a record of type alert, the version that every stack reads, level fatal. */
function fatalAlert(description: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array([21, 3, 1, 0, 2, 2, description]);
}

/** RFC 9112: complete by itself, and the last one of its connection. */
function httpAnswer(status: number, head: boolean): Uint8Array<ArrayBuffer> {
  const text = `${status} ${STATUS_TEXT[status]}`;
  const body = `${text}\n`;
  // RFC 9110, 15.5.6: a 405 names the methods there are. RFC 9110, 10.2.3, and RFC 6585, 4: when to come back.
  const extra = status === 405
    ? "Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH\r\n"
    : status === 503 || status === 429
    ? "Retry-After: 1\r\n"
    : "";
  return encoder.encode(
    `HTTP/1.1 ${text}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${body.length}\r\n` +
      `${extra}Connection: close\r\n\r\n${head ? "" : body}`,
  );
}

const H2_SETTINGS = [0, 0, 0, 4, 0, 0, 0, 0, 0];
const H2_NO_ERROR = 0;
const H2_PROTOCOL_ERROR = 1;

/** RFC 9113: our SETTINGS; HEADERS with nothing but `:status`, ending the stream; GOAWAY. */
function h2Answer(
  status: number,
  streamId: number | undefined,
  malformed: boolean,
): Uint8Array<ArrayBuffer> {
  const id = streamId === undefined ? [0, 0, 0, 0] : bigEndian(streamId);
  // RFC 7541, 6.2.2 and Appendix A: literal without indexing, name by index 8 (`:status`), 3 plain bytes.
  const block = [0x08, 3, ...encoder.encode(String(status))];
  const END_STREAM_END_HEADERS = 0x05;
  const headers = streamId === undefined
    ? []
    : [0, 0, block.length, 1, END_STREAM_END_HEADERS, ...id, ...block];
  const error = malformed && streamId === undefined ? H2_PROTOCOL_ERROR : H2_NO_ERROR;
  const goaway = [0, 0, 8, 7, 0, 0, 0, 0, 0, ...id, ...bigEndian(error)];
  return new Uint8Array([...H2_SETTINGS, ...headers, ...goaway]);
}

function bigEndian(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}
