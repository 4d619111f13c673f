/**
 * Where a decision would lead, as far as that can be said without connecting to anybody.
 *
 * @module
 */
import { canonical } from "./config/address.ts";
import type { BackendGroup, Config, ConnectionPool, RateLimit } from "./config/config.ts";
import type { Decision, ToBackends } from "./route/decide.ts";
import { createNetworkGuard, type NetworkGuard } from "./route/network_guard.ts";
import { type Reason, REASONS } from "./route/refusal.ts";
import { Cluster } from "./upstream/cluster.ts";
import { describeRefusal } from "./relay/refusals.ts";
import { Places } from "./explain_place.ts";
import type { Destination, Place } from "./explanation.ts";

/** What a destination depends on, besides the decision. */
export interface Visitor {
  /** What the client speaks. */
  readonly protocol: "tls" | "http";
  /** The name it asks for. */
  readonly name?: string;
  /** The port in its Host. */
  readonly port?: number;
  /** Its IP address; absent: anybody's. */
  readonly client?: string;
  /** A status more exact than the reason's own. */
  readonly status?: number;
}

/** A client that stands for all. */
const ANYBODY = "192.0.2.1";

/**
 * Finds destinations, and looks each name up once.
 *
 * @example
 * ```ts ignore
 * using destinations = new Destinations(config);
 * const { verdict, reason } = await destinations.of(decision, { protocol: "tls", name: "a.test" });
 * ```
 */
export class Destinations implements Disposable {
  readonly #config: Config;
  readonly #guard: NetworkGuard;
  readonly #places: Places;

  /**
   * Makes it.
   *
   * @param config The configuration.
   */
  constructor(config: Config) {
    this.#config = config;
    const own = config.listeners.map(({ address }) => address);
    if (config.metrics.enabled) own.push(config.metrics.address);
    this.#guard = createNetworkGuard(config.forward, own);
    this.#places = new Places(config);
  }

  /**
   * Follows a decision.
   *
   * @param decision The decision.
   * @param visitor Whom it is about.
   * @returns Where it leads. Never rejects.
   */
  async of(decision: Decision, visitor: Visitor): Promise<Destination> {
    switch (decision.kind) {
      case "refusal":
        return { ...refused(decision.reason, visitor, decision.detail), target: null };
      case "forward":
        return await this.#toName(visitor);
      case "proxy":
        return await this.#toBackends(decision, visitor);
    }
  }

  /** Ends lookups. */
  [Symbol.dispose](): void {
    this.#places[Symbol.dispose]();
  }

  async #toBackends({ group, label }: ToBackends, visitor: Visitor): Promise<Destination> {
    const { client } = visitor;
    const backends = await Promise.all(group.backends.map((each) => this.#places.of(each)));
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
    const first = cluster.choose(client ?? ANYBODY, []);
    const { size } = cluster;
    const regular = [...cluster.endpoints].filter(({ backend }) => !backend.backup).length;
    const rivals = regular > 0 ? regular : size;
    const unknown = backends.some(({ missing }) => missing === "permission");
    const settled = rivals === 1 || group.balance !== "random" &&
        (client !== undefined || group.balance !== "source_ip");
    return {
      ...unknown || typeof first !== "string"
        ? led("proxy")
        : refused(unresolved(first, backends), visitor),
      target: {
        backends,
        balance: group.balance,
        chosen: typeof first === "string" || unknown || !settled ? null : first.key,
        choice: unknown ? UNKNOWN : choice(group, rivals, size, client),
        retries: Math.min(group.retries, Math.max(0, size - 1)),
        limits: limits(group, this.#config),
        pool: poolInWords(group.pool ?? this.#config.pool, true),
      },
    };
  }

  async #toName(visitor: Visitor): Promise<Destination> {
    const { protocol, name: host = "" } = visitor;
    const { forward: { ports }, pool } = this.#config;
    const port = protocol === "tls" ? ports.tls : visitor.port ?? ports.http;
    const place = await this.#places.of({ address: { host, port }, weight: 1, backup: false });
    const denied: Record<string, string> = {};
    for (const ip of place.addresses) {
      const network = this.#guard(ip, port);
      if (network !== undefined) denied[ip] = network;
    }
    const first = place.addresses.find((ip) => denied[ip] === undefined);
    const unknown = place.missing === "permission";
    return {
      ...unknown || first !== undefined ? led("forward") : refused(
        place.addresses.length > 0 ? "denied_network" : unresolved("backend_unresolved", [place]),
        visitor,
      ),
      target: {
        backends: [{ ...place, denied }],
        balance: "round_robin",
        chosen: first === undefined ? null : canonical({ host: first, port }),
        choice: unknown ? UNKNOWN : "the name's addresses, in the order they are found",
        retries: 0,
        limits: limits({}, this.#config),
        pool: poolInWords(pool, false),
      },
    };
  }
}

const UNKNOWN = "which one is not known without looking names up";

/** What names that nobody has answered for come to. */
function unresolved(reason: Reason, places: readonly Place[]): Reason {
  return reason === "backend_unresolved" && places.some(({ missing }) => missing === "late")
    ? "backend_timeout"
    : reason;
}

function led(verdict: "proxy" | "forward"): Omit<Destination, "target"> {
  return { verdict, reason: null, detail: null, client_sees: null };
}

function refused(
  reason: Reason,
  { protocol, status }: Visitor,
  detail: string = REASONS[reason],
): Omit<Destination, "target"> {
  const sees = describeRefusal(reason, { protocol, status });
  return { verdict: "refused", reason, detail, client_sees: sees };
}

function choice(
  { balance }: BackendGroup,
  rivals: number,
  size: number,
  client: string | undefined,
): string {
  if (size === 1) return "the only one";
  if (rivals === 1) return "the only one that is no backup";
  switch (balance) {
    case "round_robin":
      return `the first in turn of ${rivals}`;
    case "least_connections":
      return `of ${rivals}, the one with the fewest connections; the first while all are idle`;
    case "random":
      return `one of ${rivals}, at random`;
    case "source_ip":
      return client === undefined
        ? `one of ${rivals}, by the client's address: name one with --client`
        : `of ${rivals}, always this one for ${client}`;
  }
}

function limits(
  { maxConnections, rateLimit }: Partial<Pick<BackendGroup, "maxConnections" | "rateLimit">>,
  { clientLimits: { connections, connectionsPerSecond, burst }, maxConnections: all }: Config,
): string[] {
  return [
    maxConnections !== undefined && `${maxConnections} connections to the route`,
    rateLimit !== undefined && rate(rateLimit, "to the route"),
    connections > 0 && `${connections} connections of a client`,
    connectionsPerSecond > 0 && rate({ perSecond: connectionsPerSecond, burst }, "of a client"),
    `${all} connections in all`,
  ].filter((each) => each !== false);
}

function rate({ perSecond, burst }: RateLimit, whose: string): string {
  const bursts = burst > Math.ceil(perSecond) ? `, bursts of ${burst}` : "";
  return `${perSecond} connections a second ${whose}${bursts}`;
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
