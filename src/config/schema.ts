/**
 * What `config.yaml` may say: every key, what it accepts and its default.
 *
 * @module
 */
import { z } from "zod";
import { canonical } from "./address.ts";
import type { Config, Listener } from "./config.ts";
import {
  check,
  dictionary,
  type Field,
  flag,
  list,
  mapping,
  nonEmpty,
  oneOf,
  shortOrLong,
  text,
  whole,
} from "./fields.ts";
import { parseIpLiteral } from "./host_name.ts";
import { parseAllowPattern } from "./host_pattern.ts";
import {
  address,
  ANY_HOST,
  duration,
  LOCAL_HOST,
  MAX_PER_SECOND,
  perSecond,
  readDnsServer,
  readHostName,
  readIpOrNetwork,
} from "./leaves.ts";
import { parseNetwork } from "./network.ts";
import type { Parsed } from "./parsed.ts";
import { POOL, pool, toPool } from "./pool_schema.ts";
import type { Complaint } from "./problem.ts";
import { fallback, route, toFallback, toRoute } from "./route_schema.ts";

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

function readIp(found: string): Parsed<string> {
  const value = parseIpLiteral(found);
  return value === undefined
    ? { accepts: `an IP address such as "10.0.0.1" or "fd00::1"` }
    : { value };
}

function readDenied(found: string): Parsed<string> {
  if (NETWORKS.includes(found)) return { value: found };
  const parsed = parseNetwork(found);
  if ("value" in parsed || found.includes("/")) return parsed;
  return { accepts: `one of ${NETWORKS.join(", ")}, or a network such as "10.0.0.0/8"` };
}

const listenAddress = address(ANY_HOST, "0.0.0.0:443");

const listener = shortOrLong<Listener>(
  listenAddress.transform((found) => ({ address: found, name: canonical(found) })),
  mapping({
    address: listenAddress,
    proxy_protocol: flag().default(false),
    trusted_proxies: nonEmpty(
      text("a text", readIpOrNetwork),
      `networks such as ["10.0.0.0/8"]`,
    ).optional(),
  }).transform(({ address, proxy_protocol, trusted_proxies = ANYBODY }) => ({
    address,
    name: canonical(address),
    ...(proxy_protocol && { trustedProxies: trusted_proxies }),
  })),
);

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
      `DNS servers such as ["10.0.0.53"]`,
    ).default([]),
    hosts: dictionary(
      (name) => readHostName(name, "internal.example"),
      nonEmpty(text("a text", readIp), `IP addresses such as ["10.0.0.1"]`),
      `a mapping of names to IP addresses, such as { "internal.example": ["10.0.0.1"] }`,
    ).prefault({}),
    cache: mapping({
      max_entries: whole(1, 10_000_000).default(10_000),
      ttl: duration(60),
      negative_ttl: duration(5, { zero: true }),
      stale: duration(600, { zero: true }),
    }).prefault({}),
  }).prefault({}),
  limits: mapping({
    per_client: mapping({
      connections: whole(0, 10_000_000).default(0),
      connections_per_second: perSecond({ zero: true }).default(0),
      burst: whole(0, MAX_PER_SECOND).default(0),
    }).prefault({}),
  }).prefault({}),
  access_log: mapping({ enabled: flag().default(true), format }).prefault({}),
  log: mapping({ level: oneOf("debug", "info", "warn", "error").default("info"), format })
    .prefault({}),
  ...ignored,
}).transform(
  ({ timeouts, connection_pool, forward, dns, limits: { per_client }, ...file }): Config => {
    const pool = toPool(connection_pool, POOL);
    return {
      listeners: file.listen_addrs,
      timeouts: {
        connect: timeouts.connect,
        clientHello: timeouts.client_hello,
        idle: timeouts.idle,
        halfClosed: timeouts.half_closed,
      },
      metrics: file.metrics,
      ...(file.allowlist && { allowlist: file.allowlist }),
      maxConnections: file.max_connections,
      shutdownTimeout: file.shutdown_timeout,
      routes: file.routes.map((each) => toRoute(each, pool)),
      pool,
      poolSweep: connection_pool.cleanup_interval,
      ...(file.fallback && { fallback: toFallback(file.fallback, pool) }),
      forward: {
        enabled: forward.enabled ?? (file.routes.length === 0 && file.fallback === undefined),
        ports: forward.ports,
        denyNetworks: forward.deny_networks,
        allowNetworks: forward.allow_networks,
      },
      dns: {
        servers: dns.servers,
        hosts: dns.hosts,
        cache: {
          maxEntries: dns.cache.max_entries,
          ttl: dns.cache.ttl,
          negativeTtl: dns.cache.negative_ttl,
          stale: dns.cache.stale,
        },
      },
      clientLimits: {
        connections: per_client.connections,
        connectionsPerSecond: per_client.connections_per_second,
        burst: per_client.burst,
      },
      accessLog: file.access_log,
      log: file.log,
    };
  },
);

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
