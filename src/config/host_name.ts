/**
 * Host names and IP literals, each in one spelling.
 *
 * @module
 */
import { isIP } from "node:net";

/** A label: RFC 1123, 2.1, and the underscore that is in use all the same. */
const LABEL = /^[A-Za-z0-9_-]{1,63}$/;

/** Longest name, without the trailing dot: RFC 1035, 2.3.4. */
const MAX_NAME = 253;

/** Longest IP literal: eight groups, the last two as IPv4. */
const MAX_IP = 45;

/** A last label that makes systems read the whole as an IPv4 address: WHATWG URL, 3.5. */
const NUMBER = /^(?:\d+|0x[0-9a-f]*)$/i;

/**
 * Reads a host name.
 *
 * @param text Any text.
 * @returns The name in lower case without its trailing dot; `undefined` if it is none: an empty or too long
 *   label, characters but letters, digits, `-` and `_`, or a last label that is a number. Never throws.
 *
 * @example
 * ```ts
 * import { parseHostName } from "./host_name.ts";
 *
 * parseHostName("WWW.Example.com."); // "www.example.com"
 * parseHostName("10.0.0.1"); // undefined
 * ```
 */
export function parseHostName(text: string): string | undefined {
  if (text.length > MAX_NAME + 1) return undefined;
  const name = text.endsWith(".") ? text.slice(0, -1) : text;
  if (name.length > MAX_NAME) return undefined;
  const labels = name.split(".");
  if (!labels.every((label) => LABEL.test(label))) return undefined;
  return NUMBER.test(labels[labels.length - 1]) ? undefined : name.toLowerCase();
}

/**
 * Reads an IP address.
 *
 * @param text Any text.
 * @returns IPv4 as it is, IPv6 in its canonical spelling (RFC 5952) without brackets; `undefined` if it is
 *   neither. A zone (`%eth0`) is not accepted. Never throws.
 */
export function parseIpLiteral(text: string): string | undefined {
  if (text.length > MAX_IP) return undefined;
  const version = isIP(text);
  if (version === 4) return text;
  if (version === 0 || text.includes("%")) return undefined;
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}
