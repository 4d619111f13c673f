/**
 * What `config.yaml` may say: every key, what it accepts and its default.
 *
 * @module
 */
import { z } from "zod";
import { canonical, parseAddress } from "./address.ts";
import type { Address, Config, ConnectionPool, Route } from "./config.ts";
import { parseDuration } from "./duration.ts";
import {
  check,
  dictionary,
  type Field,
  flag,
  leaf,
  list,
  mapping,
  nonEmpty,
  oneOf,
  shortOrLong,
  text,
  whole,
} from "./fields.ts";
import { parseHostName, parseIpLiteral } from "./host_name.ts";
import { parseAllowPattern, parseHostPattern } from "./host_pattern.ts";
import { parseNetwork } from "./network.ts";
import type { Parsed } from "./parsed.ts";
import type { Complaint } from "./problem.ts";

/** The host that `:port` means for a listener. */
export const ANY_HOST = "::";

/** The host that `:port` means for everything else. */
export const LOCAL_HOST = "127.0.0.1";

/** Where the endpoint is unless the file says otherwise. */
export const METRICS_ADDRESS = "127.0.0.1:9090";

/** Keys of SNIProxy-rs that load and do nothing, and what to say of each. */
export const IGNORED: ReadonlyMap<string, string> = new Map([
  ["udp_listen_addrs", "has no effect here: only TCP is proxied"],
  ["quic_config", "has no effect here: only TCP is proxied"],
  ["http3_config", "has no effect here: only TCP is proxied"],
  ["protocol_routing", "has no effect here: protocols are told apart by what clients send"],
  ["ssh_routes", "has no effect here: only TLS and HTTP have names to route by"],
]);

const NETWORKS = [
  "loopback",
  "private",
  "link_local",
  "unique_local",
  "multicast",
  "unspecified",
  "self",
];

/** RFC 7301, 3.1: an ALPN protocol id is 1 to 255 bytes. */
const MAX_ALPN = 255;

const MAX_NAME = 253;

const encoder = new TextEncoder();

function address(anyHost: string, example: string): Field<Address> {
  return text(`host:port, such as "${example}"`, (found) => parseAddress(found, anyHost, example));
}

function addressOrMapping(anyHost: string, example: string): Field<Address> {
  const short = address(anyHost, example);
  return shortOrLong(short, mapping({ address: short }).transform((long) => long.address));
}

function duration(
  seconds: number,
  options?: { readonly zero: boolean },
): z.ZodDefault<Field<number>> {
  return leaf<number>((found) => parseDuration(found, options)).default(seconds * 1000);
}

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

function readIp(found: string): Parsed<string> {
  const value = parseIpLiteral(found);
  return value === undefined
    ? { accepts: `an IP address such as "10.0.0.1" or "fd00::1"` }
    : { value };
}

function readHost(found: string): Parsed<string> {
  const value = parseHostName(found);
  return value === undefined ? { accepts: `a host name such as "internal.example"` } : { value };
}

function readDenied(found: string): Parsed<string> {
  if (NETWORKS.includes(found)) return { value: found };
  const parsed = parseNetwork(found);
  if ("value" in parsed || found.includes("/")) return parsed;
  return { accepts: `one of ${NETWORKS.join(", ")}, or a network such as "10.0.0.0/8"` };
}

const backends = nonEmpty(
  addressOrMapping(LOCAL_HOST, "10.0.0.1:443"),
  `backends such as ["10.0.0.1:443"]`,
);

const listen = addressOrMapping(ANY_HOST, "0.0.0.0:443");

const pool = {
  enabled: flag().optional(),
  max_per_host: whole(1, 1_000_000).optional(),
  connection_ttl: leaf<number>((found) => parseDuration(found)).optional(),
  idle_timeout: leaf<number>((found) => parseDuration(found)).optional(),
  preconnect: leaf<Preconnect>(readPreconnect).optional(),
};

type Preconnect = ConnectionPool["preconnect"];

function readPreconnect(found: unknown): Parsed<Preconnect> {
  if (found === "auto" || found === "off") return { value: found };
  return typeof found === "number" && Number.isInteger(found) && found >= 0 && found <= 10_000
    ? { value: found }
    : { accepts: "auto, off, or a number of sockets up to 10000" };
}

/** What a route says; the rest is as for all routes. */
const poolOverrides = mapping(pool);

const route = mapping({
  name: text("a text", readName).optional(),
  hosts: nonEmpty(
    text("a host pattern in quotes", parseHostPattern),
    `host patterns such as ["www.example.com"]`,
  ),
  alpn: nonEmpty(text("a text", readAlpn), `ALPN protocol ids such as ["h2"]`).optional(),
  protocols: nonEmpty(oneOf("tls", "http"), `protocols such as ["tls"]`).optional(),
  listen: nonEmpty(
    address(ANY_HOST, "0.0.0.0:443"),
    `listen addresses such as ["0.0.0.0:443"]`,
  ).optional(),
  backends: backends.optional(),
  action: oneOf("proxy", "reject").default("proxy"),
  connection_pool: poolOverrides.optional(),
});

