/**
 * Addresses -> one connected socket.
 *
 * @module
 */

/** How long an address is waited for before the next one is tried beside it: RFC 8305, 5. */
const ATTEMPT_DELAY_MS = 250;

/**
 * Connects to whichever address answers first: they are tried in order, each one when the one before has
 * failed or has been silent for 250 ms (RFC 8305, "Happy Eyeballs"). What loses the race is closed.
 *
 * @param addresses IP literals, at least one.
 * @param port The port.
 * @param signal Ends every attempt when it aborts.
 * @returns The socket, without Nagle's delay.
 * @throws The last attempt's error, or the signal's reason.
 *
 * @example
 * ```ts
 * import { dial } from "./dial.ts";
 *
 * using conn = await dial(["::1", "127.0.0.1"], 8080, AbortSignal.timeout(1000));
 * ```
 */
export async function dial(
  addresses: readonly string[],
  port: number,
  signal: AbortSignal,
): Promise<Deno.TcpConn> {
  const conn = addresses.length === 1
    ? await Deno.connect({ hostname: addresses[0], port, signal })
    : await race(addresses, port, signal);
  withoutDelay(conn);
  return conn;
}

/**
 * Turns Nagle's algorithm off: small writes go out at once.
 *
 * @param conn The socket. One that has been reset already may not take it, and says so when it is used.
 */
export function withoutDelay(conn: Deno.TcpConn): void {
  try {
    conn.setNoDelay(true);
  } catch {
    // Its first read or write will fail.
  }
}

function race(
  addresses: readonly string[],
  port: number,
  signal: AbortSignal,
): Promise<Deno.TcpConn> {
  const { promise, resolve, reject } = Promise.withResolvers<Deno.TcpConn>();
  const losers = new AbortController();
  const each = AbortSignal.any([signal, losers.signal]);
  let next = 0;
  let pending = 0;
  let settled = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const start = (): void => {
    clearTimeout(timer);
    const hostname = addresses[next++];
    pending++;
    if (next < addresses.length) timer = setTimeout(start, ATTEMPT_DELAY_MS);
    Deno.connect({ hostname, port, signal: each }).then((conn) => {
      clearTimeout(timer);
      if (settled) return conn.close();
      settled = true;
      losers.abort();
      resolve(conn);
    }, (error) => {
      pending--;
      if (settled) return;
      if (next < addresses.length && !signal.aborted) return start();
      if (pending > 0) return;
      settled = true;
      clearTimeout(timer);
      reject(error);
    });
  };
  start();
  return promise;
}
