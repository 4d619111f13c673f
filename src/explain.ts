/**
 * What would become of a client: which rule wins and why, what it shadows, and where it would connect.
 *
 * @module
 */
import { canonical } from "./config/address.ts";
import type { BackendGroup, Config, ConnectionPool, Route } from "./config/config.ts";
import { parseIpLiteral } from "./config/host_name.ts";
import type { Question } from "./command_line.ts";
import { parseAuthority } from "./sniff/authority.ts";
import { hostName } from "./sniff/host_name.ts";
import { compileRules, decide, type Decision, type Wish } from "./route/decide.ts";
import { createNetworkGuard } from "./route/network_guard.ts";
import { type Reason, REASONS, type Refusal } from "./route/refusal.ts";
import { type Ask, type Match, unmet } from "./route/table.ts";
import { Cluster } from "./upstream/cluster.ts";
import { Resolver } from "./upstream/resolve.ts";
import { untilAborted } from "./upstream/until_aborted.ts";
import { describeRefusal } from "./relay/refusals.ts";

/** All there is to say about a name. */
export interface Explanation {
  /** The name as it was asked for. */
  readonly host: string;
  /** The name as rules see it; `null` if a client that asks so names nobody. */
  readonly name: string | null;
  /** The client's address, if one was given. */
  readonly client: string | null;
  /** ALPN protocol ids that the client offers. */
  readonly alpn: readonly string[];
  /** Whether the allowlist has the name; `null` if there is no allowlist, or no name. */
  readonly allowed: boolean | null;
  /** What happens: one for each protocol and each set of listeners that do the same. */
  readonly outcomes: readonly Outcome[];
}

/** What happens to clients that speak one protocol, on some listeners. */
export interface Outcome {
  /** What the client speaks. */
  readonly protocol: "tls" | "http";
  /** Where it comes in. */
  readonly listeners: readonly string[];
  /** Whether it is led to the backends of a rule, to the name itself, or turned away. */
  readonly verdict: "proxy" | "forward" | "refused";
  /** The label of the route that wins, `fallback` or `forward`; `null` if none does. */
  readonly route: string | null;
  /** The host pattern that wins. */
  readonly pattern: string | null;
  /** Why it wins. */
  readonly why: string;
  /** Other rules that the name falls under, in the order of their rank. */
  readonly others: readonly Other[];
  /** Why the client is turned away: the word of the access log and the metrics. */
  readonly reason: Reason | null;
  /** The same in words. */
  readonly detail: string | null;
  /** What a client that is turned away sees. */
  readonly client_sees: string | null;
  /** Where it would connect; `null` if it is turned away by the rules. */
  readonly target: Target | null;
}

/** A rule that does not win. */
export interface Other {
  /** Its label. */
  readonly route: string;
  /** The host pattern that the name falls under. */
  readonly pattern: string;
  /** Why it does not win. */
  readonly why: string;
}

/** Where a client would be led. */
export interface Target {
  /** The backends, or the name itself. */
  readonly backends: readonly Place[];
  /** How one of the backends is chosen. */
  readonly balance: string;
  /** The address that is dialled first; `null` if that depends on more than is known here. */
  readonly chosen: string | null;
  /** How that is chosen, in words. */
  readonly choice: string;
  /** Other backends that are tried if it fails. */
  readonly retries: number;
  /** Limits of the route, in words. */
  readonly limits: readonly string[];
  /** How sockets are kept, in words. */
  readonly pool: string;
}

/** A backend, and what its name comes to. */
export interface Place {
  /** As configured. */
  readonly backend: string;
  /** Its share. */
  readonly weight: number;
  /** Whether it is used only while no other can be. */
  readonly backup: boolean;
  /** Its addresses. */
  readonly addresses: readonly string[];
  /** Where they are from: it is an address, `dns.hosts`, `dns.servers` or the system has them, or why there are none. */
  readonly source: string;
  /** Networks that keep addresses from being dialled, by address. */
  readonly denied: Readonly<Record<string, string>>;
}

const BAD_HOST: Refusal = {
  kind: "refusal",
  reason: "malformed",
  detail: "that is no valid Host (RFC 9112, 3.2)",
};

/** A client that stands for all. */
const ANYBODY = "192.0.2.1";

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
  const { host, client, alpn } = question;
  const rules = compileRules(config);
  const asked = { tls: hostOnly(host), http: readAuthority(host) };
  const name = asked.http?.name;
  using lookups = new Lookups(config);
  const outcomes: Outcome[] = [];
  for (const protocol of question.protocols) {
    const groups = new Map<
      Match | Decision,
      [decision: Decision, ask: Wish, listeners: string[]]
    >();
    for (const { name: listener } of config.listeners) {
      const wish: Wish = {
        protocol,
        name: protocol === "tls" ? asked.tls : name,
        alpn: protocol === "tls" ? alpn : [],
        listener,
      };
      const decision = protocol === "http" && isBad(host) ? BAD_HOST : decide(rules, wish);
      const key = isAsk(wish) ? rules.table.find(wish) ?? decision : decision;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [decision, wish, [listener]]);
      else group[2].push(listener);
    }
    for (const [decision, wish, listeners] of groups.values()) {
      const ranked = isAsk(wish) ? [...rules.table.ranked(wish.name)] : [];
      const winner = isAsk(wish) ? rules.table.find(wish) : undefined;
      outcomes.push({
        protocol,
        listeners,
        ...await verdict(decision, wish, question, asked.http?.port, config, lookups),
        ...why(decision, winner, ranked, wish),
      });
    }
  }
  return {
    host,
    name: name ?? asked.tls ?? null,
    client: client ?? null,
    alpn,
    allowed: rules.allows === undefined || name === undefined ? null : rules.allows(name),
    outcomes,
  };
}