/** A route of the file, and what it takes from the rest of the file. */
function toRoute(
  { name, hosts, alpn, protocols, listen, backends = [], action, connection_pool }: z.output<
    typeof route
  >,
  pool: ConnectionPool,
): Route {
  return {
    name: name ?? hosts[0],
    hosts,
    ...(alpn && { alpn }),
    ...(protocols && { protocols }),
    ...(listen && { listen: listen.map(canonical) }),
    action,
    backends,
    ...(connection_pool && { pool: toPool(connection_pool, pool) }),
  };
}

function toPool(
  { enabled, max_per_host, connection_ttl, idle_timeout, preconnect }: z.output<
    typeof poolOverrides
  >,
  others: ConnectionPool,
): ConnectionPool {
  return {
    enabled: enabled ?? others.enabled,
    maxPerHost: max_per_host ?? others.maxPerHost,
    connectionTtl: connection_ttl ?? others.connectionTtl,
    idleTimeout: idle_timeout ?? others.idleTimeout,
    preconnect: preconnect ?? others.preconnect,
  };
}

const POOL: ConnectionPool = {
  enabled: true,
  maxPerHost: 100,
  connectionTtl: 60_000,
  idleTimeout: 30_000,
  preconnect: "auto",
};

const ignored = Object.fromEntries(IGNORED.keys().map((key) => [key, z.unknown().optional()]));

const format = oneOf("json", "text").default("json");

/** The whole document. */
const document: Field<Config> = mapping({
  listen_addrs: nonEmpty(listen, `listen addresses such as ["0.0.0.0:443"]`),
  timeouts: mapping({
    connect: duration(10),
    client_hello: duration(10),
    idle: duration(300),
    half_closed: duration(30),
  }).prefault({}),
  metrics: mapping({
    enabled: flag().default(true),
    address: address(LOCAL_HOST, METRICS_ADDRESS).prefault(METRICS_ADDRESS),
  }).prefault({}),
  allowlist: list(
    text("a host pattern in quotes", parseAllowPattern),
    `host patterns such as ["*.example.com"]`,
  ).optional(),
  max_connections: whole(1, 10_000_000).default(10_000),
  shutdown_timeout: duration(30, { zero: true }),
  connection_pool: mapping({ ...pool, cleanup_interval: duration(10) }).prefault({}),
  routes: list(route, "routes").default([]),
  fallback: mapping({ backends }).optional(),
  forward: mapping({
    enabled: flag().optional(),
    ports: mapping({
      tls: whole(1, 65535).default(443),
      http: whole(1, 65535).default(80),
    }).prefault({}),
    deny_networks: list(text("a text", readDenied), "networks").default(NETWORKS),
    allow_networks: list(text("a text", parseNetwork), "networks").default([]),
  }).prefault({}),
  dns: mapping({
    hosts: dictionary(
      readHost,
      nonEmpty(text("a text", readIp), `IP addresses such as ["10.0.0.1"]`),
      `a mapping of names to IP addresses, such as { "internal.example": ["10.0.0.1"] }`,
    ).prefault({}),
  }).prefault({}),
  access_log: mapping({ enabled: flag().default(true), format }).prefault({}),
  log: mapping({ level: oneOf("debug", "info", "warn", "error").default("info"), format })
    .prefault({}),
  ...ignored,
}).transform((file): Config => ({
  listeners: file.listen_addrs.map((address) => ({ address, name: canonical(address) })),
  timeouts: {
    connect: file.timeouts.connect,
    clientHello: file.timeouts.client_hello,
    idle: file.timeouts.idle,
    halfClosed: file.timeouts.half_closed,
  },
  metrics: file.metrics,
  ...(file.allowlist && { allowlist: file.allowlist }),
  maxConnections: file.max_connections,
  shutdownTimeout: file.shutdown_timeout,
  routes: file.routes.map((each) => toRoute(each, toPool(file.connection_pool, POOL))),
  pool: toPool(file.connection_pool, POOL),
  poolSweep: file.connection_pool.cleanup_interval,
  ...(file.fallback && { fallback: file.fallback }),
  forward: {
    enabled: file.forward.enabled ?? (file.routes.length === 0 && file.fallback === undefined),
    ports: file.forward.ports,
    denyNetworks: file.forward.deny_networks,
    allowNetworks: file.forward.allow_networks,
  },
  dns: file.dns,
  accessLog: file.access_log,
  log: file.log,
}));

/**
 * Makes a configuration of a document. What involves more than one value is not looked at here.
 *
 * @param values The document, as `readValues` gives it.
 * @returns The configuration with every default, or all that is wrong. Never throws.
 *
 * @example
 * ```ts
 * import { checkDocument } from "./schema.ts";
 *
 * const checked = checkDocument({ listen_addrs: [":443"] });
 * if ("value" in checked) checked.value.listeners; // [{ address: ..., name: "[::]:443" }]
 * ```
 */
export function checkDocument(
  values: unknown,
): { readonly value: Config } | { readonly complaints: readonly Complaint[] } {
  return check(document, values);
}
