/**
 * What this machine may have against a configuration.
 *
 * @module
 */
import { createSocket } from "node:dgram";
import { canonical } from "./config/address.ts";
import type { Address, Config } from "./config/config.ts";

/** Ports below this one are not for everybody. */
const UNPRIVILEGED = 1024;

/** What is to be said to whoever wants to serve here. */
export interface HostAdvice {
  /** What would fail, one line each. */
  readonly warnings: readonly string[];
  /** What could not be found out, one line each. */
  readonly notes: readonly string[];
}

/**
 * Finds addresses that this process has no right to listen on.
 *
 * @param config The configuration.
 * @returns What it has found. Never rejects.
 *
 * @example
 * ```ts ignore
 * for (const warning of (await hostAdvice(config)).warnings) console.error(warning);
 * ```
 */
export async function hostAdvice({ listeners, metrics }: Config): Promise<HostAdvice> {
  const addresses = listeners.map(({ address }) => address);
  if (metrics.enabled) addresses.push(metrics.address);
  const warnings: string[] = [];
  const notes: string[] = [];
  for (const address of addresses.filter(({ port }) => port < UNPRIVILEGED)) {
    const name = canonical(address);
    const needs = `listening on ${name} needs root or CAP_NET_BIND_SERVICE`;
    const { state } = await Deno.permissions.query({ name: "net", host: name });
    if (state !== "granted") notes.push(`${needs}; whether this process has them is not known`);
    else if (!await mayBind(address)) warnings.push(`${needs}, which this process does not have`);
  }
  return { warnings, notes };
}

/**
 * Whether the port may be bound. The system asks that of a datagram socket in the same way, and nobody is connected
 * to one by mistake.
 */
function mayBind({ host, port }: Address): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  socket.on("error", (error) => {
    socket.close();
    resolve(!("code" in error && error.code === "EACCES"));
  });
  socket.bind(port, host, () => {
    socket.close();
    resolve(true);
  });
  return promise;
}
