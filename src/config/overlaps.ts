/**
 * Rules that get in each other's way.
 *
 * @module
 */
import type { Config, Route } from "./config.ts";

/** Warnings shown before the rest is only counted. */
const MAX_SHOWN = 20;

/** A host pattern of a route. */
interface Entry {
  readonly route: Route;
  readonly host: string;
}

/**
 * Finds patterns that never win, patterns that stand twice, wildcards inside of other wildcards, and names that the
 * allowlist never lets come to their rule. Whether one regular expression takes what another one takes is not
 * looked at.
 *
 * @param config The configuration.
 * @returns One line for each; none if nothing is odd. The work grows with the number of patterns, not its square.
 *
 * @example
 * ```ts ignore
 * overlapsOf(config); // ['"a.example" of route b never wins: route a has it, earlier in the file']
 * ```
 */
export function overlapsOf(config: Config): string[] {
  const byHost = new Map<string, Entry[]>();
  const found: string[] = [];
  for (const route of config.routes) {
    for (const host of route.hosts) {
      const others = byHost.get(host) ?? [];
      const warning = twice({ route, host }, others);
      if (warning !== undefined) found.push(warning);
      others.push({ route, host });
      byHost.set(host, others);
    }
  }
  found.push(...nested(byHost), ...unlisted(config, byHost));
  const rest = found.length - MAX_SHOWN;
  return rest > 0 ? [...found.slice(0, MAX_SHOWN), `and ${rest} more of this kind`] : found;
}

function twice({ route, host }: Entry, earlier: readonly Entry[]): string | undefined {
  const same = earlier.find((other) => other.route === route);
  if (same !== undefined) return `${quote(host)} stands twice in route ${route.name}`;
  const winner = earlier.find((other) => covers(other.route, route));
  return winner &&
    `${
      quote(host)
    } of route ${route.name} never wins: route ${winner.route.name} has it, earlier in the file`;
}

/** Whether a route takes every client that the other one would take, of the same pattern. */
function covers(winner: Route, loser: Route): boolean {
  return includes(winner.protocols, protocolsOf(loser)) && includes(winner.listen, loser.listen) &&
    includes(winner.alpn, loser.alpn);
}

/** Only TLS has ALPN. */
function protocolsOf({ protocols, alpn }: Route): Route["protocols"] {
  return alpn === undefined ? protocols : ["tls"];
}

/** A condition that is absent always holds. */
function includes(
  wide: readonly string[] | undefined,
  narrow: readonly string[] | undefined,
): boolean {
  if (wide === undefined) return true;
  return narrow !== undefined && narrow.every((each) => wide.includes(each));
}

function* nested(byHost: ReadonlyMap<string, readonly Entry[]>): Generator<string> {
  for (const [host, [inner]] of byHost) {
    if (!host.startsWith("*.")) continue;
    const suffix = host.slice(2);
    for (let dot = suffix.indexOf("."); dot !== -1; dot = suffix.indexOf(".", dot + 1)) {
      const [outer] = byHost.get(`*${suffix.slice(dot)}`) ?? [];
      if (outer === undefined || outer.route === inner.route) continue;
      yield `${quote(host)} of route ${inner.route.name} is inside ${quote(outer.host)} of route ` +
        `${outer.route.name}: names below ${suffix} go to ${inner.route.name}`;
      break;
    }
  }
}

function* unlisted(
  { allowlist }: Config,
  byHost: ReadonlyMap<string, readonly Entry[]>,
): Generator<string> {
  if (allowlist === undefined) return;
  const listed = new Set(allowlist);
  const endings = allowlist.filter((pattern) => /^\*[^.]|^\*$/.test(pattern))
    .map((pattern) => pattern.slice(1));
  const isListed = (name: string): boolean => {
    if (listed.has(name) || listed.has(`*.${name}`)) return true;
    for (let dot = name.indexOf("."); dot !== -1; dot = name.indexOf(".", dot + 1)) {
      if (listed.has(`*${name.slice(dot)}`)) return true;
    }
    return endings.some((ending) => name.endsWith(ending));
  };
  for (const [host, [{ route }]] of byHost) {
    if (/^[*/]/.test(host) || isListed(host)) continue;
    yield `${
      quote(host)
    } of route ${route.name} is not on the allowlist, so clients never come to it`;
  }
}

function quote(text: string): string {
  return `"${text}"`;
}
