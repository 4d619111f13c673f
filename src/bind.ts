/**
 * Opening listeners, and saying why one can't be opened.
 *
 * @module
 */
import type { Address } from "./config/config.ts";
import { canonical } from "./config/address.ts";

/** An address that can't be listened on; the message says which, why and what to do. */
export class BindError extends Error {
  /** As every error class has. */
  override name = "BindError";
}

/**
 * Listens.
 *
 * @param address Where; `::` is every address of the machine, also of one without IPv6.
 * @param reusePort Whether others that say so, too, may listen there: the system gives each its part of the clients.
 * @returns The listener.
 * @throws What the runtime throws.
 */
export function listen({ host, port }: Address, reusePort = false): Deno.TcpListener {
  try {
    return Deno.listen({ hostname: host, port, reusePort });
  } catch (error) {
    // `:port` means every address; a machine without IPv6 has only those of IPv4.
    if (host !== "::" || !(error instanceof Error && /address family/i.test(error.message))) {
      throw error;
    }
    return Deno.listen({ hostname: "0.0.0.0", port, reusePort });
  }
}

/**
 * Opens something that listens.
 *
 * @param address Where, for the message.
 * @param open Opens it.
 * @returns What was opened.
 * @throws {BindError} If it can't be.
 */
export function bind<T>(address: Address, open: () => T): T {
  try {
    return open();
  } catch (error) {
    const name = canonical(address);
    if (error instanceof Deno.errors.NotCapable) {
      throw new BindError(`cannot listen on ${name}: missing permission, add --allow-net=${name}`);
    }
    if (error instanceof Deno.errors.AddrInUse) {
      throw new BindError(`cannot listen on ${name}: the address is in use`);
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new BindError(
        `cannot listen on ${name}: not allowed, ports below 1024 need root or CAP_NET_BIND_SERVICE`,
      );
    }
    if (error instanceof Deno.errors.AddrNotAvailable) {
      throw new BindError(`cannot listen on ${name}: this machine does not have that address`);
    }
    throw new BindError(
      `cannot listen on ${name}: ${error instanceof Error ? error.message : error}`,
    );
  }
}
