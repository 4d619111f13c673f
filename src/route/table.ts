/**
 * A name, and how it was asked for -> the rule that holds.
 *
 * @module
 */
import type { Route } from "../config/config.ts";
import type { Protocol } from "../sniff/sniffed.ts";
import { type Suffix, SuffixTrie } from "./suffix_trie.ts";

/** What a client asks for. */
export interface Ask {
  /** What it speaks. */
  readonly protocol: Protocol;
  /** The name: lower-case, without a trailing dot. */
  readonly name: string;
  /** ALPN protocol ids of its hello; empty without TLS. */
  readonly alpn: readonly string[];
  /** Name of the listener it came in on. */
  readonly listener: string;
}

/** A rule that holds. */
export interface Match {
  /** The rule. */
  readonly route: Route;
  /** Which of its host patterns won, as configured. */
  readonly host: string;
}

/** A match if the expression says so. */
interface Conditional {
  readonly match: Match;
  readonly regex: RegExp;
}

/**
 * All routes, by host pattern. Most specific first: the exact name, then wildcards from the longest suffix to
 * the shortest, then regexes in the order of the file, then `*`; of routes with the same pattern, the first in
 * the file. A route whose conditions (`protocols`, `listen`, `alpn`) fail gives way to the next in that order.
 *
 * `*.x` holds at any depth below `x`, not for `x` itself. That is the wildcard of HAProxy and Envoy, wider than
 * the one label of a certificate (RFC 9525, 6.3). A regex must match the whole name.
 *
 * Exact names and wildcards cost the same however many routes there are. Regexes are tried one by one.
 *
 * @example
 * ```ts
 * import { RouteTable } from "./table.ts";
 *
 * const group = { backends: [], balance: "round_robin", proxyProtocol: "off", retries: 0 } as const;
 * const table = new RouteTable([
 *   { name: "www", hosts: ["*.example.com"], action: "reject", ...group },
 * ]);
 * const ask = { protocol: "tls", alpn: ["h2"], listener: "0.0.0.0:443" } as const;
 * table.find({ ...ask, name: "a.b.example.com" })?.host; // "*.example.com"
 * table.find({ ...ask, name: "example.com" }); // undefined
 * ```
 */
export class RouteTable {
  readonly #exact = new Map<string, Match[]>();
  readonly #wildcards = new SuffixTrie<Match>();
  readonly #regexes: Conditional[] = [];
  readonly #any: Match[] = [];

  /**
   * Indexes the routes.
   *
   * @param routes In the order of the file.
   */
  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      for (const host of route.hosts) this.#add({ route, host });
    }
  }

  #add(match: Match): void {
    const { host } = match;
    if (host === "*") {
      this.#any.push(match);
    } else if (host.startsWith("*.")) {
      this.#wildcards.add(host.slice(2), match);
    } else if (host.startsWith("/")) {
      // The group keeps the anchors outside of any alternative: /^a|b$/ alone would match "axe".
      this.#regexes.push({ match, regex: new RegExp(`^(?:${host.slice(1, -1)})$`, "i") });
    } else {
      const others = this.#exact.get(host);
      if (others === undefined) this.#exact.set(host, [match]);
      else others.push(match);
    }
  }

  /**
   * Finds the rule.
   *
   * @param ask What the client asks for.
   * @returns The rule, and the same object every time; `undefined` if none holds. Never throws.
   */
  find(ask: Ask): Match | undefined {
    const exact = this.#exact.get(ask.name);
    if (exact !== undefined) {
      const match = first(exact, ask);
      if (match !== undefined) return match;
    }
    let suffix: Suffix<Match> | undefined = this.#wildcards.longest(ask.name);
    for (; suffix !== undefined; suffix = suffix.parent) {
      const match = first(suffix.values, ask);
      if (match !== undefined) return match;
    }
    for (const { match, regex } of this.#regexes) {
      if (holds(match.route, ask) && regex.test(ask.name)) return match;
    }
    return first(this.#any, ask);
  }

  /**
   * All rules with a host pattern that a name falls under, whatever their conditions say.
   *
   * @param name Lower-case, without a trailing dot.
   * @returns The rules, in the order in which {@linkcode RouteTable.find} looks at them.
   */
  *ranked(name: string): Generator<Match> {
    yield* this.#exact.get(name) ?? [];
    let suffix: Suffix<Match> | undefined = this.#wildcards.longest(name);
    for (; suffix !== undefined; suffix = suffix.parent) yield* suffix.values;
    for (const { match, regex } of this.#regexes) if (regex.test(name)) yield match;
    yield* this.#any;
  }
}

/**
 * The condition of a route that keeps it from serving a client.
 *
 * @param route The route.
 * @param ask What the client asks for.
 * @returns The first condition that does not hold; `undefined` if all do.
 */
export function unmet(route: Route, ask: Ask): "protocols" | "listen" | "alpn" | undefined {
  const { protocols, listen, alpn } = route;
  if (!speaks(protocols, ask)) return "protocols";
  if (!cameTo(listen, ask)) return "listen";
  return offers(alpn, ask) ? undefined : "alpn";
}

function first(matches: readonly Match[], ask: Ask): Match | undefined {
  for (const match of matches) {
    if (holds(match.route, ask)) return match;
  }
  return undefined;
}

/** Whether a route's conditions hold. */
function holds({ protocols, listen, alpn }: Route, ask: Ask): boolean {
  return speaks(protocols, ask) && cameTo(listen, ask) && offers(alpn, ask);
}

function speaks(protocols: Route["protocols"], { protocol }: Ask): boolean {
  if (protocols === undefined) return true;
  // To a user, h2c is a kind of HTTP.
  const known = protocol === "h2c" ? "http" : protocol;
  return known !== "unknown" && protocols.includes(known);
}

function cameTo(listen: Route["listen"], { listener }: Ask): boolean {
  return listen === undefined || listen.includes(listener);
}

function offers(wanted: Route["alpn"], { protocol, alpn }: Ask): boolean {
  return wanted === undefined || (protocol === "tls" && offersOneOf(wanted, alpn));
}

function offersOneOf(wanted: readonly string[], offered: readonly string[]): boolean {
  for (const id of wanted) {
    if (offered.includes(id)) return true;
  }
  return false;
}
