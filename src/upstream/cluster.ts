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
import { OutlierDetector } from "./outlier.ts";
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

/** A backend, and the places it came to when it was last looked up. */
interface Member {
  readonly backend: Backend;
  /** Whether its address is an IP address, so that there is nothing to look up. */
  readonly literal: boolean;
  addresses: readonly string[];
  endpoints: readonly Endpoint[];
}

const NOWHERE: readonly string[] = [];

/**
 * A route's backends. What is known of a place outlives the configuration it was learned under, for as long as the
 * place is in it.
 *
 * @example
 * ```ts ignore
 * const cluster = new Cluster("shop", route, outside);
 * const endpoint = cluster.choose("192.0.2.1", []);
 * ```
 */
export class Cluster {
  /** The route's label. */
  readonly label: string;
  /** Clients that it serves at the moment. */
  clients = 0;
  /** Settles when a backend that had no address has been looked up. */
  pending?: Promise<unknown>;
  readonly #outside: ClusterOutside;
  readonly #known = new Map<string, Endpoint>();
  #group: BackendGroup;
  #members: readonly Member[] = [];
  #primary: Endpoint[] = [];
  #backup: Endpoint[] = [];
  #balancer: Balancer<Endpoint>;
  #outliers?: OutlierDetector<Endpoint>;
  #bucket?: TokenBucket;
  /** What a choice is made among; kept so that choosing allocates nothing. */
  readonly #candidates: Endpoint[] = [];

  /**
   * Makes one.
   *
   * @param label The route's label.
   * @param group What the configuration says.
   * @param outside What it needs.
   */
  constructor(label: string, group: BackendGroup, outside: ClusterOutside) {
    this.label = label;
    this.#outside = outside;
    this.#group = group;
    this.#balancer = createBalancer(group.balance, outside.random);
    this.configure(group);
  }

  /** What the configuration says. */
  get group(): BackendGroup {
    return this.#group;
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

  /** All places there are, those included that can't be used. */
  get endpoints(): Iterable<Endpoint> {
    this.refresh();
    return this.#known.values();
  }

  /**
   * Goes on with another configuration.
   *
   * @param group What it says.
   */
  configure(group: BackendGroup): void {
    const { balance, rateLimit, outlierDetection, backends } = group;
    if (balance !== this.#group.balance) {
      this.#balancer = createBalancer(balance, this.#outside.random);
    }
    this.#group = group;
    const now = this.#outside.now();
    if (rateLimit === undefined) this.#bucket = undefined;
    else if (this.#bucket === undefined) this.#bucket = new TokenBucket(rateLimit, now);
    else this.#bucket.configure(rateLimit, now);
    if (outlierDetection === undefined) this.#outliers = undefined;
    else if (this.#outliers === undefined) this.#outliers = new OutlierDetector(outlierDetection);
    else this.#outliers.configure(outlierDetection);
    // What a name came to is used until it has been looked up again.
    const before = new Map(
      this.#members.map((member) => [member.backend.address.host, member.addresses]),
    );
    this.#members = backends.map((backend) => {
      const { host } = backend.address;
      const ip = parseIpLiteral(host);
      const addresses = ip === undefined ? before.get(host) ?? NOWHERE : [ip];
      return { backend, literal: ip !== undefined, addresses, endpoints: [] };
    });
    for (const member of this.#members) this.#lookUp(member);
    this.#rebuild();
  }

  /**
   * Lets a client in, who has to {@linkcode leave}.
   *
   * @returns Why not, if the limits of the route say so.
   */
  enter(): Reason | undefined {
    const { maxConnections = Infinity } = this.#group;
    if (this.clients >= maxConnections) return "connection_limit";
    if (this.#bucket !== undefined && !this.#bucket.take(this.#outside.now())) return "rate_limit";
    this.clients++;
    return undefined;
  }

  /** Lets a client out. */
  leave(): void {
    this.clients--;
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
    const candidates = this.#candidates;
    candidates.length = 0;
    this.#collect(this.#primary, tried);
    if (candidates.length === 0) this.#collect(this.#backup, tried);
    if (candidates.length === 0) {
      return this.#known.size === 0 ? "backend_unresolved" : "no_healthy_backend";
    }
    const chosen = candidates.length === 1 ? candidates[0] : this.#balancer(candidates, source);
    this.#outliers?.claim(chosen, this.#outside.now());
    return chosen;
  }

  /**
   * Notes that a place has not served a client: it refused, was silent, or broke off before its first byte.
   *
   * @param endpoint The place.
   */
  failed(endpoint: Endpoint): void {
    if (this.#outliers === undefined) return;
    const until = this.#outliers.failed(endpoint, this.#outside.now(), this.#known.size);
    if (until !== undefined) this.#outside.ejected(this.label, endpoint);
  }

  /**
   * Notes that a place has served a client.
   *
   * @param endpoint The place.
   */
  succeeded(endpoint: Endpoint): void {
    this.#outliers?.succeeded(endpoint, this.#outside.now());
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
    const sides = { primary: [] as Endpoint[], backup: [] as Endpoint[] };
    for (const member of this.#members) {
      const { backend, addresses } = member;
      member.endpoints = addresses.map((host) => this.#endpoint(backend, host));
      for (const endpoint of member.endpoints) {
        if (kept.has(endpoint)) continue;
        kept.add(endpoint);
        endpoint.backend = backend;
        (backend.backup ? sides.backup : sides.primary).push(endpoint);
      }
    }
    this.#primary = sides.primary;
    this.#backup = sides.backup;
    for (const [key, endpoint] of this.#known) {
      if (kept.has(endpoint)) continue;
      this.#known.delete(key);
      this.#outliers?.forget(endpoint, this.#known.size);
      this.#outside.removed(this.label, endpoint);
    }
  }

  #endpoint(backend: Backend, host: string): Endpoint {
    const made = new Endpoint(backend, host);
    const known = this.#known.get(made.key);
    if (known === undefined) this.#known.set(made.key, made);
    return known ?? made;
  }

  #collect(endpoints: readonly Endpoint[], tried: readonly Endpoint[]): void {
    const now = this.#outside.now();
    for (const endpoint of endpoints) {
      if (!tried.includes(endpoint) && this.#usable(endpoint, now)) this.#candidates.push(endpoint);
    }
  }

  #usable(endpoint: Endpoint, now: number): boolean {
    return endpoint.up && (this.#outliers === undefined || this.#outliers.available(endpoint, now));
  }
}
