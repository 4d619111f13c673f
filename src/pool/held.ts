/**
 * A connected socket at rest. A read is left waiting on it as a sentinel, for that is the only way to learn
 * that the other side has hung up, or has said something that nobody asked for.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import { type BufferPool } from "./buffers.ts";

/** A read that is waiting; whoever takes the socket takes it over as the first read of its own. */
export interface Ahead {
  /** Where the bytes will be. */
  readonly buffer: Uint8Array<ArrayBuffer>;
  /** How many they are; `null` at the end of the stream. */
  readonly read: Promise<number | null>;
}

/** A connected socket and what is known about it. */
export interface Connection {
  /** The socket. */
  readonly conn: Deno.TcpConn;
  /** When it was connected, in milliseconds as of `performance.now()`. */
  readonly connectedAt: number;
}

/** A socket at rest, until somebody takes it or it is dropped. */
export interface Held extends Connection {
  /** Whether nobody has taken it yet and it has not been dropped. */
  resting: boolean;
  /** When it was last used; when it was connected, if it never was. */
  readonly usedAt: number;
  /** The sentinel. */
  readonly ahead: Ahead;
  /** The turn of the event loop in which it was laid to rest. */
  readonly turn: number;
}

/** What a sentinel has seen. */
export type Wake = "closed_by_backend" | "unexpected_data";

/** Turns of the event loop, counted while sockets are laid to rest. */
let turn = 0;
let turning = false;

function nextTurn(): void {
  turning = false;
  turn++;
}

/**
 * Whether a sentinel has had its turn of the event loop: what was there to be seen when its socket was laid to
 * rest, it has told by now.
 *
 * @param held A socket.
 * @returns False for one that was laid to rest just now.
 */
export function isSettled(held: Held): boolean {
  return held.turn !== turn;
}

/**
 * Lays a socket to rest.
 *
 * @param connection The socket; nobody may be reading from it.
 * @param usedAt When it was last used.
 * @param buffers Where the sentinel's buffer is from: of the size that the first bytes are likely to have.
 * @param onWake Told what the sentinel has seen, if the socket is still at rest then.
 * @returns The socket at rest.
 */
export function hold(
  { conn, connectedAt }: Connection,
  usedAt: number,
  buffers: BufferPool,
  onWake: (held: Held, wake: Wake) => void,
): Held {
  const buffer = buffers.take();
  const read = conn.read(buffer);
  const held: Held = { conn, connectedAt, usedAt, ahead: { buffer, read }, turn, resting: true };
  if (!turning) {
    turning = true;
    setImmediate(nextTurn);
  }
  const woken = (found: unknown): void => {
    if (!held.resting) return;
    held.resting = false;
    onWake(held, typeof found === "number" ? "unexpected_data" : "closed_by_backend");
  };
  // Of a read that fails it is an error, else a count or null.
  read.then(woken, woken);
  return held;
}
