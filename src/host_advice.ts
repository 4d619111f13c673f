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

/**
 * Finds addresses that this process has no right to listen on.
 *
 * @param config The configuration.
 * @returns One line for each. Never rejects.
 *
 * @example
 * ```ts ignore
 * for (const warning of await hostAdvice(config)) console.error(warning);
 * ```
 */
export async function hostAdvice({ listeners, metrics }: Config): Promise<string[]> {
  const addresses = listeners.map(({ address }) => address);
  if (metrics.enabled) addresses.push(metrics.address);
  const low = addresses.filter(({ port }) => port < UNPRIVILEGED);
  const advice = await Promise.all(low.map(async (address) =>
    await mayBind(address) ? [] : [
      `listening on ${
        canonical(address)
      } needs root or CAP_NET_BIND_SERVICE, which this process does not have`,
    ]
  ));
  return advice.flat();
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
