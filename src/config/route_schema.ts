/**
 * What `config.yaml` may say of routes, and of where clients go without one.
 *
 * @module
 */
import type { z } from "zod";
import { canonical } from "./address.ts";
import type { BackendGroup, ConnectionPool, Route } from "./config.ts";
import { mapping, nonEmpty, oneOf, text } from "./fields.ts";
import { backends, group, toGroup } from "./group_schema.ts";
import { parseHostName } from "./host_name.ts";
import { parseHostPattern } from "./host_pattern.ts";
import { address, ANY_HOST } from "./leaves.ts";
import type { Parsed } from "./parsed.ts";

/** RFC 7301, 3.1: an ALPN protocol id is 1 to 255 bytes. */
const MAX_ALPN = 255;

const MAX_NAME = 253;

const encoder = new TextEncoder();

/**
 * A route as it is written.
 *
 * @internal
 */
export const route = mapping({
  name: text("a text", readName, { minLength: 1, maxLength: MAX_NAME }).optional()
    .describe("What it is called in logs and metrics; by default the first of `hosts`."),
  hosts: nonEmpty(
    text("a host pattern in quotes", parseHostPattern, { minLength: 1 }),
    `host patterns such as ["www.example.com"]`,
  ).meta({
    description:
      "The names it is for: exact ones, `*.suffix` for any depth below, `/regexes/`, or `*`.",
    examples: [["shop.example.com", "*.shop.example.com", "/^shop-[0-9]+\\.example\\.com$/"]],
  }),
  alpn: nonEmpty(
    text("a text", readAlpn, { minLength: 1, maxLength: MAX_ALPN }),
    `ALPN protocol ids such as ["h2"]`,
  ).optional().meta({
    description: "Only for hellos that offer one of these; by default for all.",
    examples: [["h2"]],
  }),
  protocols: nonEmpty(oneOf("tls", "http"), `protocols such as ["tls"]`).optional().meta({
    description: "Only for these, where `http` is HTTP/1.x and h2c; by default for both.",
    examples: [["tls"]],
  }),
  listen: nonEmpty(
    address(ANY_HOST, "0.0.0.0:443"),
    `listen addresses such as ["0.0.0.0:443"]`,
  ).optional().meta({
    description: "Only on these of `listen_addrs`; by default on all.",
    examples: [["0.0.0.0:443"]],
  }),
  backends: backends.optional(),
  action: oneOf("proxy", "reject").default("proxy")
    .describe("`reject` refuses; `proxy` connects to one of `backends`, which it needs."),
  ...group,
});

function readName(found: string): Parsed<string> {
  const length = found.length > 0 && found.length <= MAX_NAME;
  // deno-lint-ignore no-control-regex -- a label is one line
  if (length && !/[\u0000-\u001f\u007f]/.test(found)) return { value: found };
  return { accepts: `a text of 1 to ${MAX_NAME} printable characters` };
}

function readAlpn(found: string): Parsed<string> {
  const bytes = encoder.encode(found).length;
  if (bytes > 0 && bytes <= MAX_ALPN) return { value: found };
  return { accepts: `an ALPN protocol id of 1 to ${MAX_ALPN} bytes, such as "h2"` };
}

/**
 * Makes a route of what is written.
 *
 * @param written What is written.
 * @param pool What the rest of the file says of pools.
 * @returns The route.
 *
 * @internal
 */
export function toRoute(
  { name, hosts, alpn, protocols, listen, backends = [], action, ...keys }: z.output<typeof route>,
  pool: ConnectionPool,
): Route {
  return {
    name: name ?? hosts[0],
    hosts,
    ...(alpn && { alpn }),
    ...(protocols && { protocols }),
    ...(listen && { listen: listen.map(canonical) }),
    action,
    ...toGroup(backends, keys, pool, hosts.find((host) => parseHostName(host) !== undefined)),
  };
}

/**
 * A fallback as it is written.
 *
 * @internal
 */
export const fallback = mapping({ backends, ...group });

/**
 * Makes a fallback of what is written.
 *
 * @param written What is written.
 * @param pool What the rest of the file says of pools.
 * @returns The fallback.
 *
 * @internal
 */
export function toFallback(
  { backends, ...keys }: z.output<typeof fallback>,
  pool: ConnectionPool,
): BackendGroup {
  return toGroup(backends, keys, pool, undefined);
}
