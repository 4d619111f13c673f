/**
 * Buffers for reading sockets, lent and taken back, so that a connection costs no allocation while it moves
 * bytes and next to nothing while it is idle.
 *
 * @module
 */

/** Lends buffers of one size. */
export interface BufferPool {
  /** Length of every buffer, in bytes. */
  readonly size: number;
  /** Buffers that are lent. */
  readonly lent: number;
  /** Lends a buffer; what it holds is left over from its last use. */
  take(): Uint8Array<ArrayBuffer>;
  /** Takes a buffer back. It must not be used afterwards, nor be given twice. */
  give(buffer: Uint8Array<ArrayBuffer>): void;
}

/**
 * Makes a pool of buffers.
 *
 * @param size Length of a buffer, in bytes.
 * @param perSlab How many are cut from one allocation: small buffers share one, because each allocation costs
 *   the runtime more than a kilobyte by itself.
 * @param keep How many unused ones are kept at the most; the rest is left to the garbage collector.
 * @returns The pool.
 *
 * @example
 * ```ts
 * import { createBufferPool } from "./buffers.ts";
 *
 * const pool = createBufferPool(1024, 64, 4096);
 * const buffer = pool.take();
 * pool.give(buffer);
 * ```
 */
export function createBufferPool(size: number, perSlab: number, keep: number): BufferPool {
  const free: Uint8Array<ArrayBuffer>[] = [];
  let lent = 0;
  return {
    size,
    get lent(): number {
      return lent;
    },
    take(): Uint8Array<ArrayBuffer> {
      lent++;
      const buffer = free.pop();
      if (buffer !== undefined) return buffer;
      const slab = new ArrayBuffer(size * perSlab);
      for (let i = 1; i < perSlab; i++) free.push(new Uint8Array(slab, i * size, size));
      return new Uint8Array(slab, 0, size);
    },
    give(buffer: Uint8Array<ArrayBuffer>): void {
      lent--;
      if (free.length < keep) free.push(buffer);
    },
  };
}

/** Where a tunnel waits while nothing moves: two of these are all the buffer an idle tunnel has. */
export const parking: BufferPool = createBufferPool(1024, 128, 65536);

/** What a busy direction reads into: one read takes all that the kernel has. */
export const bulk: BufferPool = createBufferPool(256 * 1024, 1, 32);

/** What a client's first bytes are read into; a hello or head that is longer gets its own, larger one. */
export const heads: BufferPool = createBufferPool(4096, 32, 1024);

/** So many large buffers are lent at a time: 64 MB. */
const MAX_BULK = 256;

/**
 * Where a direction reads that has more to carry. A large buffer, unless so many are in use that this may be an
 * attack by clients that ask for much and don't read it; then a small one does.
 *
 * @returns The pool to take from.
 */
export function busy(): BufferPool {
  return bulk.lent < MAX_BULK ? bulk : heads;
}

/**
 * Takes a buffer back into whichever of the small pools it is from.
 *
 * @param buffer One that was taken; any other is left to the garbage collector.
 */
export function recycle(buffer: Uint8Array<ArrayBuffer>): void {
  if (buffer.length === parking.size) parking.give(buffer);
  else if (buffer.length === heads.size) heads.give(buffer);
}
