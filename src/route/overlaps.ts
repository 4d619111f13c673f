/**
 * Rules that get in each other's way.
 *
 * @module
 */
import type { Config, Route, RouteProtocol } from "../config/config.ts";
import { compileAllowlist } from "./allowlist.ts";

/** Lines of a kind shown before the rest is only counted. */
const MAX_SHOWN = 20;

/** What is odd about the rules, one line each. */
export interface Overlaps {
  /** What has no effect, and so is hardly meant. */
  readonly warnings: readonly string[];
  /** What may well be meant, but surprises some. */
  readonly notes: readonly string[];
}

/**
 * Finds patterns that never win, patterns that stand twice, conditions that no client meets, names that the allowlist
 * never lets come to their rule, and, as notes, wildcards inside of other wildcards. Whether one regular expression
 * takes what another one takes is not looked at.
 *
 * @param config The configuration.
 * @returns Lines, each with the path of the route it is about; none if nothing is odd. The work grows with the number
 *   of patterns, not its square.
 *
 * @example
 * ```ts ignore
 * overlapsOf(config).warnings;
 * // ['routes[1].hosts: "a.example" never wins, routes[0] (shop) has it earlier in the file']
 * ```
 */
export function overlapsOf(config: Config): Overlaps {
  const { routes, listeners } = config;
  const label = labels(routes);
  const byHost = new Map<string, Route[]>();
  const warnings: string[] = [];
  for (const route of routes) {
    if (protocolsOf(route).length === 0) {
      warnings.push(`${label(route)} never wins: only TLS has alpn, and its protocols are http`);
      continue;
    }
    for (const host of route.hosts) {
      const others = byHost.get(host);
      if (others === undefined) byHost.set(host, [route]);
      else if (others.at(-1) === route) warnings.push(`${label(route)} has ${quote(host)} twice`);
      else others.push(route);
    }
  }
  const all = listeners.map(({ name }) => name);
  for (const [host, rivals] of byHost) {
    if (rivals.length === 1) continue;
    for (const [loser, winners] of losersOf(rivals, all)) {
      const whose = [...winners].map(label).join(" and ");
      warnings.push(
        `${label(loser)}: ${quote(host)} never wins, ${whose} ${
          winners.size === 1 ? "has" : "have"
        } it earlier in the file`,
      );
    }
  }
  warnings.push(...unlisted(config, byHost, label));
  return { warnings: shortened(warnings), notes: shortened([...nested(byHost, label)]) };
}

type Label = (route: Route) => string;

/** As messages about a file name a route, and what its owner calls it. */
function labels(routes: readonly Route[]): Label {
  const indices = new Map(routes.map((route, index) => [route, index]));
  return (route) => {
    const { name, hosts } = route;
    return `routes[${indices.get(route)}]${name === hosts[0] ? "" : ` (${name})`}`;
  };
}

function shortened(lines: readonly string[]): readonly string[] {
  const rest = lines.length - MAX_SHOWN;
  return rest > 0 ? [...lines.slice(0, MAX_SHOWN), `and ${rest} more of this kind`] : lines;
}

/** Who takes clients that speak one protocol and come to one listener. */
interface Taken {
  /** Whoever offers one of these. */
  readonly alpn: Map<string, Route>;
  /** All that are left. */
  rest?: Route;
}

/**
 * Routes that have a pattern, but come too late for all clients they are for.
 *
 * @param rivals Routes with the same pattern, in the order of the file.
 * @param all Names of all listeners.
 */
function* losersOf(
  rivals: readonly Route[],
  all: readonly string[],
): Generator<[loser: Route, winners: Set<Route>]> {
  const taken = new Map<string, Taken>();
  for (const route of rivals) {
    const winners = new Set<Route>();
    let wins = false;
    for (const protocol of protocolsOf(route)) {
      for (const listener of route.listen ?? all) {
        const key = `${protocol} ${listener}`;
        const cell = taken.get(key) ?? { alpn: new Map() };
        taken.set(key, cell);
        wins = take(cell, route, winners) || wins;
      }
    }
    if (!wins) yield [route, winners];
  }
}

/** Takes what is left, if anything is; else notes who has it. */
function take(cell: Taken, route: Route, winners: Set<Route>): boolean {
  if (cell.rest !== undefined) {
    winners.add(cell.rest);
    return false;
  }
  if (route.alpn === undefined) {
    cell.rest = route;
    return true;
  }
  let wins = false;
  for (const id of route.alpn) {
    const winner = cell.alpn.get(id);
    if (winner !== undefined) {
      winners.add(winner);
    } else {
      cell.alpn.set(id, route);
      wins = true;
    }
  }
  return wins;
}

/** Protocols of the clients that a route can take. Only TLS has ALPN. */
function protocolsOf({ protocols = ["tls", "http"], alpn }: Route): readonly RouteProtocol[] {
  return alpn === undefined ? protocols : protocols.filter((protocol) => protocol === "tls");
}

function* nested(byHost: ReadonlyMap<string, readonly Route[]>, label: Label): Generator<string> {
  for (const [host, [inner]] of byHost) {
    if (!host.startsWith("*.")) continue;
    const suffix = host.slice(2);
    for (let dot = suffix.indexOf("."); dot !== -1; dot = suffix.indexOf(".", dot + 1)) {
      const around = `*${suffix.slice(dot)}`;
      const [outer] = byHost.get(around) ?? [];
      if (outer === undefined) continue;
      if (!leadsAlike(inner, outer)) {
        yield `${label(inner)}: ${quote(host)} is inside ${quote(around)} of ${
          label(outer)
        }, and ` +
          `takes names below ${suffix} from it`;
      }
      break;
    }
  }
}

function leadsAlike(one: Route, other: Route): boolean {
  return one === other || one.action === other.action && backends(one) === backends(other);
}

function backends(route: Route): string {
  return route.backends.map(({ name }) => name).join();
}

function* unlisted(
  { allowlist }: Config,
  byHost: ReadonlyMap<string, readonly Route[]>,
  label: Label,
): Generator<string> {
  if (allowlist === undefined) return;
  const allows = compileAllowlist(allowlist);
  for (const [host, [route]] of byHost) {
    if (/^[*/]/.test(host) || allows(host)) continue;
    yield `${label(route)}: ${quote(host)} is not on the allowlist, so no client comes to it`;
  }
}

function quote(text: string): string {
  return `"${text}"`;
}
