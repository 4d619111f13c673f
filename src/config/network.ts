/**
 * CIDR networks: RFC 4632, 3.1 and RFC 4291, 2.3.
 *
 * @module
 */
import { parseIpLiteral } from "./host_name.ts";
import type { Parsed } from "./parsed.ts";

const PREFIX = /^(?:0|[1-9]\d{0,2})$/;

/**
 * Reads a network.
 *
 * @param text An IP literal, `/` and the length of the prefix in bits.
 * @returns The network, its address in canonical spelling. Never throws.
 *
 * @example
 * ```ts
 * import { parseNetwork } from "./network.ts";
 *
 * parseNetwork("FD00:0::/8"); // { value: "fd00::/8" }
 * ```
 */
export function parseNetwork(text: string): Parsed<string> {
  const slash = text.indexOf("/");
  const ip = parseIpLiteral(slash === -1 ? text : text.slice(0, slash));
  if (ip === undefined) {
    return { accepts: `a network such as "10.0.0.0/8" or "fd00::/8"` };
  }
  const bits = ip.includes(":") ? 128 : 32;
  if (slash === -1) return { accepts: `a network such as "${ip}/${bits}" for this one address` };
  const prefix = text.slice(slash + 1);
  if (!PREFIX.test(prefix) || Number(prefix) > bits) {
    return { accepts: `a prefix length from 0 to ${bits} after the slash` };
  }
  return { value: `${ip}/${prefix}` };
}