function isAsk(wish: Wish): wish is Ask {
  return wish.name !== undefined;
}

/** Whether a client says nothing at all. */
function isNothing(host: string): boolean {
  return host === "-" || host === "";
}

function readAuthority(host: string): ReturnType<typeof parseAuthority> {
  return isNothing(host) ? undefined : parseAuthority(host);
}

/** Whether it is no Host that HTTP knows. */
function isBad(host: string): boolean {
  return !isNothing(host) && readAuthority(host) === undefined;
}

/** What TLS would have of it: a name, without a port. */
function hostOnly(host: string): string | undefined {
  return isNothing(host) ? undefined : hostName(host.replace(/:[0-9]*$/, ""));
}

type Verdict = Pick<
  Outcome,
  "verdict" | "route" | "reason" | "detail" | "client_sees" | "target"
>;

async function verdict(
  decision: Decision,
  wish: Wish,
  { client, host }: Question,
  askedPort: number | undefined,
  config: Config,
  lookups: Lookups,
): Promise<Verdict> {
  const protocol = wish.protocol === "http" ? "http" : "tls";
  if (decision.kind === "refusal") {
    // RFC 9112, 3.2: no Host at all is the client's mistake.
    const status = protocol === "http" && isNothing(host) ? 400 : undefined;
    return {
      verdict: "refused",
      route: null,
      ...refused(decision, protocol, status),
      target: null,
    };
  }
  if (decision.kind === "forward") {
    const { ports } = config.forward;
    const port = protocol === "tls" ? ports.tls : askedPort ?? ports.http;
    return await forwarded(wish.name ?? "", port, protocol, config, lookups);
  }
  const { group, label } = decision;
  const backends = await Promise.all(group.backends.map((each) => lookups.place(each)));
  const addresses = new Map(
    group.backends.map(({ address }, i) => [address.host, backends[i].addresses]),
  );
  const cluster = new Cluster(label, group, {
    resolve: (name) => addresses.get(name) ?? [],
    removed: () => {},
    ejected: () => {},
    now: () => 0,
    random: () => 0,
  });
  const chosen = cluster.choose(client ?? ANYBODY, []);
  const missing: Refusal | undefined = typeof chosen === "string"
    ? { kind: "refusal", reason: chosen, detail: REASONS[chosen] }
    : undefined;
  const certain = client !== undefined || group.balance !== "source_ip" || cluster.size === 1;
  return {
    verdict: missing === undefined ? "proxy" : "refused",
    route: label,
    ...refused(missing, protocol),
    target: {
      backends,
      balance: group.balance,
      chosen:
        typeof chosen !== "string" && certain && !(group.balance === "random" && cluster.size > 1)
          ? chosen.key
          : null,
      choice: choice(group, cluster.size, client),
      retries: Math.min(group.retries, Math.max(0, cluster.size - 1)),
      limits: limits(group, config),
      pool: poolInWords(group.pool ?? config.pool, true),
    },
  };
}

async function forwarded(
  name: string,
  port: number,
  protocol: "tls" | "http",
  config: Config,
  lookups: Lookups,
): Promise<Verdict> {
  const own = config.listeners.map(({ address }) => address);
  if (config.metrics.enabled) own.push(config.metrics.address);
  const guard = createNetworkGuard(config.forward, own);
  const place = await lookups.place({ address: { host: name, port }, weight: 1, backup: false });
  const denied: Record<string, string> = {};
  for (const ip of place.addresses) {
    const network = guard(ip, port);
    if (network !== undefined) denied[ip] = network;
  }
  const first = place.addresses.find((ip) => denied[ip] === undefined);
  const reason = first !== undefined
    ? undefined
    : place.addresses.length === 0
    ? "backend_unresolved"
    : "denied_network";
  return {
    verdict: reason === undefined ? "forward" : "refused",
    route: "forward",
    ...refused(reason && { kind: "refusal", reason, detail: REASONS[reason] }, protocol),
    target: {
      backends: [{ ...place, denied }],
      balance: "round_robin",
      chosen: first === undefined ? null : canonical({ host: first, port }),
      choice: "the name's addresses, in the order they are found",
      retries: 0,
      limits: limits({}, config),
      pool: poolInWords(config.pool, false),
    },
  };
}

