/**
 * Pairs of connected sockets on loopback.
 *
 * @module
 */

/** Both ends of one connection. */
export type Pair = readonly [Deno.TcpConn, Deno.TcpConn];

/**
 * Connects a socket to another one.
 *
 * @returns The dialled and the accepted end.
 */
export async function pair(): Promise<Pair> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return await Promise.all([
    Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
    listener.accept(),
  ]);
}

/**
 * Reads until the end.
 *
 * @param conn The socket.
 * @returns Everything it sent.
 */
export async function readAll(conn: Deno.Conn): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const buffer = new Uint8Array(65536);
  for (;;) {
    const count = await conn.read(buffer);
    if (count === null) break;
    chunks.push(buffer.slice(0, count));
  }
  return new Uint8Array(await new Blob(chunks as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}

/**
 * Writes all of it.
 *
 * @param conn The socket.
 * @param bytes What to write.
 */
export async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
}

/**
 * Bytes that no two places have alike.
 *
 * @param length How many.
 * @param seed Where they start.
 * @returns The bytes.
 */
export function noise(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}
