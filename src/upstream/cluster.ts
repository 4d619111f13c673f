/**
 * The backends that serve one route: which places they come to, which of them can be used now, and which is next.
 *
 * @module
 */
import type { Backend, BackendGroup } from "../config/config.ts";
import { parseIpLiteral } from "../config/host_name.ts";
import type { Reason } from "../route/refusal.ts";
import { type Balancer, createBalancer } from "./balance.ts";
import { Endpoint } from "./endpoint.ts";
import { type Ejection, OutlierDetector } from "./outlier.ts";
import type { Resolve } from "./resolve.ts";
import { TokenBucket } from "./token_bucket.ts";

/** What a cluster needs from outside. */
export interface ClusterOutside {
  /** Finds the addresses of a backend that has a name. */
  readonly resolve: Resolve;
  /** Told of places that are none any more. */
  removed(label: string, endpoint: Endpoint): void;
  /** Told of places that are left alone for a while, as they have failed too many clients. */
  ejected(label: string, endpoint: Endpoint): void;
  /** The time in milliseconds. */
  now(): number;
  /** A number from 0 to 1. */
  random(): number;
}

/** A place, and what keeps clients from it. */
export interface JudgedPlace {
  /** The place. */
  readonly endpoint: Endpoint;
  /** Present while it is left alone, as it has failed too many clients. */
  readonly ejection?: Ejection;
}

/** A backend, and the places it came to when it was last looked up. */
interface Member {
  readonly backend: Backend;
  /** Whether its address is an IP address, so that there is nothing to look up. */
  readonly literal: boolean;
  addresses: readonly string[];
  endpoints: readonly Endpoint[];
}

/** What all versions of a route's configuration share. */
interface Shared {
  /** The places of the version in force; none if the route is gone. */
  current: ReadonlyMap<string, Endpoint>;
  /** Clients that the route serves at the moment. */
  clients: number;
  bucket?: TokenBucket;
  outliers?: OutlierDetector<Endpoint>;
}

const NOWHERE: readonly string[] = [];

const NO_PLACES: ReadonlyMap<string, Endpoint> = new Map();

/**
 * A route's backends, as one version of the configuration has them. What is known of a place, and of the route's
 * limits, is shared by all versions.
 *
 * @example
 * ```ts ignore
 * const cluster = new Cluster("shop", route, outside);
 * const endpoint = cluster.choose("192.0.2.1", []);
 * const next = new Cluster("shop", newRoute, outside, cluster);
 * ```
 */
export class Cluster {
  /** The route's label. */
  readonly label: string;
  /** What the configuration says. */
  readonly group: BackendGroup;
  /** Settles when a backend that had no address has been looked up. */
  pending?: Promise<unknown>;
  readonly #outside: ClusterOutside;
  readonly #shared: Shared;
  readonly #known = new Map<string, Endpoint>();
  readonly #members: readonly Member[];
  readonly #balancer: Balancer<Endpoint>;
  #primary: Endpoint[] = [];
  #backup: Endpoint[] = [];
  /** What a choice is made among. */
  readonly #candidates: Endpoint[] = [];

