/**
 * What `config.yaml` may say: every key, what it accepts and its default.
 *
 * @module
 */
import { z } from "zod";
import { canonical } from "./address.ts";
import type { Config, ConnectionPool, Listener } from "./config.ts";
import {
  check,
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
import { parseAllowPattern } from "./host_pattern.ts";
import {
  address,
  ANY_HOST,
  duration,
  LOCAL_HOST,
  MAX_PER_SECOND,
  perSecond,
  readIpOrNetwork,
} from "./leaves.ts";
import { dns, forward } from "./lookup_schema.ts";
import type { Parsed } from "./parsed.ts";
import { poolOfAll } from "./pool_schema.ts";
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

const listenAddress = address(ANY_HOST, "0.0.0.0:443");

const listener = shortOrLong<Listener>(
  listenAddress.transform((found) => ({ address: found, name: canonical(found) })),
  mapping({
    address: listenAddress
      .describe("Where to listen; `:port` is every address of the machine, IPv4 and IPv6."),
    proxy_protocol: flag().default(false)
      .describe("Whether connections of `trusted_proxies` begin with a PROXY header, v1 or v2."),
    trusted_proxies: nonEmpty(
      text("a text", readIpOrNetwork, { title: "network" }),
      `networks such as ["10.0.0.0/8"]`,
    ).optional().meta({
      description: "The proxies in front: networks and addresses; by default everybody.",
      examples: [["10.0.0.0/8"]],
    }),
  }).transform(({ address, proxy_protocol, trusted_proxies = ANYBODY }) => ({
    address,
    name: canonical(address),
    ...(proxy_protocol && { trustedProxies: trusted_proxies }),
  })),
);

const ignored = Object.fromEntries(
  IGNORED.entries().map(([key, message]) => [
    key,
    z.unknown().optional().meta({ description: `From SNIProxy-rs; ${message}.`, deprecated: true }),
  ]),
);

const format = oneOf("json", "text").default("json")
  .describe("`json` for machines, `text` for people.");

const timeouts = mapping({
  connect: duration(10).describe("To connect to a backend, name resolution included, per attempt."),
  client_hello: duration(10).describe("For the whole TLS hello or HTTP head, from accept."),
  idle: duration(300).describe("While no byte moves in either direction."),
  half_closed: duration(30).describe("While one side has ended and nothing moves."),
}).prefault({}).describe("How long things may take.");

const metrics = mapping({
  enabled: flag().default(true).describe("Whether it is served."),
  address: address(LOCAL_HOST, METRICS_ADDRESS).prefault(METRICS_ADDRESS)
    .describe("Where it listens; `:port` is 127.0.0.1."),
}).prefault({}).describe(
  "The HTTP endpoint for those who watch: the status page at /, /status.json, /metrics, /health, /ready.",
);

const connectionPool = mapping({
  ...poolOfAll,
  cleanup_interval: duration(10).describe("How often sockets that are too old are looked for."),
}).prefault({}).describe("Sockets to backends that are kept; docs/pooling.md says what for.");

/** More would only wait for each other. */
const MAX_WORKERS = 64;

const workers = leaf<number>(readWorkers, {
  anyOf: [{ enum: ["auto"] }, { type: "integer", minimum: 1, maximum: MAX_WORKERS }],
  examples: [1, "auto"],
}).default(1).describe(
  "Event loops that share the ports, each with its share of the limits; `auto` is one for each core. " +
    "From 1 to more takes a restart. docs/workers.md says what is shared.",
);

function readWorkers(found: unknown): Parsed<number> {
  if (found === "auto") return { value: Math.min(navigator.hardwareConcurrency, MAX_WORKERS) };
  return typeof found === "number" && Number.isInteger(found) && found >= 1 && found <= MAX_WORKERS
    ? { value: found }
    : { accepts: `auto, or a whole number from 1 to ${MAX_WORKERS}` };
}

const limits = mapping({
  per_client: mapping({
    connections: whole(0, 10_000_000).default(0).describe("At a time."),
    connections_per_second: perSecond({ zero: true }).default(0).describe("On average."),
    burst: whole(0, MAX_PER_SECOND).default(0)
      .describe("At once, after a pause; 0 is as many as come in a second."),
  }).prefault({}).describe("For one IPv4 address or IPv6 /64; 0 is no limit."),
}).prefault({}).describe("What clients may have.");

/**
 * The whole document.
 *
 * @internal
 */
export const document: Field<Config> = mapping({
  listen_addrs: nonEmpty(listener, `listen addresses such as ["0.0.0.0:443"]`).meta({
    description: "Where clients come in: addresses, or mappings that say more. TLS and HTTP are " +
      "told apart by their first bytes, on every listener.",
    examples: [["0.0.0.0:80", "[::]:443"]],
  }),
  timeouts,
  metrics,
  allowlist: list(
    text("a host pattern in quotes", parseAllowPattern, { minLength: 1 }),
    `host patterns such as ["*.example.com"]`,
  ).optional().meta({
    description: "The only names that are served; by default all are. Here `*.x` matches x, too, " +
      "and `*suffix` is a pattern.",
    examples: [["example.com", "*.example.com"]],
  }),
  max_connections: whole(1, 10_000_000).default(10_000)
    .describe("Clients served at a time; others wait in the backlog of the system."),
  shutdown_timeout: duration(30, { zero: true })
    .describe("For connections to finish after SIGTERM or SIGINT."),
  workers,
  connection_pool: connectionPool,
  routes: list(route, "routes").default([]).meta({
    description: "Which names go where; docs/routing.md says which route wins.",
    examples: [[{ hosts: ["www.example.com"], backends: ["10.0.0.1:443"] }]],
  }),
  fallback: fallback.optional().meta({
    description: "Where clients go that ask for no name, or for one that nothing matches; by " +
      "default they are refused.",
    examples: [{ backends: ["127.0.0.1:8443"] }],
  }),
  forward,
  dns,
  limits,
  access_log: mapping({
    enabled: flag().default(true).describe("Whether it is written."),
    format,
  }).prefault({}).describe(
    "One line on stdout for each connection; for HTTP/1.x, for each request.",
  ),
  log: mapping({
    level: oneOf("debug", "info", "warn", "error").default("info")
      .describe("The least that is written; `debug` tells every step of every connection."),
    format,
  }).prefault({}).describe("The program's own log, on stderr."),
  ...ignored,
}).transform(
  ({ timeouts, connection_pool, forward, dns, limits: { per_client }, ...file }): Config => {
    const pool: ConnectionPool = {
      enabled: connection_pool.enabled,
      maxPerHost: connection_pool.max_per_host,
      connectionTtl: connection_pool.connection_ttl,
      idleTimeout: connection_pool.idle_timeout,
      preconnect: connection_pool.preconnect,
    };
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
      workers: file.workers,
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
