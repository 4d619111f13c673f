/**
 * What a socket from the pool has done unasked, at the last moment before it is asked something.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { Ahead, Wake } from "../pool/held.ts";

/**
 * Looks whether a backend has hung up, or said something, before it is sent a request. What it has said already
 * would be taken for the answer, and the answer for the next request's (response-queue poisoning). A busy socket
 * is given back and taken again before the read that waits on it has had its turn to tell what it found at once:
 * here it gets that turn. Bytes that come later than that can't be told from an answer, by anybody.
 *
 * @param ahead The read that waits on the socket.
 * @returns What it has found; `undefined` if nothing yet. Never rejects.
 *
 * @example
 * ```ts
 * import { surprise } from "./surprise.ts";
 *
 * const conn = await Deno.connect({ hostname: "127.0.0.1", port: 8080 });
 * const buffer = new Uint8Array(1024);
 * await surprise({ buffer, read: conn.read(buffer) }); // undefined
 * ```
 */
export async function surprise({ read }: Ahead): Promise<Wake | undefined> {
  let wake: Wake | undefined;
  read.then(
    (count) => wake = count === null ? "closed_by_backend" : "unexpected_data",
    () => wake = "closed_by_backend",
  );
  await new Promise<void>((resolve) => void setImmediate(resolve));
  return wake;
}
