/**
 * Patterns over host names.
 *
 * @module
 */
import { parseHostName, parseIpLiteral } from "./host_name.ts";
import { parseHostRegex } from "./host_regex.ts";
import type { Parsed } from "./parsed.ts";

/** Nobody can ask for an address by name: RFC 6066, 3 allows none in a hello. */
const NO_IP = "a name, since clients cannot ask for an IP address by name";

/**
 * Reads a pattern of a route.
 *
 * @param text A name, `*.suffix`, `/regex/` or `*`.
 * @returns The pattern, in lower case without a trailing dot; a regex as it is. Never throws.
 *
 * @example
 * ```ts
 * import { parseHostPattern } from "./host_pattern.ts";
 *
 * parseHostPattern("*.Example.com."); // { value: "*.example.com" }
 * ```
 */
export function parseHostPattern(text: string): Parsed<string> {
  if (text === "*") return { value: text };
  if (text.startsWith("/")) return parseHostRegex(text);
  if (isIp(text)) return { accepts: NO_IP };
  const wildcard = text.startsWith("*.");
  const name = parseHostName(wildcard ? text.slice(2) : text);
  if (name !== undefined) return { value: wildcard ? `*.${name}` : name };
  return {
    accepts: String
      .raw`a name such as "www.example.com", "*.example.com", a regex such as '/^a[0-9]\.example$/', or "*"`,
  };
}

/**
 * Reads a pattern of the allowlist. IP addresses are let through, because SNIProxy-rs takes them; they match
 * nothing, for nobody can ask for one by name.
 *
 * @param text A name, `*.suffix`, `*suffix`, `*` or an IP address.
 * @returns The pattern, in lower case without a trailing dot. Never throws.
 *
 * @example
 * ```ts
 * import { parseAllowPattern } from "./host_pattern.ts";
 *
 * parseAllowPattern("*Shop.example"); // { value: "*shop.example" }
 * ```
 */
export function parseAllowPattern(text: string): Parsed<string> {
  if (text === "*" || isIp(text)) return { value: text };
  if (!text.startsWith("*")) {
    const name = parseHostName(text);
    if (name !== undefined) return { value: name };
  } else if (text.startsWith("*.")) {
    const name = parseHostName(text.slice(2));
    if (name !== undefined) return { value: `*.${name}` };
  } else {
    // What a name can end in makes a name with something in front of it.
    const name = parseHostName(`x${text.slice(1)}`);
    if (name !== undefined) return { value: `*${name.slice(1)}` };
  }
  return { accepts: `a name such as "www.example.com", "*.example.com", "*suffix", or "*"` };
}

/**
 * Whether a pattern is an IP address, in brackets or not.
 *
 * @param text The pattern.
 * @returns True if it is. Never throws.
 */
export function isIp(text: string): boolean {
  return parseIpLiteral(text.startsWith("[") ? text.slice(1, -1) : text) !== undefined;
}
