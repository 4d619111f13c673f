/**
 * Rules that involve more than one value.
 *
 * @module
 */
import { canonical, parseAddress } from "./address.ts";
import { isMapping, listOf, mappingOf } from "./fields.ts";
import { complain, quote } from "./found.ts";
import { group } from "./group_schema.ts";
import { ANY_HOST, LOCAL_HOST } from "./leaves.ts";
import type { Complaint, Path } from "./problem.ts";
import { METRICS_ADDRESS } from "./schema.ts";

/** Listeners named in a message before it breaks off. */
const MAX_SHOWN = 8;

/**
 * Checks values against each other. Says nothing about a value that is wrong by itself, nor about what depends
 * on it; so its complaints and those of the schema can be shown side by side.
 *
 * @param values A document, as `readValues` gives it.
 * @returns What is wrong. Never throws.
 *
 * @example
 * ```ts
 * import { crossCheck } from "./cross_check.ts";
 *
 * crossCheck({ listen_addrs: [":80", "[::]:80"] });
 * // [{ path: ["listen_addrs", 1], message: 'found "[::]:80" again, expected every address once' }]
 * ```
 */
export function crossCheck(values: unknown): Complaint[] {
  const { listen_addrs, metrics, routes, fallback } = mappingOf(values);
  const names = namesOf(listen_addrs, ANY_HOST);
  const listeners: ReadonlySet<string | undefined> = new Set(names);
  const complaints = [
    ...checkTwice(names, "address", ["listen_addrs"]),
    ...checkMetrics(metrics, listeners),
    ...checkGroup(mappingOf(fallback), ["fallback"]),
  ];
  for (const [index, value] of listOf(listen_addrs).entries()) {
    complaints.push(...checkTrusted(mappingOf(value), ["listen_addrs", index]));
  }
  for (const [index, value] of listOf(routes).entries()) {
    if (!isMapping(value)) continue;
    const path = ["routes", index];
    complaints.push(
      ...checkAction(value, path),
      ...checkListen(value.listen, listeners, path),
      ...checkGroup(value, path),
    );
  }
  return complaints;
}

function checkTwice(
  names: readonly (string | undefined)[],
  noun: string,
  path: Path,
): Complaint[] {
  const seen = new Set<string>();
  return names.flatMap((name, index) => {
    if (name === undefined || !seen.has(name)) {
      if (name !== undefined) seen.add(name);
      return [];
    }
    const message = `found ${quote(name)} again, expected every ${noun} once`;
    return [{ path: [...path, index], message }];
  });
}

function checkMetrics(
  value: unknown,
  listeners: ReadonlySet<string | undefined>,
): Complaint[] {
  const { enabled = true, address = METRICS_ADDRESS } = mappingOf(value);
  const name = nameOf(address, LOCAL_HOST);
  if (enabled === false || name === undefined || !listeners.has(name)) return [];
  const message = complain(name, "an address that is not in listen_addrs, or enabled: false");
  return [{ path: ["metrics", "address"], message }];
}

function checkTrusted(
  { proxy_protocol = false, trusted_proxies }: Readonly<Record<string, unknown>>,
  path: Path,
): Complaint[] {
  if (proxy_protocol !== false || trusted_proxies === undefined) return [];
  const message = "has no effect without proxy_protocol: true";
  return [{ path: [...path, "trusted_proxies"], message, atKey: true }];
}

/** Keys that say where a route goes, and how. */
const OF_BACKENDS = ["backends", ...Object.keys(group)];

function checkAction(route: Readonly<Record<string, unknown>>, path: Path): Complaint[] {
  const { action = "proxy", backends } = route;
  if (action === "reject") {
    return OF_BACKENDS.filter((key) => route[key] !== undefined).map((key) => ({
      path: [...path, key],
      message: `found ${key}, expected none with action: reject`,
      atKey: true,
    }));
  }
  if (action === "proxy" && backends === undefined) {
    const message = complain(undefined, "a list of backends, or action: reject");
    return [{ path: [...path, "backends"], message }];
  }
  return [];
}

function checkGroup(
  { backends, health_check }: Readonly<Record<string, unknown>>,
  path: Path,
): Complaint[] {
  return [
    ...checkTwice(namesOf(backends, LOCAL_HOST), "backend", [...path, "backends"]),
    ...checkHealthCheck(mappingOf(health_check), [...path, "health_check"]),
  ];
}

/** What each type of health check has no use for. */
const USELESS: ReadonlyMap<unknown, readonly string[]> = new Map([
  ["tcp", ["host", "method", "path", "status"]],
  ["tls", ["method", "path", "status"]],
]);

function checkHealthCheck(check: Readonly<Record<string, unknown>>, path: Path): Complaint[] {
  const { type = "tcp" } = check;
  const idle = USELESS.get(type) ?? [];
  return idle.filter((key) => check[key] !== undefined).map((key) => ({
    path: [...path, key],
    message: `has no effect with type: ${type}, only with ${
      key === "host" ? "tls and http" : "http"
    }`,
    atKey: true,
  }));
}

function checkListen(
  value: unknown,
  listeners: ReadonlySet<string | undefined>,
  path: Path,
): Complaint[] {
  if (listeners.size === 0 || listeners.has(undefined)) return [];
  return listOf(value).flatMap((item, index) => {
    const name = nameOf(item, ANY_HOST);
    if (name === undefined || listeners.has(name)) return [];
    const shown = [...listeners.values().take(MAX_SHOWN)].join(", ");
    const more = listeners.size > MAX_SHOWN ? ", ..." : "";
    const message = complain(item, `one of listen_addrs: ${shown}${more}`);
    return [{ path: [...path, "listen", index], message }];
  });
}

/** The canonical forms of a list's addresses; `undefined` for what is none. */
function namesOf(list: unknown, anyHost: string): (string | undefined)[] {
  return listOf(list).map((item) => nameOf(isMapping(item) ? item.address : item, anyHost));
}

/** The canonical form of an address, if it is one. */
function nameOf(found: unknown, anyHost: string): string | undefined {
  const parsed = typeof found === "string" ? parseAddress(found, anyHost) : undefined;
  return parsed && "value" in parsed ? canonical(parsed.value) : undefined;
}
