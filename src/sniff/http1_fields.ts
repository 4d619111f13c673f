/**
 * The fields of an HTTP/1.x head, read strictly: RFC 9112, 5. Most of them are nobody's business here and are
 * passed on as they came, so that no text is made of them.
 *
 * @module
 */
import { latin1, recurringLatin1 } from "./latin1.ts";
import { TOKEN } from "./token.ts";

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

const TAB = 9;
const CR = 13;
const SPACE = 32;
const COLON = 58;

/** Turns a letter into its lower case, and leaves the hyphen. Of other bytes of a token, none turns into these. */
const LOWER = 32;

/** Fields without which a message would be another one: whom it is for, and how long it is. */
export const INALIENABLE: ReadonlySet<string> = new Set([
  "host",
  "content-length",
  "transfer-encoding",
]);

/** Fields that are always for the next hop alone: RFC 9110, 7.6.1. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "upgrade",
]);

/** What a proxy has to look at, by the length of the name. */
const OWN: { name: string; codes: Uint8Array }[][] = [];
for (const name of [...INALIENABLE, ...HOP_BY_HOP]) {
  (OWN[name.length] ??= []).push({ name, codes: new TextEncoder().encode(name) });
}

/** What a Connection field mostly says: none of it is the name of another field. */
const PLAIN_CONNECTION = /^(?:close|keep-alive|upgrade)$/i;

/**
 * Reads the fields of a head.
 *
 * @param bytes A buffer; every CR in the head is followed by LF, and there are no other control characters than tabs.
 * @param start Where the first field's line begins.
 * @param end Where the last one ends, behind its CRLF.
 * @returns Those that say how the message is framed, whom it is for and what is for the next hop alone, in the order
 *   they came; all fields, if Connection names any other. Or what is wrong with a line, and where the rule stands.
 *   Never throws.
 *
 * @example
 * ```ts
 * import { parseFields } from "./http1_fields.ts";
 *
 * const lines = new TextEncoder().encode("Host: example.com\r\nAccept: *\/*\r\n");
 * parseFields(lines, 0, lines.length); // [{ name: "host", value: "example.com", start: 0, end: 19 }]
 * ```
 */
export function parseFields(bytes: Uint8Array, start: number, end: number): Field[] | string {
  return read(bytes, start, end, false);
}

function read(bytes: Uint8Array, start: number, end: number, all: boolean): Field[] | string {
  const fields: Field[] = [];
  for (let line = start; line < end;) {
    if (isBlank(bytes[line])) return "a folded line (RFC 9112, 5.2)";
    let colon = line;
    while (TOKEN[bytes[colon]] === 1) colon++;
    if (colon === line || bytes[colon] !== COLON) {
      return "a field name is not a token followed by a colon (RFC 9112, 5.1)";
    }
    let lineEnd = colon + 1;
    while (bytes[lineEnd] !== CR && lineEnd < end) lineEnd++;
    const name = all ? latin1(bytes, line, colon).toLowerCase() : ownName(bytes, line, colon);
    if (name !== undefined) {
      const value = trimmed(bytes, colon + 1, lineEnd);
      if (!all && name === "connection" && !PLAIN_CONNECTION.test(value)) {
        return read(bytes, start, end, true);
      }
      fields.push({ name, value, start: line, end: lineEnd + 2 });
    }
    line = lineEnd + 2;
  }
  return fields;
}

function ownName(bytes: Uint8Array, start: number, end: number): string | undefined {
  const length = end - start;
  const candidates = OWN[length];
  if (candidates === undefined) return undefined;
  for (let i = 0; i < candidates.length; i++) {
    const { name, codes } = candidates[i];
    let at = 0;
    while (at < length && (bytes[start + at] | LOWER) === codes[at]) at++;
    if (at === length) return name;
  }
  return undefined;
}

/** Without the optional white space around it: RFC 9110, 5.6.3. */
function trimmed(bytes: Uint8Array, start: number, end: number): string {
  while (start < end && isBlank(bytes[start])) start++;
  while (end > start && isBlank(bytes[end - 1])) end--;
  return recurringLatin1(bytes, start, end);
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}
