/**
 * What `config.yaml` may say of sockets that are kept: for all backends, and for those of a route.
 *
 * @module
 */
import type { z } from "zod";
import type { ConnectionPool } from "./config.ts";
import { flag, leaf, type mapping, whole } from "./fields.ts";
import { ownDuration } from "./leaves.ts";
import type { Parsed } from "./parsed.ts";

/** What holds where nothing is said. */
export const POOL: ConnectionPool = {
  enabled: true,
  maxPerHost: 100,
  connectionTtl: 60_000,
  idleTimeout: 30_000,
  preconnect: "auto",
};

/**
 * The keys.
 *
 * @internal
 */
export const pool = {
  enabled: flag().optional(),
  max_per_host: whole(1, 1_000_000).optional(),
  connection_ttl: ownDuration(),
  idle_timeout: ownDuration(),
  preconnect: leaf<Preconnect>(readPreconnect).optional(),
};

type Preconnect = ConnectionPool["preconnect"];

function readPreconnect(found: unknown): Parsed<Preconnect> {
  if (found === "auto" || found === "off") return { value: found };
  return typeof found === "number" && Number.isInteger(found) && found >= 0 && found <= 10_000
    ? { value: found }
    : { accepts: "auto, off, or a number of sockets up to 10000" };
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
    ReturnType<typeof mapping<typeof pool>>
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
