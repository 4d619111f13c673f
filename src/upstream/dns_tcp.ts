/**
 * DNS over a connection: RFC 7766.
 *
 * @module
 */
import type { Address } from "../config/config.ts";
import { type Answer, type Question, readAnswer } from "./dns_message.ts";

/**
 * Asks one server over a connection of its own: for answers that are too long for a datagram.
 *
 * @param server Whom to ask; its host is an IP literal.
 * @param question What to ask.
 * @param signal Ends it.
 * @returns What the server says; `undefined` if it can't be asked, closes early or was ended. Never rejects.
 *
 * @example
 * ```ts ignore
 * await askOverTcp({ host: "192.0.2.53", port: 53 }, question, AbortSignal.timeout(2_000));
 * ```
 */
export async function askOverTcp(
  server: Address,
  question: Question,
  signal: AbortSignal,
): Promise<Answer | undefined> {
  let conn: Deno.TcpConn | undefined;
  const close = (): void => {
    conn?.close();
    conn = undefined;
  };
  try {
    conn = await Deno.connect({ hostname: server.host, port: server.port, signal });
    if (signal.aborted) return undefined;
    signal.addEventListener("abort", close, { once: true });
    await writeMessage(conn, question.bytes);
    return readAnswer(await readMessage(conn), question);
  } catch {
    return undefined;
  } finally {
    signal.removeEventListener("abort", close);
    close();
  }
}

/** A message after its length: RFC 1035, 4.2.2. In one write, since some servers expect them together. */
async function writeMessage(conn: Deno.TcpConn, message: Uint8Array): Promise<void> {
  const bytes = new Uint8Array(message.length + 2);
  bytes[0] = message.length >> 8;
  bytes[1] = message.length & 0xff;
  bytes.set(message, 2);
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

async function readMessage(conn: Deno.TcpConn): Promise<Uint8Array> {
  const length = await readFull(conn, new Uint8Array(2));
  return await readFull(conn, new Uint8Array(length[0] << 8 | length[1]));
}

async function readFull(conn: Deno.TcpConn, into: Uint8Array): Promise<Uint8Array> {
  for (let at = 0; at < into.length;) {
    const count = await conn.read(into.subarray(at));
    if (count === null) throw new Deno.errors.UnexpectedEof();
    at += count;
  }
  return into;
}
