/**
 * The body of an HTTP/1.x message from one connection to another, byte by byte as it came.
 *
 * @module
 */
import { type BufferPool, bulk, busy, heads, parking } from "../pool/buffers.ts";
import { ChunkedScanner } from "./chunked.ts";
import type { ConnStream } from "./conn_stream.ts";
import type { Body } from "./http1_framing.ts";
import type { Inbox } from "./inbox.ts";

/** How a body went: all of it, cut off at its source, or against its own framing. */
export type BodyEnd = "done" | "cut" | { readonly malformed: string };

/**
 * How far a body has come.
 *
 * @example
 * ```ts
 * import { BodyCursor } from "./body.ts";
 *
 * const cursor = new BodyCursor({ kind: "length", length: 5 });
 * cursor.take(new TextEncoder().encode("hello, next"), 0); // 5
 * cursor.done; // true
 * ```
 */
export class BodyCursor {
  /** How it is delimited. */
  readonly kind: Body["kind"];
  /** What was wrong, once something was. */
  error?: string;
  /** Bytes that are still to come; of a chunked body nobody knows. */
  left: number;
  readonly #scanner?: ChunkedScanner;

  /**
   * Begins a body.
   *
   * @param body How it is delimited.
   */
  constructor(body: Body) {
    this.kind = body.kind;
    this.left = body.kind === "length" ? body.length : body.kind === "none" ? 0 : Infinity;
    if (body.kind === "chunked") this.#scanner = new ChunkedScanner();
  }

  /** Whether all of it has been there; of one that ends with its connection that is never so. */
  get done(): boolean {
    return this.#scanner === undefined ? this.left === 0 : this.#scanner.done;
  }

  /**
   * Goes on.
   *
   * @param bytes A buffer.
   * @param start Where in it that begins which came next.
   * @returns How many bytes from there are the body's and good to be passed on; after an error, none.
   */
  take(bytes: Uint8Array, start: number): number {
    if (this.#scanner !== undefined) {
      const end = this.#scanner.scan(bytes, start, bytes.length);
      this.error = this.#scanner.error;
      return end - start;
    }
    const count = Math.min(this.left, bytes.length - start);
    this.left -= count;
    return count;
  }
}

/**
 * Passes on what is left of a body. What comes behind it stays in the inbox.
 *
 * @param from Where it comes from; some of it may be there already.
 * @param to Where it goes.
 * @param cursor How far it has come.
 * @returns How it went.
 * @throws What writing throws.
 */
export async function passBody(
  from: Inbox,
  to: ConnStream,
  cursor: BodyCursor,
): Promise<BodyEnd> {
  while (from.length > 0 && !cursor.done) {
    const { bytes } = from;
    const count = cursor.take(bytes, 0);
    if (cursor.error !== undefined) return { malformed: cursor.error };
    await to.write(bytes.subarray(0, count));
    from.skip(count);
  }
  if (cursor.done) return "done";
  return cursor.kind === "chunked"
    ? await passChunked(from, to, cursor)
    : await passLength(from, to, cursor);
}

async function passChunked(from: Inbox, to: ConnStream, cursor: BodyCursor): Promise<BodyEnd> {
  while (!cursor.done) {
    if (!await from.fill()) return "cut";
    const { bytes } = from;
    const count = cursor.take(bytes, 0);
    if (cursor.error !== undefined) return { malformed: cursor.error };
    await to.write(bytes.subarray(0, count));
    from.skip(count);
  }
  return "done";
}

async function passLength(from: Inbox, to: ConnStream, cursor: BodyCursor): Promise<BodyEnd> {
  let pool: BufferPool = cursor.left > parking.size ? heads : parking;
  let buffer = pool.take();
  try {
    while (!cursor.done) {
      const room = cursor.left < buffer.length ? buffer.subarray(0, cursor.left) : buffer;
      let count: number | null;
      try {
        count = await from.stream.read(room);
      } catch {
        return "cut";
      }
      if (count === null) return cursor.kind === "close" ? "done" : "cut";
      cursor.left -= count;
      await to.write(count === buffer.length ? buffer : buffer.subarray(0, count));
      const next = count < buffer.length ? parking : pool === bulk ? bulk : busy();
      if (next !== pool) {
        pool.give(buffer);
        pool = next;
        buffer = pool.take();
      }
    }
    return "done";
  } finally {
    pool.give(buffer);
  }
}
