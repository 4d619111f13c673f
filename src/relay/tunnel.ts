/**
 * Joins two connections until both directions have ended or one has broken.
 *
 * @module
 */
import type { ConnStream } from "./conn_stream.ts";

/** How a tunnel ended by itself: both ends of file passed on, or who broke it. */
export type TunnelEnd = "done" | "client_reset" | "backend_reset" | "closed";

/**
 * Carries bytes both ways. An end of file on one side is passed on to the other, which may go on sending; when
 * a direction breaks, both connections are closed at once, because the other direction may never settle.
 *
 * @param client The accepted connection.
 * @param backend The dialled one.
 * @returns How it ended, with both connections closed; `closed` if somebody closed them meanwhile.
 */
export async function tunnel(client: ConnStream, backend: ConnStream): Promise<TunnelEnd> {
  let end: TunnelEnd = "done";
  const broken = (): void => {
    if (client.failure !== undefined) end = "client_reset";
    else if (backend.failure !== undefined) end = "backend_reset";
    else if (end === "done") end = "closed";
    client.close();
    backend.close();
  };
  await Promise.all([
    client.pipeTo(backend).catch(broken),
    backend.pipeTo(client).catch(broken),
  ]);
  client.close();
  backend.close();
  return end;
}
