/**
 * The body of an HTTP/1.x message from one connection to another, byte by byte as it came.
 *
 * @module
 */
import { type BufferPool, bulk, parking } from "../pool/buffers.ts";
import { ChunkedScanner } from "./chunked.ts";
import type { ConnStream } from "./conn_stream.ts";
import type { Body } from "./http1_framing.ts";
import type { Inbox } from "./inbox.ts";

/** How a body went: all of it, cut off at its source, or against its own framing. */
export type BodyEnd = "done" | "cut" | { readonly malformed: string };

/**
 * Passes a body on. What comes behind it stays in the inbox.
 *
 * @param from Where it comes from; its first bytes may be there already.
 * @param to Where it goes.
 * @param body How it is delimited.
 * @returns How it went.
 * @throws What writing throws.
 */
export async function passBody(from: Inbox, to: ConnStream, body: Body): Promise<BodyEnd> {
  switch (body.kind) {
    case "none":
      return "done";
    case "chunked":
      return await passChunked(from, to);
    case "length":
      return await passLength(from, to, body.length);
    case "close":
      return await passLength(from, to, Infinity);
  }
}

async function passChunked(from: Inbox, to: ConnStream): Promise<BodyEnd> {
  const scanner = new ChunkedScanner();
  for (;;) {
    const { bytes } = from;
    const end = scanner.scan(bytes, 0, bytes.length);
    if (scanner.error !== undefined) return { malformed: scanner.error };
    if (end > 0) {
      await to.write(bytes.subarray(0, end));
      from.skip(end);
    }
    if (scanner.done) return "done";
    if (!await from.fill()) return "cut";
  }
}

async function passLength(from: Inbox, to: ConnStream, length: number): Promise<BodyEnd> {
  let left = length;
  if (from.length > 0 && left > 0) {
    const bytes = from.bytes.subarray(0, Math.min(left, from.length));
    left -= bytes.length;
    await to.write(bytes);
    from.skip(bytes.length);
  }
  if (left === 0) return "done";
  let pool: BufferPool = parking;
  let buffer = pool.take();
  try {
    while (left > 0) {
      const room = left < buffer.length ? buffer.subarray(0, left) : buffer;
      let count: number | null;
      try {
        count = await from.stream.read(room);
      } catch {
        return "cut";
      }
      if (count === null) return length === Infinity ? "done" : "cut";
      left -= count;
      await to.write(count === buffer.length ? buffer : buffer.subarray(0, count));
      const next = count === buffer.length ? bulk : parking;
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
