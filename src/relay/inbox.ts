/**
 * What a connection has sent and nobody has used yet: heads are parsed here, and bodies begin here.
 *
 * @module
 */
import { heads } from "../pool/buffers.ts";
import type { ConnStream } from "./conn_stream.ts";

/** The most that is ever kept: a head of 64 KiB, or a hello in the smallest of records, and one read. */
const MAX_KEPT = 6 * 65_540 + heads.size;

const NO_BYTES = new Uint8Array();

/** A reader with bytes in hand. Owns its buffer; {@linkcode release} gives it back. */
export class Inbox {
  /** Where they came from. */
  readonly stream: ConnStream;
  #buffer: Uint8Array<ArrayBuffer> = NO_BYTES;
  #start = 0;
  #end = 0;
  /** What {@linkcode bytes} gave, for as long as it is true: making a view costs more than looking at it. */
  #view?: Uint8Array<ArrayBuffer>;
  #reading?: Promise<boolean>;

  /**
   * Makes an empty one.
   *
   * @param stream Where to read.
   */
  constructor(stream: ConnStream) {
    this.stream = stream;
  }

  /** What there is. Good until the next call of {@linkcode fill} or {@linkcode skip}. */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#start === this.#end) return NO_BYTES;
    return this.#view ??= this.#buffer.subarray(this.#start, this.#end);
  }

  /** How many bytes there are. */
  get length(): number {
    return this.#end - this.#start;
  }

  /**
   * Reads once more. A call while another one waits joins it.
   *
   * @returns False at the end, or when the connection has broken; its `failure` says which.
   */
  fill(): Promise<boolean> {
    return this.#reading ??= this.#read();
  }

  /**
   * Drops bytes from the front.
   *
   * @param count How many have been used.
   */
  skip(count: number): void {
    this.#view = undefined;
    this.#start += count;
    if (this.#start < this.#end) return;
    this.#start = this.#end = 0;
  }

  /** Gives the buffer back, and whatever is in it. */
  release(): void {
    // A read that was cut off might still hold it.
    if (this.#reading === undefined && this.#buffer.length === heads.size) heads.give(this.#buffer);
    this.#buffer = NO_BYTES;
    this.#view = undefined;
    this.#start = this.#end = 0;
  }

  #read(): Promise<boolean> {
    if (this.#buffer.length === 0) {
      const ahead = this.stream.takeAhead(heads.size);
      this.#buffer = ahead?.buffer ?? heads.take();
      if (ahead !== undefined) return ahead.read.then(this.#onRead, this.#onError);
    } else if (this.#end === this.#buffer.length) {
      this.#makeRoom();
    }
    const room = this.#end === 0 ? this.#buffer : this.#buffer.subarray(this.#end);
    return this.stream.read(room).then(this.#onRead, this.#onError);
  }

  readonly #onRead = (count: number | null): boolean => {
    this.#reading = undefined;
    if (count === null) return false;
    this.#end += count;
    this.#view = undefined;
    return true;
  };

  readonly #onError = (): boolean => {
    this.#reading = undefined;
    return false;
  };

  #makeRoom(): void {
    const { bytes } = this;
    if (this.#start > 0) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
    } else {
      const grown = new Uint8Array(Math.min(this.#buffer.length * 4, MAX_KEPT));
      grown.set(bytes);
      if (this.#buffer.length === heads.size) heads.give(this.#buffer);
      this.#buffer = grown;
    }
    this.#view = undefined;
    this.#end -= this.#start;
    this.#start = 0;
  }
}
