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
import {
  type Field,
  flag,
  leaf,
  mapping,
  nonEmpty,
  oneOf,
  shortOrLong,
  text,
  whole,
} from "./fields.ts";
import {
  address,
  duration,
  LOCAL_HOST,
  MAX_PER_SECOND,
  ownDuration,
  perSecond,
  readHostName,
} from "./leaves.ts";
import type { Parsed } from "./parsed.ts";
import { pool, toPool } from "./pool_schema.ts";

/** From one check to the next while a backend is down, in milliseconds, if that is not more than otherwise. */
const FAST_INTERVAL = 1_000;

/** One status, or the first and the last of a range. */
const STATUS = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/;

const backendAddress = address(LOCAL_HOST, "10.0.0.1:443");

const backend = shortOrLong<Backend>(
  backendAddress.transform((found) => toBackend(found)),
  mapping({
    address: backendAddress,
    weight: whole(1, 256).default(1),
    backup: flag().default(false),
  }).transform(({ address, weight, backup }) => toBackend(address, weight, backup)),
);

function toBackend(address: Address, weight = 1, backup = false): Backend {
  return { address, name: canonical(address), weight, backup };
}

const rateLimit = mapping({
  connections_per_second: perSecond({ zero: false }),
  burst: whole(1, MAX_PER_SECOND).optional(),
}).transform(({ connections_per_second, burst }): RateLimit => ({
  perSecond: connections_per_second,
  burst: burst ?? Math.ceil(connections_per_second),
}));

const healthCheck = mapping({
  type: oneOf("tcp", "tls", "http").default("tcp"),
  interval: duration(10),
  timeout: duration(2),
  rise: whole(1, 100).default(2),
  fall: whole(1, 100).default(3),
  fast_interval: ownDuration(),
  method: text("a text", readMethod).default("GET"),
  path: text("a text", readPath).default("/"),
  host: text("a text", (found) => readHostName(found, "www.example.com")).optional(),
  status: leaf<HealthCheck["status"]>(readStatus).default([200, 399]),
});

function toHealthCheck(
  { interval, fast_interval, host, ...others }: z.output<typeof healthCheck>,
  name: string | undefined,
): HealthCheck {
  const asked = others.type === "tcp" ? undefined : host ?? name;
  return {
    ...others,
    interval,
    fastInterval: fast_interval ?? Math.min(interval, FAST_INTERVAL),
    ...(asked !== undefined && { host: asked }),
  };
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

function readStatus(found: unknown): Parsed<HealthCheck["status"]> {
  const written = typeof found === "number" ? String(found) : found;
  const [, low, high = low] = typeof written === "string" ? STATUS.exec(written) ?? [] : [];
  return Number(low) <= Number(high)
    ? { value: [Number(low), Number(high)] }
    : { accepts: `a status such as 200, or a range such as "200-399"` };
}

const outlierDetection = mapping({
  consecutive_failures: whole(1, 10_000).default(5),
  eject_for: duration(30),
}).transform(({ consecutive_failures, eject_for }): OutlierDetection => ({
  consecutiveFailures: consecutive_failures,
  ejectFor: eject_for,
}));

/**
 * The backends themselves.
 *
 * @internal
 */
export const backends: Field<Backend[]> = nonEmpty(backend, `backends such as ["10.0.0.1:443"]`);

/**
 * The other keys.
 *
 * @internal
 */
export const group = {
  balance: oneOf("round_robin", "least_connections", "random", "source_ip").default("round_robin"),
  proxy_protocol: oneOf("off", "v1", "v2").default("off"),
  max_connections: whole(1, 10_000_000).optional(),
  rate_limit: rateLimit.optional(),
  retries: whole(0, 10).default(2),
  health_check: healthCheck.optional(),
  outlier_detection: outlierDetection.optional(),
  connection_pool: mapping(pool).optional(),
};

/**
 * Makes a group of what its keys came to.
 *
 * @param backends The backends.
 * @param keys The other keys.
 * @param others What the rest of the file says of pools.
 * @param name What health checks ask for unless they say; `undefined`: nothing.
 * @returns The group.
 *
 * @internal
 */
export function toGroup(
  backends: readonly Backend[],
  keys: z.output<ReturnType<typeof mapping<typeof group>>>,
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
    ...(health_check && { healthCheck: toHealthCheck(health_check, name) }),
    ...(outlier_detection && { outlierDetection: outlier_detection }),
    ...(connection_pool && { pool: toPool(connection_pool, others) }),
  };
}
