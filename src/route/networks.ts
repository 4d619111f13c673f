/**
 * Whether an address is in one of some networks.
 *
 * @module
 */
import { BlockList } from "node:net";
import { parseIp } from "./ip.ts";

/**
 * Makes a list of networks to be asked about addresses.
 *
 * @param networks CIDRs, already checked.
 * @returns The list.
 */
export function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of networks) {
    const [address, prefix] = cidr.split("/");
    list.addSubnet(address, Number(prefix), address.includes(":") ? "ipv6" : "ipv4");
  }
  return list;
}

/**
 * Makes a test for addresses.
 *
 * @param networks CIDRs, already checked.
 * @returns Says whether an address is in one of them; an IPv4-mapped one counts as IPv4. Never throws.
 *
 * @example
 * ```ts
 * import { createNetworkTest } from "./networks.ts";
 *
 * const isTrusted = createNetworkTest(["10.0.0.0/8"]);
 * isTrusted("10.1.2.3"); // true
 * ```
 */
export function createNetworkTest(networks: readonly string[]): (ip: string) => boolean {
  const list = blockList(networks);
  return (literal) => {
    const ip = parseIp(literal);
    if (ip === undefined) return false;
    const mapped = ip.text.startsWith("0:0:0:0:0:ffff:") ? ip.inner : undefined;
    return mapped === undefined ? list.check(ip.text, ip.family) : list.check(mapped, "ipv4");
  };
}
