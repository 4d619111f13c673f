/**
 * A configuration in a few lines, as a reviewer wants to read it.
 *
 * @module
 */
import { canonical } from "./address.ts";
import type { BackendGroup, Config, Route } from "./config.ts";

/** Routes shown before the rest is only counted. */
const MAX_ROUTES = 200;

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
  const { routes, fallback, forward, metrics, allowlist } = config;
  const lines = [
    `listeners: ${config.listeners.map((each) => each.name).join(", ")}`,
    `endpoint: ${metrics.enabled ? `http://${canonical(metrics.address)}` : "off"}`,
    `allowlist: ${
      allowlist === undefined ? "every name is allowed" : count(allowlist.length, "pattern")
    }`,
    `routes: ${routes.length}`,
    ...routes.slice(0, MAX_ROUTES).map((route) => `  ${describe(route)}`),
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
    `fallback: ${fallback === undefined ? "none, refused" : describeBackends(fallback)}`,
  );
  return lines.join("\n");
}

function describe(route: Route): string {
  const { name, hosts, alpn, protocols, listen, action } = route;
  const conditions = [
    alpn && `alpn ${alpn.join(" or ")}`,
    protocols && `protocol ${protocols.join(" or ")}`,
    listen && `on ${listen.join(" or ")}`,
  ].filter((each) => each !== undefined);
  const when = conditions.length === 0 ? "" : ` [${conditions.join("; ")}]`;
  const label = name === hosts[0] ? "" : `${name}: `;
  const where = action === "reject" ? "reject" : describeBackends(route);
  return `${label}${hosts.join(", ")}${when} -> ${where}`;
}

function describeBackends(group: BackendGroup): string {
  const { backends, balance, healthCheck, proxyProtocol } = group;
  const each = backends.map(({ name, weight, backup }) =>
    name + (weight === 1 ? "" : ` (weight ${weight})`) + (backup ? " (backup)" : "")
  );
  const notes = [
    balance === "round_robin" || backends.length === 1 ? undefined : balance,
    healthCheck && `${healthCheck.type} check`,
    proxyProtocol === "off" ? undefined : `PROXY ${proxyProtocol}`,
    group.maxConnections && `at most ${group.maxConnections}`,
    group.rateLimit && `${group.rateLimit.perSecond} per second`,
  ].filter((note) => note !== undefined);
  return each.join(", ") + (notes.length === 0 ? "" : ` [${notes.join("; ")}]`);
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
