/**
 * Name -> addresses: `dns.hosts` first, then what is remembered, then `dns.servers` or the system.
 *
 * @module
 */
import { isIP } from "node:net";
import { canonical } from "../config/address.ts";
import type { Dns } from "../config/config.ts";
import { DnsCache, type DnsCacheStats, type Lookups } from "./dns_cache.ts";
import { createDnsClient } from "./dns_client.ts";
import { askSystem, limited } from "./system_lookup.ts";

/**
 * Finds the addresses of a lower-case name: at once if they are known, the same array for as long as they are the
 * same addresses. Empty if there is no such name or nobody answers. An IP literal is its own address. Never rejects.
 */
export type Resolve = (name: string) => readonly string[] | Promise<readonly string[]>;

/**
 * Lookups that the system is asked for at a time, of new names and of known ones: together fewer than the threads
 * there are, by enough for everything else that needs one.
 */
const SYSTEM_FIRST = 16;
const SYSTEM_AGAIN = 8;

/** IP literals whose array is kept. They are those of the configuration: clients can't ask for one. */
const MOST_LITERALS = 10_000;

/**
 * Looks names up for a process, through all versions of its configuration.
 *
 * @example
 * ```ts
 * import { Resolver } from "./resolve.ts";
 *
 * const hosts = new Map([["internal.example", ["127.0.0.1"]]]);
 * const cache = { maxEntries: 10_000, ttl: 60_000, negativeTtl: 5_000, stale: 600_000 };
 * using resolver = new Resolver({ servers: [], hosts, cache });
 * await resolver.resolve("internal.example"); // ["127.0.0.1"]
 * ```
 */
export class Resolver implements Disposable {
  readonly #system: Lookups = {
    first: limited(askSystem, SYSTEM_FIRST),
    again: limited(askSystem, SYSTEM_AGAIN),
  };
  readonly #cache: DnsCache;
  readonly #literals = new Map<string, readonly string[]>();
  #servers: string;
  #resolve: Resolve;

  /**
   * Makes it.
   *
   * @param dns What the configuration says.
   */
  constructor(dns: Dns) {
    const now = (): number => performance.now();
    this.#cache = new DnsCache(dns.cache, this.#lookups(dns), { now });
    this.#servers = serversOf(dns);
    this.#resolve = this.#bound(dns);
  }

  /** Looks names up by the configuration in force now, and goes on by it when there is another. */
  get resolve(): Resolve {
    return this.#resolve;
  }

  /** What is remembered. */
  get stats(): DnsCacheStats {
    return this.#cache.stats;
  }

  /**
   * Goes on with another configuration. What is remembered stays, unless others are to be asked now.
   *
   * @param dns What the configuration says.
   */
  configure(dns: Dns): void {
    const servers = serversOf(dns);
    this.#cache.configure(dns.cache, servers === this.#servers ? undefined : this.#lookups(dns));
    this.#servers = servers;
    this.#resolve = this.#bound(dns);
  }

  /** Ends every lookup; whoever waits gets no address. */
  [Symbol.dispose](): void {
    this.#cache[Symbol.dispose]();
  }

  #bound({ hosts }: Dns): Resolve {
    const cache = this.#cache;
    const literals = this.#literals;
    return (name) => {
      const known = hosts.get(name) ?? literals.get(name);
      if (known !== undefined) return known;
      return isIP(name) === 0 ? cache.resolve(name) : this.#literal(name);
    };
  }

  #lookups({ servers }: Dns): Lookups {
    if (servers.length === 0) return this.#system;
    const client = createDnsClient(servers);
    return { first: client, again: client };
  }

  #literal(ip: string): readonly string[] {
    if (this.#literals.size >= MOST_LITERALS) this.#literals.clear();
    const addresses = [ip];
    this.#literals.set(ip, addresses);
    return addresses;
  }
}

function serversOf({ servers }: Dns): string {
  return servers.map(canonical).join();
}
