/**
 * The first words of a TLS server: whether they are a ServerHello.
 *
 * @module
 */
import { HelloRecords } from "../sniff/hello_records.ts";

const ALERT = 21;
const SERVER_HELLO = 2;
const RECORD_HEADER = 5;

/** RFC 5246, 7.2: a client may go on after a warning, but not after the one that says goodbye. */
const WARNING = 1;
const CLOSE_NOTIFY = 0;

/** Type, length and version: RFC 8446, 4 and 4.1.3. */
const ENOUGH = 6;

/** RFC 8446, 6 and B.2; RFC 5246, 7.2. */
const ALERTS: Readonly<Record<number, string>> = {
  0: "close_notify",
  10: "unexpected_message",
  20: "bad_record_mac",
  22: "record_overflow",
  40: "handshake_failure",
  42: "bad_certificate",
  47: "illegal_parameter",
  48: "unknown_ca",
  49: "access_denied",
  50: "decode_error",
  51: "decrypt_error",
  70: "protocol_version",
  71: "insufficient_security",
  80: "internal_error",
  86: "inappropriate_fallback",
  90: "user_canceled",
  100: "no_renegotiation",
  109: "missing_extension",
  110: "unsupported_extension",
  112: "unrecognized_name",
  115: "unknown_psk_identity",
  116: "certificate_required",
  120: "no_application_protocol",
};

/**
 * Looks for a ServerHello, as which a HelloRetryRequest counts (RFC 8446, 4.1.4). Warnings before it are passed over:
 * servers of TLS 1.2 send `unrecognized_name` so (RFC 6066, 3).
 *
 * @param bytes Everything the server has sent so far.
 * @returns True if it is one; why it is none; `undefined` if more bytes are needed. Never throws.
 *
 * @example
 * ```ts
 * import { readServerHello } from "./server_hello.ts";
 *
 * readServerHello(new Uint8Array([22, 3, 3, 0, 90, 2, 0, 0, 86, 3, 3])); // true
 * readServerHello(new Uint8Array([21, 3, 3, 0, 2, 2, 40])); // "alert handshake_failure (40)"
 * readServerHello(new Uint8Array([22, 3, 3])); // undefined
 * ```
 */
export function readServerHello(bytes: Uint8Array): true | string | undefined {
  let rest = bytes;
  while (rest[0] === ALERT) {
    if (rest.length > 1 && rest[1] !== 3) return "not TLS";
    if (rest.length < RECORD_HEADER + 2) return undefined;
    const level = rest[5];
    const description = rest[6];
    if (level !== WARNING || description === CLOSE_NOTIFY || rest[3] !== 0 || rest[4] !== 2) {
      return `alert ${ALERTS[description] ?? "unknown"} (${description})`;
    }
    rest = rest.subarray(RECORD_HEADER + 2);
  }
  const records = new HelloRecords();
  const problem = records.read(rest, ENOUGH);
  const { message } = records;
  if (message.length > 0 && message[0] !== SERVER_HELLO) {
    return `not a ServerHello, but a handshake message of type ${message[0]}`;
  }
  if (message.length > 4 && message[4] !== 3) return "not TLS";
  if (message.length >= ENOUGH) return true;
  return problem === undefined ? undefined : "not TLS";
}
