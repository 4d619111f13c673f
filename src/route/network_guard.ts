/**
 * Which addresses a client may be forwarded to.
 *
 * @module
 */
import type { BlockList } from "node:net";
import type { Address, Forward, NamedNetwork } from "../config/config.ts";
import { type Ip, parseIp } from "./ip.ts";
import { blockList } from "./networks.ts";

/**
 * Says why an address must not be dialled: the entry of `deny_networks` it falls under, or that it is no IP
 * address; `undefined` if it may be. `localIp` is the address of this machine that the client came in on.
 * Never throws.
 */
export type NetworkGuard = (ip: string, port: number, localIp?: string) => string | undefined;

/** The networks that have a name, but for `self`, which depends on the listeners. */
const NETWORKS: Readonly<Record<Exclude<NamedNetwork, "self">, readonly string[]>> = {
  loopback: ["127.0.0.0/8", "::1/128"], // RFC 1122, 3.2.1.3; RFC 4291, 2.5.3
  // RFC 1918, 3; and the shared space behind carrier-grade NAT: RFC 6598, 7
  private: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"],
  link_local: ["169.254.0.0/16", "fe80::/10"], // RFC 3927, 2.1; RFC 4291, 2.5.6
  unique_local: ["fc00::/7"], // RFC 4193, 3.1
  multicast: ["224.0.0.0/4", "ff00::/8", "255.255.255.255/32"], // RFC 5771; RFC 4291, 2.7; RFC 919, 7
  unspecified: ["0.0.0.0/8", "::/128"], // RFC 1122, 3.2.1.3; RFC 4291, 2.5.2
};

const NAMED: ReadonlyMap<string, readonly string[]> = new Map(Object.entries(NETWORKS));

const ANY_IPV6 = "0:0:0:0:0:0:0:0";
const LOOPBACK_IPV6 = "0:0:0:0:0:0:0:1";

/** An entry of `deny_networks`. */
interface Denied {
  readonly name: string;
  readonly list: BlockList;
}

/** Something that this process listens on. */
interface Own {
  readonly port: number;
  /** {@linkcode counted} addresses; absent: all of the machine's. */
  readonly hosts?: readonly string[];
}

/**
 * Makes the check that stands between a name a client made up and the network this machine is in. It is to be
 * asked about the very address that is then dialled: a name may resolve to something else a moment later.
 *
 * An IPv6 address with an IPv4 address inside (IPv4-mapped, NAT64, 6to4) is checked as both, and both must be
 * let through; so CIDRs are best written for the IPv4 address.
 *
 * `allow_networks` make exceptions from everything but `self`: a connection to ourselves would be forwarded
 * to ourselves again, and so on until no descriptor is left. It counts as `self` if the port is that of a
 * listener, and the address is the listener's; for a listener on a wildcard address (or on a name, which is not
 * looked up here) any loopback or unspecified address does, and the one that the client came in on.
 *
 * @param forward `deny_networks` are names or CIDRs, `allow_networks` CIDRs; both already checked.
 * @param own The addresses that this process listens on.
 * @returns The check.
 *
 * @example
 * ```ts
 * import { createNetworkGuard } from "./network_guard.ts";
 *
 * const guard = createNetworkGuard({
 *   enabled: true,
 *   ports: { tls: 443, http: 80 },
 *   denyNetworks: ["private", "self"],
 *   allowNetworks: ["10.1.0.0/16"],
 * }, [{ host: "0.0.0.0", port: 443 }]);
 * guard("10.0.0.1", 443); // "private"
 * guard("10.1.0.1", 443); // undefined
 * guard("10.1.0.1", 443, "10.1.0.1"); // "self"
 * guard("::ffff:10.0.0.1", 443); // "private"
 * ```
 */
export function createNetworkGuard(forward: Forward, own: readonly Address[]): NetworkGuard {
  const networks = forward.denyNetworks.filter((network) => network !== "self");
  const denied = networks.map((name): Denied => ({ name, list: blockList(cidrs(name)) }));
  // One question in the common case; which network it was is only asked when it was one.
  const anyDenied = blockList(networks.flatMap(cidrs));
  const allowed = blockList(forward.allowNetworks);
  const ours = forward.denyNetworks.includes("self") ? own.map(toOwn) : [];

  const deniedBy = (ip: string, family: Ip["family"]): string | undefined =>
    anyDenied.check(ip, family) && !allowed.check(ip, family)
      ? denied.find(({ list }) => list.check(ip, family))?.name
      : undefined;

  return (literal, port, localIp) => {
    const ip = parseIp(literal);
    if (ip === undefined) return "not an IP address";
    for (const each of ours) {
      if (each.port === port && isOwn(each, ip, localIp)) return "self";
    }
    return deniedBy(ip.text, ip.family) ??
      (ip.inner === undefined ? undefined : deniedBy(ip.inner, "ipv4"));
  };
}

function cidrs(network: string): readonly string[] {
  return NAMED.get(network) ?? [network];
}

/** Everything that reaches this machine whatever its addresses are. */
const LOCAL = blockList([...NETWORKS.loopback, ...NETWORKS.unspecified]);

function toOwn({ host, port }: Address): Own {
  if (host === "localhost") return { port, hosts: ["127.0.0.1", LOOPBACK_IPV6] };
  const ip = parseIp(host);
  const wildcard = ip === undefined || counted(ip) === "0.0.0.0" || ip.text === ANY_IPV6;
  return wildcard ? { port } : { port, hosts: [counted(ip)] };
}

function isOwn({ hosts }: Own, ip: Ip, localIp: string | undefined): boolean {
  const target = reached(counted(ip));
  if (hosts !== undefined) return hosts.includes(target);
  if (LOCAL.check(target, target.includes(":") ? "ipv6" : "ipv4")) return true;
  const local = localIp === undefined ? undefined : parseIp(localIp);
  return local !== undefined && counted(local) === target;
}

/** The address that an address counts as: the one inside, if there is one. */
function counted(ip: Ip): string {
  return ip.inner ?? ip.text;
}

/** Connecting to an unspecified address ends at the loopback address. */
function reached(address: string): string {
  if (address === "0.0.0.0") return "127.0.0.1";
  return address === ANY_IPV6 ? LOOPBACK_IPV6 : address;
}
