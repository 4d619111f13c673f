/**
 * What is left of an event loop that is no more: what it has counted has happened all the same.
 *
 * @module
 */
import { INTERVAL_MS } from "./history.ts";
import type { StatusData } from "./status.ts";

/**
 * The status of nobody, to begin with.
 *
 * @param version The program's version.
 * @returns One that adds nothing to others.
 */
export function blankStatus(version: string): StatusData {
  return {
    version,
    state: "ready",
    at: Date.now(),
    startedAt: Math.round(performance.timeOrigin),
    workers: 0,
    memory: Deno.memoryUsage().rss,
    droppedLogLines: 0,
    config: { loadedAt: Date.now() },
    connections: { active: 0, max: 0 },
    totals: { accepted: 0, ended: 0, failed: 0, rx: 0, tx: 0, hits: 0, misses: 0, savedMs: 0 },
    listeners: [],
    routes: [],
    routesLeftOut: 0,
    protocols: { tls: 0, http: 0, h2c: 0, unknown: 0 },
    tls: { hellos: 0, postQuantum: 0, ech: 0, versions: {}, alpn: {} },
    ends: [],
    unknownNames: [],
    recent: [],
    history: {
      interval: INTERVAL_MS,
      until: 0,
      ...{ active: [], accepted: [], ended: [], failed: [], rx: [], tx: [], hits: [], misses: [] },
    },
  };
}

/**
 * Takes away what an event loop had while it lived.
 *
 * @param status Its last one.
 * @returns What it has counted.
 */
export function pastOf(status: StatusData): StatusData {
  return {
    ...status,
    workers: 0,
    connections: { active: 0, max: 0 },
    routes: status.routes.map((route) => ({
      ...route,
      ...{ active: 0, idle: 0, warm: 0, backends: [] },
    })),
  };
}
