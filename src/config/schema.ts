/**
 * What `config.yaml` may say: every key, what it accepts and its default.
 *
 * @module
 */
import { z } from "zod";
import { canonical } from "./address.ts";
import type { BackendGroup, Config, ConnectionPool, Listener, Route } from "./config.ts";
import {
  check,
  dictionary,
  type Field,
  flag,
  list,
  mapping,
  nonEmpty,
  oneOf,
  text,
  whole,
} from "./fields.ts";
import { backends, group, pool, toGroup, toPool } from "./group_schema.ts";
import { parseHostName, parseIpLiteral } from "./host_name.ts";
import { parseAllowPattern, parseHostPattern } from "./host_pattern.ts";
import {
  address,
  addressOrMapping,
  ANY_HOST,
  duration,
  LOCAL_HOST,
  number,
  readDnsServer,
  readIpOrNetwork,
} from "./leaves.ts";
import { parseNetwork } from "./network.ts";
import type { Parsed } from "./parsed.ts";
import type { Complaint } from "./problem.ts";

/** Where the endpoint is unless the file says otherwise. */
export const METRICS_ADDRESS = "127.0.0.1:9090";

/** Who is trusted where nobody says. */
const ANYBODY = ["0.0.0.0/0", "::/0"];

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

const listener: Field<Listener> = addressOrMapping(
  address(ANY_HOST, "0.0.0.0:443"),
  {
    proxy_protocol: flag().default(false),
    trusted_proxies: nonEmpty(
      text("a text", readIpOrNetwork),
      `networks such as ["10.0.0.0/8"]`,
    ).optional(),
  },
  (found) => ({ address: found, name: canonical(found) }),
  ({ address, proxy_protocol, trusted_proxies = ANYBODY }) => ({
    address,
    name: canonical(address),
    ...(proxy_protocol && { trustedProxies: trusted_proxies }),
  }),
);

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
  ...group,
});

/** A route of the file, and what it takes from the rest of the file. */
function toRoute(
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

const fallback = mapping({ backends, ...group });

function toFallback(
  { backends, ...keys }: z.output<typeof fallback>,
  pool: Parameters<typeof toPool>[0],
): BackendGroup {
  return toGroup(backends, keys, toPool(pool, POOL), undefined);
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
  listen_addrs: nonEmpty(listener, `listen addresses such as ["0.0.0.0:443"]`),
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
  fallback: fallback.optional(),
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
    servers: list(
      text("a text", readDnsServer),
      `IP addresses of DNS servers, such as ["10.0.0.53"]`,
    ).default([]),
    cache: mapping({
      max_entries: whole(1, 10_000_000).default(10_000),
      ttl: duration(60),
      negative_ttl: duration(5, { zero: true }),
      stale: duration(600, { zero: true }),
    }).prefault({}),
    hosts: dictionary(
      readHost,
      nonEmpty(text("a text", readIp), `IP addresses such as ["10.0.0.1"]`),
      `a mapping of names to IP addresses, such as { "internal.example": ["10.0.0.1"] }`,
    ).prefault({}),
  }).prefault({}),
  limits: mapping({
    per_client: mapping({
      connections: whole(0, 10_000_000).default(0),
      connections_per_second: number(
        "a number of connections per second, 0 for no limit",
        (value) => value >= 0 && value <= 1_000_000,
      ).default(0),
      burst: whole(0, 1_000_000).default(0),
    }).prefault({}),
  }).prefault({}),
  access_log: mapping({ enabled: flag().default(true), format }).prefault({}),
  log: mapping({ level: oneOf("debug", "info", "warn", "error").default("info"), format })
    .prefault({}),
  ...ignored,
}).transform((file): Config => ({
  listeners: file.listen_addrs,
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
  ...(file.fallback && { fallback: toFallback(file.fallback, file.connection_pool) }),
  forward: {
    enabled: file.forward.enabled ?? (file.routes.length === 0 && file.fallback === undefined),
    ports: file.forward.ports,
    denyNetworks: file.forward.deny_networks,
    allowNetworks: file.forward.allow_networks,
  },
  dns: {
    servers: file.dns.servers,
    hosts: file.dns.hosts,
    cache: {
      maxEntries: file.dns.cache.max_entries,
      ttl: file.dns.cache.ttl,
      negativeTtl: file.dns.cache.negative_ttl,
      stale: file.dns.cache.stale,
    },
  },
  clientLimits: {
    connections: file.limits.per_client.connections,
    connectionsPerSecond: file.limits.per_client.connections_per_second,
    burst: file.limits.per_client.burst,
  },
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
