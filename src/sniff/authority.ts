/**
 * The authority of an HTTP request: a host, and perhaps a port.
 *
 * @module
 */
import { isIPv6 } from "node:net";
import { hostName } from "./host_name.ts";

/** Whom a request is for. */
export interface Authority {
  /** The name; absent for an IP literal and for what is no valid name. */
  readonly name?: string;
  /** The port; absent if there is none. */
  readonly port?: number;
}

/** RFC 3986, 3.2.2: `reg-name` as far as it is in use; names are judged afterwards. */
const HOST = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*$/;

/** RFC 3986, 3.2.3. */
const PORT = /^[0-9]{0,5}$/;

/**
 * Reads the value of Host or `:authority`, or the authority of an absolute target: RFC 9110, 7.2, and RFC 3986, 3.2.
 *
 * @param text The value.
 * @returns Whom it names; `undefined` if it is not an authority, or one with user information, which a proxy must
 *   not take (RFC 9110, 4.2.4). Never throws.
 *
 * @example
 * ```ts
 * import { parseAuthority } from "./authority.ts";
 *
 * parseAuthority("Example.com:8080"); // { name: "example.com", port: 8080 }
 * parseAuthority("[::1]"); // {}
 * parseAuthority("a b"); // undefined
 * ```
 */
export function parseAuthority(text: string): Authority | undefined {
  if (text !== lastText) {
    lastAuthority = parse(text);
    lastText = text;
  }
  return lastAuthority;
}

/** The last one that was read: requests come in series. */
let lastText: string | undefined;
let lastAuthority: Authority | undefined;

function parse(text: string): Authority | undefined {
  let host = text;
  let port = "";
  if (text.startsWith("[")) {
    const end = text.indexOf("]");
    if (end === -1 || !isIPv6(text.slice(1, end)) || text.includes("%")) return undefined;
    host = "";
    const rest = text.slice(end + 1);
    if (rest !== "" && !rest.startsWith(":")) return undefined;
    port = rest.slice(1);
  } else {
    const colon = text.indexOf(":");
    if (colon !== -1) {
      host = text.slice(0, colon);
      port = text.slice(colon + 1);
    }
    if (!HOST.test(host)) return undefined;
  }
  if (!PORT.test(port)) return undefined;
  if (port === "") return { name: hostName(host) };
  const number = Number(port);
  return number >= 1 && number <= 65535 ? { name: hostName(host), port: number } : undefined;
}