function refused(
  refusal: Refusal | undefined,
  protocol: "tls" | "http",
  status?: number,
): Pick<Outcome, "reason" | "detail" | "client_sees"> {
  if (refusal === undefined) return { reason: null, detail: null, client_sees: null };
  const { reason, detail } = refusal;
  return { reason, detail, client_sees: describeRefusal(reason, { protocol, status }) };
}

function why(
  decision: Decision,
  winner: Match | undefined,
  ranked: readonly Match[],
  wish: Wish,
): Pick<Outcome, "pattern" | "why" | "others"> {
  // A name that is not on the allowlist never comes to the rules.
  const wins = decision.kind === "refusal" && decision.reason !== "rejected" ? undefined : winner;
  const place = wins === undefined ? ranked.length : ranked.indexOf(wins);
  const others = ranked.flatMap((match, rank): Other[] => {
    if (match === wins || !isAsk(wish)) return [];
    const condition = unmet(match.route, wish);
    const reason = condition !== undefined
      ? `its ${condition} ${condition === "protocols" ? "are" : "is"} ${
        match.route[condition]?.join(" or ")
      }`
      : rank < place
      ? "the allowlist comes before it"
      : match.host === wins?.host
      ? "the same pattern, later in the file"
      : "less specific";
    return [{ route: match.route.name, pattern: match.host, why: reason }];
  });
  return { pattern: wins?.host ?? null, why: inWords(decision, wins, wish), others };
}

function inWords(decision: Decision, winner: Match | undefined, wish: Wish): string {
  if (winner !== undefined) return specificity(winner.host);
  if (decision.kind === "refusal") return decision.detail;
  const missing = wish.name === undefined ? "the client names nobody" : "no rule matches the name";
  return decision.kind === "forward"
    ? "no rule matches, and names without one are forwarded to themselves"
    : `${missing}, so the fallback takes it`;
}

function specificity(pattern: string): string {
  if (pattern === "*") return "it takes every name";
  if (pattern.startsWith("*.")) return "the longest wildcard that the name falls under";
  if (pattern.startsWith("/")) return "the first regular expression in the file that matches";
  return "the exact name";
}

function choice({ balance }: BackendGroup, places: number, client: string | undefined): string {
  if (places < 2) return "the only one";
  switch (balance) {
    case "round_robin":
      return `the first in turn of ${places}`;
    case "least_connections":
      return `of ${places}, the one with the fewest connections; the first while all are idle`;
    case "random":
      return `one of ${places}, at random`;
    case "source_ip":
      return client === undefined
        ? `one of ${places}, by the client's address: name one with --client`
        : `of ${places}, always this one for ${client}`;
  }
}

function limits(
  { maxConnections, rateLimit }: Partial<Pick<Route, "maxConnections" | "rateLimit">>,
  { clientLimits: { connections, connectionsPerSecond }, maxConnections: all }: Config,
): string[] {
  return [
    maxConnections !== undefined && `${maxConnections} connections to the route`,
    rateLimit !== undefined && `${rateLimit.perSecond} connections a second to the route`,
    connections > 0 && `${connections} connections of a client`,
    connectionsPerSecond > 0 && `${connectionsPerSecond} connections a second of a client`,
    `${all} connections in all`,
  ].filter((each) => each !== false);
}

function poolInWords(
  { enabled, maxPerHost, preconnect }: ConnectionPool,
  ofRoute: boolean,
): string {
  if (!enabled) return "off";
  const warm = preconnect === "off" || preconnect === "auto" && !ofRoute
    ? "no warm sockets"
    : preconnect === "auto"
    ? "warm sockets as demand has it"
    : `${preconnect} warm sockets`;
  return `${warm}, at most ${maxPerHost} for each backend`;
}

/** Looks up backends, each name once. */
class Lookups implements Disposable {
  readonly #config: Config;
  readonly #resolver: Resolver;

  constructor(config: Config) {
    this.#config = config;
    this.#resolver = new Resolver(config.dns);
  }

  async place(
    { address, weight, backup }: Pick<
      BackendGroup["backends"][number],
      "address" | "weight" | "backup"
    >,
  ): Promise<Place> {
    const { host } = address;
    const { hosts, servers } = this.#config.dns;
    const found = this.#resolver.resolve(host);
    const known = !(found instanceof Promise);
    const late = AbortSignal.timeout(this.#config.timeouts.connect);
    const addresses = known ? found : await untilAborted(found, late) ?? [];
    const from = hosts.has(host)
      ? "dns.hosts"
      : parseIpLiteral(host) !== undefined
      ? "an address"
      : servers.length > 0
      ? "dns.servers"
      : "the system";
    return {
      backend: canonical(address),
      weight,
      backup,
      addresses,
      source: addresses.length > 0 ? from : await whyNone(host, from),
      denied: {},
    };
  }

  [Symbol.dispose](): void {
    this.#resolver[Symbol.dispose]();
  }
}

async function whyNone(host: string, from: string): Promise<string> {
  const { state } = await Deno.permissions.query({ name: "net", host });
  return state === "granted"
    ? `${from}: no address`
    : "not looked up: missing permission, add --allow-net";
}
