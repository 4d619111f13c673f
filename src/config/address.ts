/**
 * `host:port` and `[v6]:port`.
 *
 * @module
 */
import type { Address } from "./config.ts";
import { parseHostName, parseIpLiteral } from "./host_name.ts";
import type { Parsed } from "./parsed.ts";

const PORT = /^[1-9]\d{0,4}$/;
const IPV6_LIKE = /^[\da-f:.]+$/i;

/**
 * Reads an address.
 *
 * @param text `host:port`, `[v6]:port` or `:port`; the host is an IP literal or a name.
 * @param anyHost The host that `:port` stands for.
 * @param example An address of the kind that is expected, for the refusal.
 * @returns The address, its host in canonical spelling, its port from 1 to 65535. Never throws.
 *
 * @example
 * ```ts
 * import { parseAddress } from "./address.ts";
 *
 * parseAddress("[::1]:443", "::"); // { value: { host: "::1", port: 443 } }
 * parseAddress(":80", "::"); // { value: { host: "::", port: 80 } }
 * ```
 */
export function parseAddress(
  text: string,
  anyHost: string,
  example = "10.0.0.1:443",
): Parsed<Address> {
  const colon = text.lastIndexOf(":");
  if (colon === -1) return { accepts: `host:port, such as "${example}"` };
  const left = text.slice(0, colon);
  const right = text.slice(colon + 1);
  if (left.includes(":") && IPV6_LIKE.test(text)) {
    return { accepts: `an IPv6 address in brackets, such as "[::1]:443"` };
  }
  if (!PORT.test(right) || Number(right) > 65535) {
    return { accepts: `host:port with a port from 1 to 65535, such as "${example}"` };
  }
  const host = left === "" ? anyHost : parseHost(left);
  if (host === undefined) {
    return { accepts: `an IP address or a host name before the port, such as "${example}"` };
  }
  return { value: { host, port: Number(right) } };
}

function parseHost(text: string): string | undefined {
  if (!text.startsWith("[")) return parseIpLiteral(text) ?? parseHostName(text);
  const ip = text.endsWith("]") ? parseIpLiteral(text.slice(1, -1)) : undefined;
  return ip?.includes(":") ? ip : undefined;
}

/**
 * Writes an address in the one form that it has in logs, metrics and comparisons.
 *
 * @param address The address.
 * @returns `host:port`, or `[v6]:port`. Never throws.
 */
export function canonical({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