  /**
   * Makes one, which is in force from now on.
   *
   * @param label The route's label.
   * @param group What the configuration says.
   * @param outside What it needs.
   * @param before The one that was in force; clients that began under it go on with it.
   */
  constructor(label: string, group: BackendGroup, outside: ClusterOutside, before?: Cluster) {
    this.label = label;
    this.group = group;
    this.#outside = outside;
    this.#shared = before === undefined ? { current: NO_PLACES, clients: 0 } : before.#shared;
    this.#balancer = before?.group.balance === group.balance
      ? before.#balancer
      : createBalancer(group.balance, outside.random);
    // What a name came to is used until it has been looked up again.
    const membersBefore = before === undefined ? [] : before.#members;
    const addressesBefore = new Map(
      membersBefore.map((member) => [member.backend.address.host, member.addresses]),
    );
    this.#members = group.backends.map((backend) => {
      const { host } = backend.address;
      const ip = parseIpLiteral(host);
      const addresses = ip === undefined ? addressesBefore.get(host) ?? NOWHERE : [ip];
      return { backend, literal: ip !== undefined, addresses, endpoints: [] };
    });
    this.#share();
    for (const member of this.#members) this.#lookUp(member);
    this.#rebuild();
  }

  /** Clients that the route serves at the moment. */
  get clients(): number {
    return this.#shared.clients;
  }

  /** How many places there are, those included that can't be used. */
  get size(): number {
    return this.#known.size;
  }

  /**
   * Whether a place is one of them.
   *
   * @param key Its address and port in canonical form.
   * @returns Whether it is.
   */
  has(key: string): boolean {
    return this.#known.has(key);
  }

  /**
   * Whether a place is still one of the route's, by the configuration in force.
   *
   * @param endpoint The place.
   * @returns False if only clients that began earlier are led to it.
   */
  isCurrent(endpoint: Endpoint): boolean {
    return this.#shared.current.get(endpoint.key) === endpoint;
  }

  /** All places there are, those included that can't be used. */
  get endpoints(): Iterable<Endpoint> {
    this.refresh();
    return this.#known.values();
  }

  /** The route is gone. Clients that began earlier go on with it. */
  retire(): void {
    this.#shared.current = NO_PLACES;
    for (const endpoint of this.#known.values()) this.#outside.removed(this.label, endpoint);
  }

  /**
   * Lets a client in, who has to {@linkcode leave}.
   *
   * @returns Why not, if the limits of the route say so.
   */
  enter(): Reason | undefined {
    const { maxConnections = Infinity } = this.group;
    const { clients, bucket } = this.#shared;
    if (clients >= maxConnections) return "connection_limit";
    if (bucket !== undefined && !bucket.take(this.#outside.now())) return "rate_limit";
    this.#shared.clients++;
    return undefined;
  }

  /** Lets a client out. */
  leave(): void {
    this.#shared.clients--;
  }

  /**
   * Chooses a place to connect to.
   *
   * @param source The client's IP address.
   * @param tried Places that are not to be chosen again.
   * @returns The place, or why there is none.
   */
  choose(source: string, tried: readonly Endpoint[]): Endpoint | Reason {
    this.refresh();
    const now = this.#outside.now();
    const chosen = this.#sole(tried, now) ?? this.#next(source, tried, now);
    if (chosen === undefined) {
      return this.#known.size === 0 ? "backend_unresolved" : "no_healthy_backend";
    }
    this.#shared.outliers?.claim(chosen, now);
    return chosen;
  }

  /**
   * Notes that a place has not served a client: it refused, was silent, or broke off before its first byte.
   *
   * @param endpoint The place.
   * @param reason Which of these, as the logs call it.
   */
  failed(endpoint: Endpoint, reason: string): void {
    const { outliers } = this.#shared;
    endpoint.failures++;
    endpoint.failure = { reason, at: this.#outside.now() };
    // Of a place that is none any more there is nothing left to judge.
    if (outliers === undefined || !this.isCurrent(endpoint)) return;
    const until = outliers.failed(endpoint, this.#outside.now(), this.#known.size);
    if (until !== undefined) this.#outside.ejected(this.label, endpoint);
  }

  /**
   * Notes that a place has served a client.
   *
   * @param endpoint The place.
   */
  succeeded(endpoint: Endpoint): void {
    this.#shared.outliers?.succeeded(endpoint, this.#outside.now());
  }

  /**
   * Whether a backend can be used now.
   *
   * @param backend One of the group's.
   * @returns False if all of its places are down or ejected, or it has none.
   */
  isUp(backend: Backend): boolean {
    const now = this.#outside.now();
    return this.#members.some((member) =>
      member.backend === backend && member.endpoints.some((each) => this.#usable(each, now))
    );
  }

  /**
   * What is known of a backend's places.
   *
   * @param backend One of the group's.
   * @returns One entry for each; none if its name does not resolve.
   */
  placesOf(backend: Backend): JudgedPlace[] {
    const now = this.#outside.now();
    const { outliers } = this.#shared;
    const member = this.#members.find((each) => each.backend === backend);
    return (member?.endpoints ?? []).map((endpoint) => {
      const ejection = outliers?.ejection(endpoint, now);
      return { endpoint, ejection };
    });
  }

  /**
   * Addresses to dial for a place: its own first, then the others of its backend, for a name that has several is
   * one backend that is reached by any of them (RFC 8305).
   *
   * @param endpoint The place.
   * @returns IP addresses.
   */
  addressesOf(endpoint: Endpoint): readonly string[] {
    const member = this.#members.find(({ endpoints }) => endpoints.includes(endpoint));
    if (member === undefined || member.endpoints.length === 1) return [endpoint.host];
    const others = member.endpoints.filter((each) => each !== endpoint && each.up);
    return [endpoint.host, ...others.map(({ host }) => host)];
  }

  /** Looks up again what may have changed. Costs next to nothing as long as nothing has. */
  refresh(): void {
    let changed = false;
    for (const member of this.#members) {
      if (this.#lookUp(member)) changed = true;
    }
    if (changed) this.#rebuild();
  }

  /** Takes the place of the one that was in force, and what is known from it. */
  #share(): void {
    const shared = this.#shared;
    for (const [key, endpoint] of shared.current) this.#known.set(key, endpoint);
    shared.current = this.#known;
    const { rateLimit, outlierDetection } = this.group;
    const now = this.#outside.now();
    if (rateLimit === undefined) shared.bucket = undefined;
    else if (shared.bucket === undefined) shared.bucket = new TokenBucket(rateLimit, now);
    else shared.bucket.configure(rateLimit, now);
    if (outlierDetection === undefined) shared.outliers = undefined;
    else if (shared.outliers === undefined) shared.outliers = new OutlierDetector(outlierDetection);
    else shared.outliers.configure(outlierDetection);
  }

  #lookUp(member: Member): boolean {
    if (member.literal) return false;
    const found = this.#outside.resolve(member.backend.address.host);
    if (found instanceof Promise) {
      this.pending = found;
      return false;
    }
    if (found === member.addresses) return false;
    member.addresses = found;
    return true;
  }

  #rebuild(): void {
    const kept = new Set<Endpoint>();
    const { current, outliers } = this.#shared;
    const inForce = current === this.#known;
    const sides = { primary: [] as Endpoint[], backup: [] as Endpoint[] };
    for (const member of this.#members) {
      const { backend, addresses } = member;
      member.endpoints = addresses.map((host) => this.#endpoint(backend, host));
      for (const endpoint of member.endpoints) {
        if (kept.has(endpoint)) continue;
        kept.add(endpoint);
        if (inForce) endpoint.backend = backend;
        (backend.backup ? sides.backup : sides.primary).push(endpoint);
      }
    }
    this.#primary = sides.primary;
    this.#backup = sides.backup;
    for (const [key, endpoint] of this.#known) {
      if (kept.has(endpoint)) continue;
      this.#known.delete(key);
      if (!inForce) continue;
      outliers?.forget(endpoint, this.#known.size);
      this.#outside.removed(this.label, endpoint);
    }
  }

  #endpoint(backend: Backend, host: string): Endpoint {
    const made = new Endpoint(backend, host);
    const known = this.#known.get(made.key) ?? this.#shared.current.get(made.key) ?? made;
    this.#known.set(known.key, known);
    return known;
  }

  /** The one there is, as in most routes: there is nothing to balance. */
  #sole(tried: readonly Endpoint[], now: number): Endpoint | undefined {
    const first = this.#primary[0];
    const sole = this.#primary.length === 1 && tried.length === 0 && this.#usable(first, now);
    return sole ? first : undefined;
  }

  #next(source: string, tried: readonly Endpoint[], now: number): Endpoint | undefined {
    const candidates = this.#candidates;
    candidates.length = 0;
    this.#collect(this.#primary, tried, now);
    if (candidates.length === 0) this.#collect(this.#backup, tried, now);
    return candidates.length > 1 ? this.#balancer(candidates, source) : candidates[0];
  }

  #collect(endpoints: readonly Endpoint[], tried: readonly Endpoint[], now: number): void {
    for (const endpoint of endpoints) {
      if (!tried.includes(endpoint) && this.#usable(endpoint, now)) this.#candidates.push(endpoint);
    }
  }

  #usable(endpoint: Endpoint, now: number): boolean {
    const { outliers } = this.#shared;
    return endpoint.up && (outliers === undefined || outliers.available(endpoint, now));
  }
}
