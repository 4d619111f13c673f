/**
 * Which texts count as a host name on the wire.
 *
 * @module
 */

/** Longest name without its trailing dot, in bytes: RFC 1035, 2.3.4. */
const MAX_NAME = 253;

/** Longest label: RFC 1035, 2.3.4. */
const MAX_LABEL = 63;

/** A last label that makes systems read the whole as an IPv4 address: WHATWG URL, "ends in a number". */
const NUMBER = /^(?:\d+|0x[0-9a-f]*)$/;

const DOT = 46;

/**
 * Reads a host name.
 *
 * @param text What a client sent.
 * @returns The name in lower case without its trailing dot; `undefined` if it is none: empty, too long, with
 *   other characters than letters, digits, `-`, `_` and dots between labels, or an IPv4 address in any of the
 *   spellings that systems accept. Never throws.
 *
 * @example
 * ```ts
 * import { hostName } from "./host_name.ts";
 *
 * hostName("WWW.Example.com."); // "www.example.com"
 * hostName("*.example.com"); // undefined
 * hostName("127.1"); // undefined
 * ```
 */
export function hostName(text: string): string | undefined {
  let end = text.length;
  if (end > 0 && text.charCodeAt(end - 1) === DOT) end--;
  if (end === 0 || end > MAX_NAME) return undefined;
  let labelStart = 0;
  let upper = false;
  for (let i = 0; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      if (i === labelStart || i - labelStart > MAX_LABEL) return undefined;
      labelStart = i + 1;
    } else if (code >= 65 && code <= 90) {
      upper = true;
    } else if (!isNameByte(code)) {
      return undefined;
    }
  }
  if (end === labelStart || end - labelStart > MAX_LABEL) return undefined;
  let name = end === text.length ? text : text.slice(0, end);
  if (upper) name = name.toLowerCase();
  // Only a label that begins with a digit can be a number.
  const first = name.charCodeAt(labelStart);
  const numeric = first >= 48 && first <= 57 && NUMBER.test(name.slice(labelStart));
  return numeric ? undefined : name;
}

/** Lower-case letters, digits, `-` and `_`. */
function isNameByte(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || code === 45 || code === 95;
}
