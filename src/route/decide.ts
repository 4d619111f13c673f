/**
 * The order of the rules.
 *
 * @module
 */
import type { BackendGroup, Config, Route } from "../config/config.ts";
import { type Allowlist, compileAllowlist } from "./allowlist.ts";
import { type Reason, REASONS, type Refusal } from "./refusal.ts";
import { type Ask, RouteTable } from "./table.ts";

/** Connect to one of the backends. */
export interface ToBackends {
  /** Marks the variant. */
  readonly kind: "proxy";
  /** Metric label: the route's name, or `fallback`. */
  readonly label: string;
  /** The backends, and how they are used. */
  readonly group: BackendGroup;
}

/** Connect to the name itself. */
export interface ToName {
  /** Marks the variant. */
  readonly kind: "forward";
  /** Metric label. */
  readonly label: "forward";
}

/** What is to be done with a connection. */
export type Decision = ToBackends | ToName | Refusal;

/** What a client asks for, the name possibly missing. */
export type Wish = Omit<Ask, "name"> & Partial<Pick<Ask, "name">>;

/** The part of a configuration that decides, ready for use. */
export interface Rules {
  /** The routes. */
  readonly table: RouteTable;
  /** What each route comes to. */
  readonly outcomes: ReadonlyMap<Route, Decision>;
  /** Absent: every name is allowed. */
  readonly allows?: Allowlist;
  /** Whether names without a route are forwarded to themselves. */
  readonly forward: boolean;
  /** For connections with no name or no rule; absent: they are refused. */
  readonly fallback?: ToBackends;
}

const FORWARD: ToName = { kind: "forward", label: "forward" };
const UNKNOWN_PROTOCOL = refusal("unknown_protocol");
const NO_NAME = refusal("no_name");
const NOT_ALLOWED = refusal("not_allowed");
const NO_ROUTE = refusal("no_route");

/**
 * Prepares the rules, once for every version of the configuration.
 *
 * @param config The configuration.
 * @returns The rules.
 */
export function compileRules(config: Config): Rules {
  const { routes, allowlist, fallback, forward } = config;
  return {
    table: new RouteTable(routes),
    outcomes: new Map(routes.map((route) => [route, outcome(route)])),
    allows: allowlist && compileAllowlist(allowlist),
    forward: forward.enabled,
    fallback: fallback && { kind: "proxy", label: "fallback", group: fallback },
  };
}

/**
 * Decides what is to be done with a connection. The decisions are made beforehand: nothing is allocated here.
 *
 * @param rules What {@linkcode compileRules} made.
 * @param wish What the client asks for.
 * @returns The decision. Whether a forwarded name's address may be dialled is for the network guard to say.
 *   Never throws.
 *
 * @example
 * ```ts
 * import type { Config } from "../config/config.ts";
 * import { compileRules, decide } from "./decide.ts";
 *
 * function explain(config: Config, name: string): string {
 *   const wish = { protocol: "tls", name, alpn: ["h2"], listener: "0.0.0.0:443" } as const;
 *   const decision = decide(compileRules(config), wish);
 *   return decision.kind === "refusal" ? decision.reason : decision.label;
 * }
 * ```
 */
export function decide(rules: Rules, wish: Wish): Decision {
  if (wish.protocol === "unknown") return rules.fallback ?? UNKNOWN_PROTOCOL;
  if (!isNamed(wish)) return rules.fallback ?? NO_NAME;

  if (rules.allows !== undefined && !rules.allows(wish.name)) return NOT_ALLOWED;

  const match = rules.table.find(wish);
  const decision = match && rules.outcomes.get(match.route);
  if (decision !== undefined) return decision;

  return rules.forward ? FORWARD : rules.fallback ?? NO_ROUTE;
}

function isNamed(wish: Wish): wish is Ask {
  return wish.name !== undefined;
}

function outcome(route: Route): Decision {
  return route.action === "reject"
    ? refusal("rejected", `route ${route.name} rejects it`)
    : { kind: "proxy", label: route.name, group: route };
}

function refusal(reason: Reason, detail: string = REASONS[reason]): Refusal {
  return { kind: "refusal", reason, detail };
}
