/**
 * Clients that say in one word what they saw.
 *
 * @module
 */
import { writeAll } from "../relay/sockets.ts";
import { connectTo, hello, request } from "../e2e/peers.ts";
import { soon } from "../e2e/harness.ts";

/** A fatal alert and nothing else: RFC 8446, 6. */
const ALERT_LENGTH = 7;

/**
 * Does something for so many clients at once.
 *
 * @param count How many.
 * @param act What each one does.
 * @returns What each one saw.
 */
export function crowd(count: number, act: (i: number) => Promise<string>): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => act(i)));
}

/**
 * Asks for a TLS tunnel and reads to its end.
 *
 * @param port The proxy's port.
 * @param name The name to ask for.
 * @param wanted How many bytes make it `served`; if absent, its own hello has to come back.
 * @returns `alert N`, `served`, `closed` (in order, and short), `empty` or `reset`.
 */
export async function tunnel(
  port: number,
  name = "app.test",
  wanted: number = hello(name).length,
): Promise<string> {
  using conn = await connectTo(port);
  const { length, head, broken } = await hear(conn, hello(name), wanted);
  if (broken) return "reset";
  if (length === 0) return "empty";
  if (length === ALERT_LENGTH && head[0] === 21) return `alert ${head[6]}`;
  return length >= wanted ? "served" : "closed";
}

/**
 * Asks for a page and reads all of it.
 *
 * @param port The proxy's port.
 * @param host The Host.
 * @returns The status, `200 cut` if less than all of it came, `empty` or `reset` if there was none.
 */
export async function page(port: number, host = "app.test"): Promise<string> {
  using conn = await connectTo(port);
  const { length, head, broken } = await hear(conn, request(host), Infinity, true);
  if (length === 0) return broken ? "reset" : "empty";
  const text = new TextDecoder("latin1").decode(head);
  const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
  const end = text.indexOf("\r\n\r\n") + 4;
  const body = Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? 0);
  if (status === undefined) return "garbage";
  return length < end + body ? `${status} cut` : status;
}

/** What a client heard. */
interface Heard {
  /** How many bytes. */
  readonly length: number;
  /** The first of them. */
  readonly head: Uint8Array;
  /** Whether it ended in a reset. */
  readonly broken: boolean;
}

/** Says something and listens: to the end, to so many bytes, or to the end of a page. */
async function hear(
  conn: Deno.TcpConn,
  opening: Uint8Array,
  wanted: number,
  page = false,
): Promise<Heard> {
  const head = new Uint8Array(2048);
  const buffer = new Uint8Array(65536);
  let length = 0;
  try {
    await writeAll(conn, opening);
    while (length < wanted) {
      const count = await soon("an answer", conn.read(buffer), 30_000);
      if (count === null) break;
      if (length < head.length) {
        head.set(buffer.subarray(0, Math.min(count, head.length - length)), length);
      }
      length += count;
      if (page && length >= pageLength(head.subarray(0, length))) break;
    }
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe) {
      return { length, head, broken: true };
    }
    throw error;
  }
  return { length, head, broken: false };
}

/** How long an answer is, once that can be told. */
function pageLength(head: Uint8Array): number {
  const text = new TextDecoder("latin1").decode(head);
  const end = text.indexOf("\r\n\r\n");
  const body = /^content-length: (\d+)/im.exec(text)?.[1];
  return end === -1 || body === undefined ? Infinity : end + 4 + Number(body);
}
