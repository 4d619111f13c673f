/**
 * A decision -> a connected backend, or the reason why there is none.
 *
 * @module
 */
import { type Address } from "../config/config.ts";
import { canonical } from "../config/address.ts";
import type { Refusal } from "../route/refusal.ts";
import { dial } from "./dial.ts";
import type { Resolve } from "./resolve.ts";
import { untilAborted } from "./until_aborted.ts";

/** A backend that has accepted. */
export interface Connected {
  /** Marks the variant. */
  readonly kind: "connected";
  /** The socket. */
  readonly conn: Deno.TcpConn;
  /** Which one, as configured or asked for. */
  readonly backend: string;
}

/** Says which network forbids an address, if one does. */
export type Guard = (ip: string, port: number) => string | undefined;

/**
 * Resolves and connects.
 *
 * @param target Where to.
 * @param resolve Finds the addresses of a name.
 * @param signal Ends the attempt; it has then timed out.
 * @param guard Consulted for every address; those it forbids are not dialled, and what is dialled is exactly
 *   what it was asked about.
 * @returns The socket, or a refusal. Never throws.
 */
export async function connect(
  target: Address,
  resolve: Resolve,
  signal: AbortSignal,
  guard?: Guard,
): Promise<Connected | Refusal> {
  const backend = canonical(target);
  const found = resolve(target.host);
  let addresses = found instanceof Promise ? await untilAborted(found, signal) : found;
  if (addresses === undefined) {
    return refusal("backend_timeout", `${target.host} did not resolve in time`);
  }
  if (addresses.length === 0) {
    return refusal("backend_unresolved", `${target.host} does not resolve`);
  }
  if (guard !== undefined) {
    let denied: string | undefined;
    addresses = addresses.filter((ip) => {
      const network = guard(ip, target.port);
      if (network !== undefined) denied = `${backend} is ${ip}, which is ${network}`;
      return network === undefined;
    });
    if (addresses.length === 0) return refusal("denied_network", denied ?? backend);
  }
  try {
    return { kind: "connected", conn: await dial(addresses, target.port, signal), backend };
  } catch (error) {
    if (signal.aborted) return refusal("backend_timeout", `${backend} did not accept in time`);
    return refused(error, backend);
  }
}

function refused(error: unknown, backend: string): Refusal {
  const detail = `${backend}: ${error instanceof Error ? error.message : error}`;
  if (isOutOfDescriptors(error)) return refusal("connection_limit", detail);
  if (error instanceof Deno.errors.ConnectionRefused) return refusal("backend_refused", detail);
  if (error instanceof Deno.errors.TimedOut) return refusal("backend_timeout", detail);
  return refusal("backend_unreachable", detail);
}

/**
 * Whether the process or the system has no file descriptor left.
 *
 * @param error What `accept` or `connect` threw.
 * @returns True for EMFILE and ENFILE.
 */
export function isOutOfDescriptors(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "EMFILE" || code === "ENFILE";
}

function refusal(reason: Refusal["reason"], detail: string): Refusal {
  return { kind: "refusal", reason, detail };
}
