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

/** A method, but for CONNECT. */
const METHOD = /^[A-Z]{1,32}$/;

const PATH = /^\/[!-~]{0,2047}$/;

/** One status, or the first and the last of a range. */
const STATUS = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/;

const backendAddress = address(LOCAL_HOST, "10.0.0.1:443");

const backend = shortOrLong<Backend>(
  backendAddress.transform((found) => toBackend(found)),
  mapping({
    address: backendAddress
      .describe("Where to connect; a name stands for all of its addresses, `:port` for 127.0.0.1."),
    weight: whole(1, 256).default(1).describe("Its share of the connections beside the others'."),
    backup: flag().default(false)
      .describe("Whether it is used only while none of the others can be."),
  }).transform(({ address, weight, backup }) => toBackend(address, weight, backup)),
);

function toBackend(address: Address, weight = 1, backup = false): Backend {
  return { address, name: canonical(address), weight, backup };
}

const rateLimit = mapping({
  connections_per_second: perSecond({ zero: false }).describe("On average."),
  burst: whole(1, MAX_PER_SECOND).optional()
    .describe("Connections at once, after a pause; by default as many as come in a second."),
}).transform(({ connections_per_second, burst }): RateLimit => ({
  perSecond: connections_per_second,
  burst: burst ?? Math.ceil(connections_per_second),
}));

const healthCheck = mapping({
  type: oneOf("tcp", "tls", "http").default("tcp").describe(
    "`tcp` connects, `tls` waits for a ServerHello in answer to a ClientHello, `http` sends a request.",
  ),
  interval: duration(10).describe("From one check to the next."),
  timeout: duration(2).describe("How long a check may take."),
  rise: whole(1, 100).default(2)
    .describe("Checks in a row that have to succeed until a backend is up."),
  fall: whole(1, 100).default(3).describe("Checks in a row that have to fail until it is down."),
  fast_interval: ownDuration().optional().describe(
    "From one check to the next while the backend is down; by default 1 second, or `interval` if that is shorter.",
  ),
  method: text("a text", readMethod, { pattern: METHOD.source }).default("GET")
    .describe("For `http`: the method of the request."),
  path: text("a text", readPath, { pattern: PATH.source, examples: ["/health"] }).default("/")
    .describe("For `http`: its target."),
  host: text("a text", (found) => readHostName(found, "www.example.com"), {
    examples: ["www.example.com"],
  }).optional().describe(
    "For `tls` and `http`: the name to ask for; by default the first plain name of `hosts`.",
  ),
  status: leaf<HealthCheck["status"]>(readStatus, {
    type: ["integer", "string"],
    minimum: 100,
    maximum: 599,
    pattern: STATUS.source,
    examples: [200, "200-299"],
  }).prefault("200-399").describe("For `http`: the status, or the range of them, that is success."),
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
  return METHOD.test(found) && found !== "CONNECT"
    ? { value: found }
    : { accepts: `a method in capitals, such as "GET" or "HEAD"` };
}

function readPath(found: string): Parsed<string> {
  return PATH.test(found)
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
  consecutive_failures: whole(1, 10_000).default(5)
    .describe("Clients in a row that it has to fail."),
  eject_for: duration(30)
    .describe("How long it is left alone the first time; longer each time that follows."),
}).transform(({ consecutive_failures, eject_for }): OutlierDetection => ({
  consecutiveFailures: consecutive_failures,
  ejectFor: eject_for,
}));

/**
 * The backends themselves.
 *
 * @internal
 */
export const backends: Field<Backend[]> = nonEmpty(backend, `backends such as ["10.0.0.1:443"]`)
  .meta({
    description: "Where to connect: addresses, or mappings that say more.",
    examples: [["10.0.0.1:443", { address: "app.internal:443", weight: 2 }]],
  });

/**
 * The other keys.
 *
 * @internal
 */
export const group = {
  balance: oneOf("round_robin", "least_connections", "random", "source_ip").default("round_robin")
    .describe("How a backend is chosen; `source_ip` keeps a client with the same one."),
  proxy_protocol: oneOf("off", "v1", "v2").default("off")
    .describe("The PROXY header that tells the backends who the client is."),
  max_connections: whole(1, 10_000_000).optional()
    .describe("Clients at a time; by default any number."),
  rate_limit: rateLimit.optional().meta({
    description: "How many clients may come; by default any number.",
    examples: [{ connections_per_second: 100, burst: 200 }],
  }),
  retries: whole(0, 10).default(2)
    .describe("Other backends that are tried while nothing has been answered yet."),
  health_check: healthCheck.optional().meta({
    description: "Asks the backends whether they work; by default they are not asked.",
    examples: [{ type: "http", path: "/health", status: "200-299" }],
  }),
  outlier_detection: outlierDetection.optional().meta({
    description: "Leaves a backend alone that fails clients; by default none is.",
    examples: [{ consecutive_failures: 5, eject_for: 30 }],
  }),
  connection_pool: mapping(pool).optional().meta({
    description: "What is different for the sockets to these backends; the rest is as everywhere.",
    examples: [{ preconnect: 4 }],
  }),
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
