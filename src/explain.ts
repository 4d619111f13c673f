/**
 * What would become of a client: which rule wins and why, what it shadows, and where it would connect.
 *
 * @module
 */
import type { Config } from "./config/config.ts";
import type { Question } from "./command_line.ts";
import { parseAuthority } from "./sniff/authority.ts";
import { hostName } from "./sniff/host_name.ts";
import { compileRules, decide, type Decision, type Rules, type Wish } from "./route/decide.ts";
import type { Refusal } from "./route/refusal.ts";
import { type Ask, type Match, unmet } from "./route/table.ts";
import { Destinations } from "./explain_destination.ts";
import type { Explanation, Other, Outcome } from "./explanation.ts";

/** Clients to whom the same happens. */
interface Group {
  readonly wish: Wish;
  readonly decision: Decision;
  /** The rule that the table finds. */
  readonly match?: Match;
  readonly listeners: string[];
}

const BAD_HOST: Refusal = {
  kind: "refusal",
  reason: "malformed",
  detail: "that is no valid Host (RFC 9112, 3.2)",
};

/**
 * Explains. Names of backends are looked up, but nobody is connected to.
 *
 * @param config The configuration.
 * @param question Who asks for what.
 * @returns The explanation. Never rejects.
 *
 * @example
 * ```ts ignore
 * const explanation = await explain(config, { host: "example.com", protocols: ["tls"], alpn: [] });
 * explanation.outcomes[0].route;
 * ```
 */
export async function explain(config: Config, question: Question): Promise<Explanation> {
  const { host, client, alpn, protocols } = question;
  const rules = compileRules(config);
  const silent = host === "-";
  const authority = silent ? undefined : parseAuthority(host);
  const names = {
    // A hello has a name and no port.
    tls: silent ? undefined : hostName(host.replace(/:[0-9]*$/, "")),
    http: authority?.name,
  };
  using destinations = new Destinations(config);
  const outcomes: Outcome[] = [];
  for (const protocol of protocols) {
    const groups = group(config, rules, (listener) => ({
      wish: { protocol, name: names[protocol], alpn: protocol === "tls" ? alpn : [], listener },
      bad: protocol === "http" && !silent && authority === undefined,
    }));
    for (const { wish, decision, match, listeners } of groups) {
      const destination = await destinations.of(decision, {
        protocol,
        name: wish.name,
        port: authority?.port,
        client,
        // RFC 9112, 3.2: no Host at all is the client's mistake.
        status: protocol === "http" && silent ? 400 : undefined,
      });
      const reasons = why(decision, match, wish, rules);
      outcomes.push({ protocol, listeners, ...reasons, ...destination });
    }
  }
  const name = names.http ?? names.tls;
  return {
    host,
    name: name ?? null,
    client: client ?? null,
    alpn,
    allowed: rules.allows === undefined || name === undefined ? null : rules.allows(name),
    outcomes,
  };
}

/** Asks for each listener, and puts those together that do the same. */
function group(
  { listeners }: Config,
  rules: Rules,
  ask: (listener: string) => { wish: Wish; bad: boolean },
): Iterable<Group> {
  const groups = new Map<Match | Decision, Group>();
  for (const { name } of listeners) {
    const { wish, bad } = ask(name);
    const decision = bad ? BAD_HOST : decide(rules, wish);
    const match = isAsk(wish) ? rules.table.find(wish) : undefined;
    const key = match ?? decision;
    const same = groups.get(key);
    if (same === undefined) groups.set(key, { wish, decision, match, listeners: [name] });
    else same.listeners.push(name);
  }
  return groups.values();
}

function isAsk(wish: Wish): wish is Ask {
  return wish.name !== undefined;
}

function why(
  decision: Decision,
  match: Match | undefined,
  wish: Wish,
  { table }: Rules,
): Pick<Outcome, "route" | "pattern" | "why" | "others"> {
  // A name that is not on the allowlist never comes to the rules.
  const early = decision.kind === "refusal" && decision.reason !== "rejected";
  const winner = early ? undefined : match;
  return {
    route: winner?.route.name ?? (decision.kind === "refusal" ? null : decision.label),
    pattern: winner?.host ?? null,
    why: inWords(decision, winner, wish),
    others: isAsk(wish) ? others(winner, [...table.ranked(wish.name)], wish) : [],
  };
}

function others(winner: Match | undefined, ranked: readonly Match[], ask: Ask): Other[] {
  const place = winner === undefined ? ranked.length : ranked.indexOf(winner);
  return ranked.flatMap((match, rank) =>
    match === winner ? [] : [{
      route: match.route.name,
      pattern: match.host,
      why: unmetInWords(match, ask) ??
        (rank < place
          ? "the allowlist comes before it"
          : match.host === winner?.host
          ? "the same pattern, later in the file"
          : specificity(match.host) === specificity(winner?.host)
          ? isRegex(match.host) ? "later in the file" : "a shorter wildcard"
          : "less specific"),
    }]
  );
}

function unmetInWords({ route }: Match, ask: Ask): string | undefined {
  const condition = unmet(route, ask);
  return condition &&
    `its ${condition} ${condition === "protocols" ? "are" : "is"} ${
      route[condition]?.join(" or ")
    }`;
}

function inWords(decision: Decision, winner: Match | undefined, wish: Wish): string {
  if (winner !== undefined) return specificity(winner.host) ?? "";
  if (decision.kind === "refusal") return decision.detail;
  const missing = isAsk(wish) ? "no rule matches the name" : "the client names nobody";
  return decision.kind === "forward"
    ? "no rule matches, and names without one are forwarded to themselves"
    : `${missing}, so the fallback takes it`;
}

function specificity(pattern: string | undefined): string | undefined {
  if (pattern === undefined) return undefined;
  if (pattern === "*") return "it takes every name";
  if (pattern.startsWith("*.")) return "the longest wildcard that the name falls under";
  if (isRegex(pattern)) return "the first regular expression in the file that matches";
  return "the exact name";
}

function isRegex(pattern: string): boolean {
  return pattern.startsWith("/");
}
