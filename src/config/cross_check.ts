/**
 * Rules that involve more than one value.
 *
 * @module
 */
import { canonical, parseAddress } from "./address.ts";
import { isMapping } from "./fields.ts";
import { complain, quote } from "./found.ts";
import type { Complaint, Path } from "./problem.ts";
import { group } from "./group_schema.ts";
import { ANY_HOST, LOCAL_HOST } from "./leaves.ts";
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
  const root = mappingOf(values);
  const names = listOf(root.listen_addrs).map((item) =>
    nameOf(isMapping(item) ? item.address : item, ANY_HOST)
  );
  const listeners: ReadonlySet<string | undefined> = new Set(names);
  const complaints = [...checkListeners(names), ...checkMetrics(root.metrics, listeners)];
  for (const [index, item] of listOf(root.listen_addrs).entries()) {
    complaints.push(...checkTrusted(mappingOf(item), ["listen_addrs", index]));
  }
  for (const [index, value] of listOf(root.routes).entries()) {
    if (!isMapping(value)) continue;
    const path = ["routes", index];
    complaints.push(
      ...checkAction(value, path),
      ...checkListen(value.listen, listeners, path),
      ...checkGroup(value, path),
    );
  }
  complaints.push(...checkGroup(mappingOf(root.fallback), ["fallback"]));
  return complaints;
}

function checkListeners(names: readonly (string | undefined)[]): Complaint[] {
  const seen = new Set<string>();
  return names.flatMap((name, index) => {
    if (name === undefined || !seen.has(name)) {
      if (name !== undefined) seen.add(name);
      return [];
    }
    const message = `found ${quote(name)} again, expected every address once`;
    return [{ path: ["listen_addrs", index], message }];
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

/** Keys of a route that say how backends are used. */
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

/** Keys of a health check, and the types that use them. */
const OF_CHECKS: Readonly<Record<string, readonly string[]>> = {
  host: ["tls", "http"],
  method: ["http"],
  path: ["http"],
  status: ["http"],
};

const TYPES = ["tcp", "tls", "http"];

function checkGroup(
  { backends, health_check }: Readonly<Record<string, unknown>>,
  path: Path,
): Complaint[] {
  const seen = new Set<string>();
  const twice = listOf(backends).flatMap((item, index) => {
    const name = nameOf(isMapping(item) ? item.address : item, LOCAL_HOST);
    if (name === undefined || !seen.has(name)) {
      if (name !== undefined) seen.add(name);
      return [];
    }
    const message = `found ${quote(name)} again, expected every backend once`;
    return [{ path: [...path, "backends", index], message }];
  });
  const check = mappingOf(health_check);
  const { type = "tcp" } = check;
  const idle = Object.entries(OF_CHECKS).filter(([key, types]) =>
    check[key] !== undefined && TYPES.includes(String(type)) && !types.includes(String(type))
  ).map(([key, types]) => ({
    path: [...path, "health_check", key],
    message: `has no effect with type: ${type}, only with ${types.join(" and ")}`,
    atKey: true,
  }));
  return [...twice, ...idle];
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

/** The canonical form of an address, if it is one. */
function nameOf(found: unknown, anyHost: string): string | undefined {
  const parsed = typeof found === "string" ? parseAddress(found, anyHost) : undefined;
  return parsed && "value" in parsed ? canonical(parsed.value) : undefined;
}

function mappingOf(value: unknown): Readonly<Record<string, unknown>> {
  return isMapping(value) ? value : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
