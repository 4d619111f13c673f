/**
 * The narrowest permissions with which a configuration can be served.
 *
 * @module
 */
import { canonical } from "./config/address.ts";
import type { Address, Config } from "./config/config.ts";
import { parseIpLiteral } from "./config/host_name.ts";

/** One flag of `deno run`, and what each part of it is for. */
export interface Permission {
  /** The flag, ready for the command line. */
  readonly flag: string;
  /** Why, one line for each value. */
  readonly reasons: readonly string[];
}

/** Where the modules are. */
const MODULES = new URL(".", import.meta.url).pathname;

/** A value of `--allow-net`. */
interface Need {
  readonly value: string;
  readonly reason: string;
}

/**
 * Says what a configuration needs.
 *
 * @param config The configuration.
 * @param file Where it is from: a path, or a whole document.
 * @param variable The variable that names the file or is the document; absent: the command line names it.
 * @returns The flags.
 *
 * @example
 * ```ts ignore
 * permissionsOf(config, "config.yaml").map(({ flag }) => flag);
 * // ["--allow-net=0.0.0.0:443,10.0.0.1:443", "--allow-read=config.yaml"]
 * ```
 */
export function permissionsOf(config: Config, file: string, variable?: string): Permission[] {
  const flags = [netOf(config)];
  const read = readOf(config, file);
  if (read.reasons.length > 0) flags.push(read);
  if (variable !== undefined) {
    flags.push({ flag: `--allow-env=${variable}`, reasons: [`${variable}: the configuration`] });
  }
  return flags;
}

function readOf({ workers }: Config, file: string): Permission {
  const needs = file.includes("\n")
    ? []
    : [[file, "the configuration, read at the start and at every reload"]];
  if (workers > 1) needs.push([MODULES, "every worker loads the program anew"]);
  return {
    // A comma would begin another path.
    flag: `--allow-read=${needs.map(([path]) => path.replaceAll(",", ",,")).join(",")}`,
    reasons: needs.map(([path, why]) =>
      `${path}: ${why}${/\s/.test(path) ? "; it has a space, so quote this flag by hand" : ""}`
    ),
  };
}

function netOf(config: Config): Permission {
  const { forward } = config;
  if (forward.enabled) {
    return {
      flag: "--allow-net",
      reasons: [
        "any host: names without a rule are forwarded to themselves, and what they resolve to is for the " +
        "clients' names to say; forward.deny_networks is what keeps them from your own networks",
      ],
    };
  }
  const needs = new Map<string, string[]>();
  for (const { value, reason } of netNeeds(config)) {
    needs.set(value, [...needs.get(value) ?? [], reason]);
  }
  return {
    flag: `--allow-net=${[...needs.keys()].join(",")}`,
    reasons: [...needs].map(([value, reasons]) => `${value}: ${[...new Set(reasons)].join("; ")}`),
  };
}

function* netNeeds(config: Config): Generator<Need> {
  const { listeners, metrics, routes, fallback, dns } = config;
  for (const { address } of listeners) yield* listening(address, "clients");
  if (metrics.enabled) yield* listening(metrics.address, "the endpoint");
  const groups = routes.filter(({ action }) => action === "proxy")
    .map((route) => ({ label: `route ${route.name}`, backends: route.backends }));
  if (fallback !== undefined) groups.push({ label: "the fallback", backends: fallback.backends });
  let lookups = false;
  for (const { label, backends } of groups) {
    for (const { address: { host, port } } of backends) {
      const known = dns.hosts.get(host);
      if (parseIpLiteral(host) !== undefined) {
        yield { value: canonical({ host, port }), reason: label };
      } else if (known !== undefined) {
        const reason = `${label}: ${host}, by dns.hosts`;
        for (const ip of known) yield { value: canonical({ host: ip, port }), reason };
      } else {
        yield* anywhere(host, port, label);
        if (dns.servers.length === 0) {
          yield { value: host, reason: `${label}: the system is asked for its addresses` };
        }
        lookups = true;
      }
    }
  }
  if (!lookups) return;
  for (const server of dns.servers) {
    yield { value: canonical(server), reason: "dns.servers" };
    const value = canonical({ host: server.host.includes(":") ? "::" : "0.0.0.0", port: 0 });
    yield { value, reason: "sockets to ask dns.servers from" };
  }
}

/** Addresses that a name may come to. Deno has no notation for all of IPv6. */
function* anywhere(host: string, port: number, label: string): Generator<Need> {
  // RFC 6761, 6.3
  if (host === "localhost") {
    for (const loopback of ["127.0.0.0/8", "[::1]"]) {
      yield { value: `${loopback}:${port}`, reason: `${label}: ${host}` };
    }
    return;
  }
  yield {
    value: `0.0.0.0/0:${port}`,
    reason:
      `${label}: ${host} may come to any address; for one of IPv6 add it, as in [2001:db8::1]:${port}`,
  };
}

/** `::` falls back to IPv4 on a machine without IPv6. */
function* listening(address: Address, whom: string): Generator<Need> {
  yield { value: canonical(address), reason: `listens for ${whom}` };
  if (address.host === "::") {
    const value = canonical({ ...address, host: "0.0.0.0" });
    yield { value, reason: `listens for ${whom} where there is no IPv6` };
  }
}
