/**
 * What `config.yaml` may say of backends: of those of a route, and of the fallback's.
 *
 * @module
 */
import type { z } from "zod";
import { canonical } from "./address.ts";
import type {
  Address,
  Backend,
  BackendGroup,
  ConnectionPool,
  HealthCheck,
  OutlierDetection,
  RateLimit,
} from "./config.ts";
import { parseDuration } from "./duration.ts";
import { type Field, flag, leaf, mapping, nonEmpty, oneOf, text, whole } from "./fields.ts";
import { parseHostName } from "./host_name.ts";
import { address, addressOrMapping, duration, LOCAL_HOST, number } from "./leaves.ts";
import type { Parsed } from "./parsed.ts";

const MAX_WEIGHT = 256;
const MAX_RETRIES = 10;
const MAX_RATE = 1_000_000;

/** A second while the backend is down is soon enough. */
const FAST_MS = 1_000;

const backend: Field<Backend> = addressOrMapping(
  address(LOCAL_HOST, "10.0.0.1:443"),
  { weight: whole(1, MAX_WEIGHT).default(1), backup: flag().default(false) },
  (found) => toBackend(found, 1, false),
  ({ address, weight, backup }) => toBackend(address, weight, backup),
);

function toBackend(address: Address, weight: number, backup: boolean): Backend {
  return { address, name: canonical(address), weight, backup };
}

/** @internal */
export const backends: Field<Backend[]> = nonEmpty(
  backend,
  `backends such as ["10.0.0.1:443"]`,
);

/** @internal */
export const pool = {
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

const poolOverrides = mapping(pool);

/**
 * Connections per second.
 *
 * @internal
 */
export const perSecond: Field<number> = number(
  `a number of connections per second, more than 0, up to ${MAX_RATE}`,
  (value) => value > 0 && value <= MAX_RATE,
);

const rateLimit: Field<RateLimit> = mapping({
  connections_per_second: perSecond,
  burst: whole(1, MAX_RATE).optional(),
}).transform(({ connections_per_second, burst }): RateLimit => ({
  perSecond: connections_per_second,
  // RFC 2697 calls it the committed burst size: a second's worth, unless somebody knows better.
  burst: burst ?? Math.max(1, Math.ceil(connections_per_second)),
}));

const check: Field<HealthCheck> = mapping({
  type: oneOf("tcp", "tls", "http").default("tcp"),
  interval: duration(10),
  fast_interval: leaf<number>((found) => parseDuration(found)).optional(),
  timeout: duration(2),
  rise: whole(1, 100).default(2),
  fall: whole(1, 100).default(3),
  host: text("a host name", readHostName).optional(),
  method: text("a method", readMethod).default("GET"),
  path: text("a path", readPath).default("/"),
  status: leaf<readonly [number, number]>(readStatus).default([200, 399]),
}).transform(({ fast_interval, ...check }): HealthCheck => ({
  ...check,
  fastInterval: fast_interval ?? Math.min(check.interval, FAST_MS),
}));

function readHostName(found: string): Parsed<string> {
  const value = parseHostName(found);
  return value === undefined ? { accepts: `a host name such as "www.example.com"` } : { value };
}

function readMethod(found: string): Parsed<string> {
  return /^[A-Z]{1,32}$/.test(found) && found !== "CONNECT"
    ? { value: found }
    : { accepts: `a method in capitals, such as "GET" or "HEAD"` };
}

function readPath(found: string): Parsed<string> {
  return /^\/[!-~]{0,2047}$/.test(found)
    ? { value: found }
    : { accepts: `a path that begins with a slash, such as "/health"` };
}

function readStatus(found: unknown): Parsed<readonly [number, number]> {
  const [, low, high = low] = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(String(found)) ?? [];
  const ok = (typeof found === "number" || typeof found === "string") && low <= high;
  return ok
    ? { value: [Number(low), Number(high)] }
    : { accepts: `a status such as 200, or a range such as "200-399"` };
}

const outliers: Field<OutlierDetection> = mapping({
  consecutive_failures: whole(1, 10_000).default(5),
  eject_for: duration(30),
}).transform(({ consecutive_failures, eject_for }): OutlierDetection => ({
  consecutiveFailures: consecutive_failures,
  ejectFor: eject_for,
}));

/**
 * The keys of a group of backends, but for the backends.
 *
 * @internal
 */
export const group = {
  balance: oneOf("round_robin", "least_connections", "random", "source_ip").default("round_robin"),
  proxy_protocol: oneOf("off", "v1", "v2").default("off"),
  max_connections: whole(1, 10_000_000).optional(),
  rate_limit: rateLimit.optional(),
  retries: whole(0, MAX_RETRIES).default(2),
  health_check: check.optional(),
  outlier_detection: outliers.optional(),
  connection_pool: poolOverrides.optional(),
};

/** What those keys come to. */
type Group = z.output<ReturnType<typeof mapping<typeof group>>>;

/**
 * Makes a group of what its keys came to.
 *
 * @param backends The backends.
 * @param keys The other keys.
 * @param others What the rest of the file says of pools.
 * @param name What health checks ask for unless they say.
 * @returns The group.
 *
 * @internal
 */
export function toGroup(
  backends: readonly Backend[],
  keys: Group,
  others: ConnectionPool,
  name: string | undefined,
): BackendGroup {
  const { max_connections, rate_limit, health_check, outlier_detection, connection_pool } = keys;
  return {
    backends,
    balance: keys.balance,
    proxyProtocol: keys.proxy_protocol,
    ...(max_connections !== undefined && { maxConnections: max_connections }),
    ...(rate_limit && { rateLimit: rate_limit }),
    retries: keys.retries,
    ...(health_check && {
      healthCheck: { ...(name !== undefined && { host: name }), ...health_check },
    }),
    ...(outlier_detection && { outlierDetection: outlier_detection }),
    ...(connection_pool && { pool: toPool(connection_pool, others) }),
  };
}

/**
 * Makes the settings of a pool.
 *
 * @param keys What was said.
 * @param others What holds where nothing was.
 * @returns The settings.
 *
 * @internal
 */
export function toPool(
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
