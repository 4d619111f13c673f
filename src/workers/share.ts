/**
 * One worker's part of what a configuration allows.
 *
 * @module
 */
import type { BackendGroup, ClientLimits, Config, ConnectionPool } from "../config/config.ts";

/**
 * Divides a configuration. The parts of a number of connections or sockets add up to the number, as long as there are
 * no more workers than that: each has at least one. What a single client may have is divided, too, and rounded up,
 * since the system spreads its connections over the workers.
 *
 * @param config The whole.
 * @param index Whose part, from 0.
 * @param count How many workers there are.
 * @returns The part.
 *
 * @example
 * ```ts ignore
 * shareOf({ ...config, maxConnections: 5 }, 0, 2).maxConnections; // 3
 * shareOf({ ...config, maxConnections: 5 }, 1, 2).maxConnections; // 2
 * ```
 */
export function shareOf(config: Config, index: number, count: number): Config {
  const part = (whole: number): number => Math.floor((whole + count - 1 - index) / count);
  const group = <T extends BackendGroup>(whole: T): T => ({
    ...whole,
    ...(whole.maxConnections && { maxConnections: Math.max(1, part(whole.maxConnections)) }),
    ...(whole.rateLimit && {
      rateLimit: {
        perSecond: whole.rateLimit.perSecond / count,
        burst: Math.max(1, part(whole.rateLimit.burst)),
      },
    }),
    ...(whole.pool && { pool: pool(whole.pool) }),
  });
  const pool = (whole: ConnectionPool): ConnectionPool => ({
    ...whole,
    maxPerHost: Math.max(1, part(whole.maxPerHost)),
    preconnect: typeof whole.preconnect === "number" ? part(whole.preconnect) : whole.preconnect,
  });
  return {
    ...config,
    maxConnections: Math.max(1, part(config.maxConnections)),
    routes: config.routes.map(group),
    ...(config.fallback && { fallback: group(config.fallback) }),
    pool: pool(config.pool),
    clientLimits: eachClient(config.clientLimits, count),
  };
}

function eachClient(
  { connections, connectionsPerSecond, burst }: ClientLimits,
  count: number,
): ClientLimits {
  return {
    connections: Math.ceil(connections / count),
    connectionsPerSecond: connectionsPerSecond / count,
    burst: Math.ceil(burst / count),
  };
}
