/**
 * What the names of backends come to.
 *
 * @module
 */
import { canonical } from "./config/address.ts";
import type { Address, Backend, Config } from "./config/config.ts";
import { parseIpLiteral } from "./config/host_name.ts";
import { Resolver } from "./upstream/resolve.ts";
import { untilAborted } from "./upstream/until_aborted.ts";
import type { Place } from "./explanation.ts";

/**
 * Looks backends up, each name once, as the proxy does.
 *
 * @example
 * ```ts ignore
 * using places = new Places(config);
 * const { addresses } = await places.of(backend);
 * ```
 */
export class Places implements Disposable {
  readonly #config: Config;
  readonly #resolver: Resolver;

  /**
   * Makes it.
   *
   * @param config The configuration.
   */
  constructor(config: Config) {
    this.#config = config;
    this.#resolver = new Resolver(config.dns);
  }

  /**
   * Looks a backend up, for no longer than a client would wait.
   *
   * @param backend The backend.
   * @returns What it comes to. Never rejects.
   */
  async of({ address, weight, backup }: Omit<Backend, "name">): Promise<Place> {
    const { dns, timeouts } = this.#config;
    const { host } = address;
    const source = parseIpLiteral(host) !== undefined
      ? "address"
      : dns.hosts.has(host)
      ? "dns.hosts"
      : dns.servers.length > 0
      ? "dns.servers"
      : "system";
    const place = { backend: canonical(address), weight, backup, source, denied: {} } as const;
    const allowed = source === "dns.servers"
      ? await mayAsk(dns.servers)
      : source !== "system" || await mayReach(host);
    if (!allowed) return { ...place, addresses: [], missing: "permission" };
    const late = AbortSignal.timeout(timeouts.connect);
    const addresses = await untilAborted(Promise.resolve(this.#resolver.resolve(host)), late);
    const missing = addresses === undefined ? "late" : addresses.length === 0 ? "none" : null;
    return { ...place, addresses: addresses ?? [], missing };
  }

  /** Ends lookups. */
  [Symbol.dispose](): void {
    this.#resolver[Symbol.dispose]();
  }
}

/** Whether one of the servers can be asked: over a datagram socket of our own, which is a host, too. */
async function mayAsk(servers: readonly Address[]): Promise<boolean> {
  for (const server of servers) {
    const socket = { host: server.host.includes(":") ? "::" : "0.0.0.0", port: 0 };
    if (await mayReach(canonical(server)) && await mayReach(canonical(socket))) return true;
  }
  return false;
}

async function mayReach(host: string): Promise<boolean> {
  return (await Deno.permissions.query({ name: "net", host })).state === "granted";
}
