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

/** The most sockets that can be asked for beforehand. */
const MAX_PRECONNECT = 10_000;

const keys = {
  enabled: flag().describe("Whether any are kept."),
  max_per_host: whole(1, 1_000_000).describe("Sockets kept for each backend address."),
  connection_ttl: ownDuration().describe("How old a socket may get, since it was connected."),
  idle_timeout: ownDuration().describe("How long it may rest, since it was last used."),
  preconnect: leaf<Preconnect>(readPreconnect, {
    anyOf: [{ enum: ["auto", "off"] }, { type: "integer", minimum: 0, maximum: MAX_PRECONNECT }],
    examples: [4, "auto", "off"],
  }).describe(
    "Sockets connected beforehand for tunnels, for each backend: `auto` as recent demand has it, and none " +
      "to forwarded names; `off` none; a number so many at all times.",
  ),
};

/**
 * The keys of a pool of its own: what is not said is as everywhere.
 *
 * @internal
 */
export const pool = {
  enabled: keys.enabled.optional(),
  max_per_host: keys.max_per_host.optional(),
  connection_ttl: keys.connection_ttl.optional(),
  idle_timeout: keys.idle_timeout.optional(),
  preconnect: keys.preconnect.optional(),
};

/**
 * The keys of all pools.
 *
 * @internal
 */
export const poolOfAll = {
  enabled: keys.enabled.default(true),
  max_per_host: keys.max_per_host.default(100),
  connection_ttl: keys.connection_ttl.prefault(60),
  idle_timeout: keys.idle_timeout.prefault(30),
  preconnect: keys.preconnect.default("auto"),
};

type Preconnect = ConnectionPool["preconnect"];

function readPreconnect(found: unknown): Parsed<Preconnect> {
  if (found === "auto" || found === "off") return { value: found };
  return typeof found === "number" && Number.isInteger(found) && found >= 0 &&
      found <= MAX_PRECONNECT
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
