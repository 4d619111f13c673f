/**
 * A configuration in a few lines, as a reviewer wants to read it.
 *
 * @module
 */
import { canonical } from "./address.ts";
import type { Backend, BackendGroup, Config, Listener, Route } from "./config.ts";

/** Routes shown before the rest is only counted. */
const MAX_ROUTES = 200;

/** Networks of a listener's proxies shown before they are only counted. */
const MAX_PROXIES = 3;

/**
 * Says what a configuration does.
 *
 * @param config The configuration.
 * @returns Lines, the last one without a line feed.
 *
 * @example
 * ```ts
 * import { readConfig } from "./read.ts";
 * import { summarize } from "./summarize.ts";
 *
 * const read = await readConfig("config.yaml");
 * if (read.ok) console.log(summarize(read.config));
 * ```
 */
export function summarize(config: Config): string {
  const { routes, fallback, forward, metrics, allowlist, dns } = config;
  const lines = [
    `listeners: ${config.listeners.map(describeListener).join(", ")}`,
    `endpoint: ${metrics.enabled ? `http://${canonical(metrics.address)}` : "off"}`,
    `allowlist: ${
      allowlist === undefined ? "every name is allowed" : count(allowlist.length, "pattern")
    }`,
    `routes: ${routes.length}`,
    ...routes.slice(0, MAX_ROUTES).map((route) => `  ${describeRoute(route)}`),
  ];
  if (routes.length > MAX_ROUTES) lines.push(`  and ${routes.length - MAX_ROUTES} more`);
  lines.push(
    `other names: ${
      forward.enabled
        ? `forwarded to themselves, TLS to port ${forward.ports.tls}, HTTP to port ${forward.ports.http}`
        : fallback === undefined
        ? "refused"
        : "fallback"
    }`,
    `fallback: ${fallback === undefined ? "none, refused" : describeGroup(fallback)}`,
  );
  const { connections, connectionsPerSecond } = config.clientLimits;
  const each = describeLimits(connections || undefined, connectionsPerSecond || undefined);
  if (each.length > 0) lines.push(`each client: ${each.join(", ")}`);
  lines.push(`descriptors: ${describeDescriptors(config)}`);
  if (dns.servers.length > 0) lines.push(`dns: ${dns.servers.map(canonical).join(", ")}`);
  return lines.join("\n");
}

/** What the runtime and the logs of an event loop have open, with room to spare. */
const OWN_DESCRIPTORS = 64;

function describeDescriptors(config: Config): string {
  const { listeners, maxConnections, workers, routes, fallback, forward, pool } = config;
  // A client and its backend are two.
  const serving = 2 * maxConnections + workers * (listeners.length + OWN_DESCRIPTORS);
  const groups = fallback === undefined ? routes : [...routes, fallback];
  const pooled = groups.reduce(
    (sum, { backends, pool: own = pool }) =>
      sum + (own.enabled ? own.maxPerHost * backends.length : 0),
    0,
  );
  const all = pooled === 0
    ? `up to ${serving} at max_connections`
    : `up to ${serving} at max_connections and ${pooled} in the pool, ${serving + pooled} in all`;
  const more = forward.enabled && pool.enabled
    ? `, and ${pool.maxPerHost} for each address of other names`
    : "";
  return `${all}${more}; compare ulimit -n, LimitNOFILE`;
}

function describeListener({ name, trustedProxies: proxies }: Listener): string {
  if (proxies === undefined) return name;
  const whom = proxies.length > MAX_PROXIES
    ? count(proxies.length, "network")
    : proxies.join(" or ");
  return `${name} (PROXY from ${whom})`;
}

function describeRoute(route: Route): string {
  const { name, hosts, alpn, protocols, listen, action } = route;
  const conditions = inBrackets([
    alpn && `alpn ${alpn.join(" or ")}`,
    protocols && `protocol ${protocols.join(" or ")}`,
    listen && `on ${listen.join(" or ")}`,
  ]);
  const label = name === hosts[0] ? "" : `${name}: `;
  const where = action === "reject" ? "reject" : describeGroup(route);
  return `${label}${hosts.join(", ")}${conditions} -> ${where}`;
}

function describeGroup(group: BackendGroup): string {
  const { backends, balance, proxyProtocol, retries, healthCheck, outlierDetection } = group;
  const notes = inBrackets([
    balance === "round_robin" || backends.length === 1 ? undefined : balance,
    proxyProtocol === "off" ? undefined : `PROXY ${proxyProtocol}`,
    ...describeLimits(group.maxConnections, group.rateLimit?.perSecond),
    retries === 0 ? "no retries" : undefined,
    healthCheck && `${healthCheck.type} check`,
    outlierDetection && `ejected after ${count(outlierDetection.consecutiveFailures, "failure")}`,
  ]);
  return backends.map(describeBackend).join(", ") + notes;
}

function describeBackend({ name, weight, backup }: Backend): string {
  return name + (weight === 1 ? "" : ` (weight ${weight})`) + (backup ? " (backup)" : "");
}

function describeLimits(connections: number | undefined, rate: number | undefined): string[] {
  return [
    ...connections === undefined ? [] : [`at most ${count(connections, "connection")}`],
    ...rate === undefined ? [] : [`${rate} a second`],
  ];
}

function inBrackets(notes: readonly (string | undefined)[]): string {
  const said = notes.filter((note) => note !== undefined);
  return said.length === 0 ? "" : ` [${said.join("; ")}]`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
