/**
 * Joins two connections until both directions have ended or one has broken.
 *
 * @module
 */
import type { ConnStream } from "./conn_stream.ts";

/** How a tunnel ended: both ends of file passed on, somebody broke it, or we have closed it. */
export type TunnelEnd = "done" | "client_reset" | "backend_reset" | "shutdown";

/**
 * Carries bytes both ways. An end of file on one side is passed on to the other, which may go on sending; when
 * a direction breaks, both connections are closed at once, because the other direction may never settle.
 *
 * @param client The accepted connection.
 * @param backend The dialled one.
 * @returns How it ended, with both connections closed; `shutdown` if we closed them meanwhile.
 */
export function tunnel(client: ConnStream, backend: ConnStream): Promise<TunnelEnd> {
  // Plain callbacks: a function that waits costs a tunnel as much memory as half of its buffers.
  const { promise, resolve } = Promise.withResolvers<TunnelEnd>();
  let end: TunnelEnd = client.closed ? "shutdown" : "done";
  let left = 2;
  const ended = (): void => {
    if (--left > 0) return;
    client.close();
    backend.close();
    resolve(end);
  };
  const broken = (): void => {
    if (client.failure !== undefined) end = "client_reset";
    else if (backend.failure !== undefined) end = "backend_reset";
    else if (end === "done") end = "shutdown";
    client.close();
    backend.close();
    ended();
  };
  client.pipeTo(backend).then(ended, broken);
  backend.pipeTo(client).then(ended, broken);
  return promise;
}
