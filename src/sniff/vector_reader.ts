/**
 * The presentation language of TLS, as far as hellos use it: RFC 8446, 3.
 *
 * @module
 */

/**
 * Reads numbers and vectors from a part of a message. Once it has been asked for more than there is, it is
 * `broken`, and everything reads as zero or empty: one look at the end of a structure is enough.
 *
 * @example
 * ```ts
 * import { VectorReader } from "./vector_reader.ts";
 *
 * const reader = new VectorReader(new Uint8Array([2, 104, 50, 9]), 0, 4);
 * reader.vector(reader.uint8()).text(); // "h2"
 * reader.uint16(); // 0: there is one byte left
 * reader.broken; // true
 * ```
 */
export class VectorReader {
  /** What it reads from. */
  readonly bytes: Uint8Array;
  /** Where the next byte is. */
  at: number;
  /** Where the part ends. */
  readonly end: number;
  /** Whether it has been asked for more than there is. */
  broken = false;

  /**
   * Reads from a part of `bytes`.
   *
   * @param bytes What it reads from; not copied.
   * @param start Where the part begins.
   * @param end Where the part ends.
   */
  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  /** Whether something is left to read. */
  get more(): boolean {
    return !this.broken && this.at < this.end;
  }

  /**
   * Reads a byte.
   *
   * @returns The byte; 0 when broken.
   */
  uint8(): number {
    return this.skip(1) ? this.bytes[this.at - 1] : 0;
  }

  /**
   * Reads two bytes in network order.
   *
   * @returns The number; 0 when broken.
   */
  uint16(): number {
    return this.skip(2) ? this.bytes[this.at - 2] << 8 | this.bytes[this.at - 1] : 0;
  }

  /**
   * Leaves bytes out.
   *
   * @param count How many.
   * @returns Whether there were so many.
   */
  skip(count: number): boolean {
    if (this.broken || count > this.end - this.at) {
      this.broken = true;
      return false;
    }
    this.at += count;
    return true;
  }

  /**
   * Goes past a vector.
   *
   * @param length Its length in bytes.
   * @returns A reader of what is in it; of nothing, if it is cut off.
   */
  vector(length: number): VectorReader {
    const start = this.at;
    return new VectorReader(this.bytes, start, this.skip(length) ? this.at : start);
  }

  /**
   * Says what is left, without going past it; meant for vectors of a few hundred bytes.
   *
   * @returns The bytes as Latin-1.
   */
  text(): string {
    return Reflect.apply(String.fromCharCode, undefined, this.bytes.subarray(this.at, this.end));
  }
}
