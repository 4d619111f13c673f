/**
 * A TCP connection as a pair of web streams that keep half-close, with a short cut: when one of them is piped
 * into another one, bytes go from socket to socket through one lent buffer, without a chunk ever being queued.
 * The runtime's own `conn.readable.pipeTo(conn.writable)` ends the whole connection at the first end of file.
 *
 * @module
 */
import type { Ahead } from "../pool/held.ts";
import { type BufferPool, bulk, busy, parking, recycle } from "../pool/buffers.ts";

/** The side of a connection that bytes come from. */
export class ConnReadable extends ReadableStream<Uint8Array<ArrayBuffer>> {
  readonly #owner: ConnStream;

  /**
   * Makes the stream.
   *
   * @param owner The connection to read from.
   */
  constructor(owner: ConnStream) {
    super({
      async pull(controller): Promise<void> {
        const buffer = new Uint8Array(16384);
        const count = await owner.read(buffer);
        if (count === null) controller.close();
        else controller.enqueue(buffer.subarray(0, count));
      },
      cancel(): void {
        owner.close();
      },
    }, { highWaterMark: 0 });
    this.#owner = owner;
  }

  /**
   * Pipes until the end of the stream. Into a {@linkcode ConnWritable}, without options, bytes are copied
   * directly; everything else takes the generic path, which does the same more slowly.
   *
   * @param destination Where the bytes go; its write side is closed at the end.
   * @param options As for any `ReadableStream`.
   * @returns When all is written and the end has been passed on.
   */
  override pipeTo(
    destination: WritableStream<Uint8Array<ArrayBuffer>>,
    options?: StreamPipeOptions,
  ): Promise<void> {
    if (
      destination instanceof ConnWritable && options === undefined && !this.locked &&
      !destination.locked
    ) {
      return copy(this.#owner, destination.owner);
    }
    return super.pipeTo(destination, options);
  }
}

/** The side of a connection that bytes go to. */
export class ConnWritable extends WritableStream<Uint8Array<ArrayBuffer>> {
  /** The connection written to. */
  readonly owner: ConnStream;

  /**
   * Makes the stream.
   *
   * @param owner The connection to write to.
   */
  constructor(owner: ConnStream) {
    super({
      write: (chunk): Promise<void> => owner.write(chunk),
      close: (): Promise<void> => owner.closeWrite(),
      abort: (): void => owner.close(),
    });
    this.owner = owner;
  }
}

/**
 * A connection that counts what it moves and remembers how it broke. Owns the socket: {@linkcode close} is
 * the only place that closes it, and may be called at any time and any number of times.
 *
 * @example
 * ```ts
 * import { ConnStream } from "./conn_stream.ts";
 *
 * const client = new ConnStream(await Deno.connect({ hostname: "127.0.0.1", port: 8080 }));
 * const backend = new ConnStream(await Deno.connect({ hostname: "127.0.0.1", port: 8081 }));
 * await Promise.all([client.pipeTo(backend), backend.pipeTo(client)]);
 * client.close();
 * backend.close();
 * ```
 */
export class ConnStream {
  /** Bytes read so far. */
  received = 0;
  /** Bytes written so far. */
  sent = 0;
  /** Whether the peer has sent its end of file. */
  ended = false;
  /** Whether all that the peer has sent, its end of file included, has been carried to where it was piped. */
  passedOn = false;
  /** Whether {@linkcode close} was called. */
  closed = false;
  /** The first thing that went wrong before it was closed. */
  failure?: unknown;
  readonly #conn: Deno.TcpConn;
  #ahead?: Ahead;
  #readable?: ConnReadable;
  #writable?: ConnWritable;

  /**
   * Takes a socket over.
   *
   * @param conn The socket; owned from here on.
   * @param ahead A read that is waiting on it already: it becomes the first one.
   */
  constructor(conn: Deno.TcpConn, ahead?: Ahead) {
    this.#conn = conn;
    this.#ahead = ahead;
  }

  /** What the peer sends. */
  get readable(): ConnReadable {
    return this.#readable ??= new ConnReadable(this);
  }

  /** What the peer receives. */
  get writable(): ConnWritable {
    return this.#writable ??= new ConnWritable(this);
  }

  /**
   * Carries everything to another connection, until the end of file, which is passed on. The same as piping
   * {@linkcode readable} into the other's {@linkcode writable}, without making them: two streams for each side cost
   * a tenth of a short tunnel.
   *
   * @param destination Where the bytes go. If what it sends has been passed on already, its end of file is left to
   *   whoever closes it next.
   * @returns When all is written and the end has been passed on.
   */
  pipeTo(destination: ConnStream): Promise<void> {
    return copy(this, destination);
  }

  /**
   * Reads what is there, waiting for at least one byte.
   *
   * @param buffer Where to put it.
   * @returns How many bytes, or `null` at the end.
   * @throws What the socket throws; remembered as {@linkcode failure}.
   */
  read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null> {
    const ahead = this.#ahead;
    return ahead === undefined
      ? this.#conn.read(buffer).then(this.#onRead, this.#onError)
      : this.#readAhead(ahead, buffer);
  }

  /**
   * Writes all of it.
   *
   * @param bytes What to write.
   * @throws What the socket throws; remembered as {@linkcode failure}.
   */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    return this.#conn.write(bytes).then((count) => {
      this.sent += count;
      if (count < bytes.length) return this.write(bytes.subarray(count));
    }, this.#onError);
  }

  /**
   * Tells the peer that nothing more comes; it may go on sending.
   *
   * @throws What the socket throws; remembered as {@linkcode failure}. Not if the peer had ended its side
   *   before: then it is gone with everything said, and nothing is lost.
   */
  async closeWrite(): Promise<void> {
    try {
      await this.#conn.closeWrite();
    } catch (error) {
      if (!this.ended) throw this.#failed(error);
    }
  }

  /** Closes the socket; a read or write that waits is rejected. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    try {
      this.#conn.close();
    } catch {
      // The runtime has closed it already: there is nothing left to release.
    }
  }

  /**
   * Waits for the first bytes without using them: the next read gives them.
   *
   * @returns Whether there are any; false at the end, or when the connection has broken. Never rejects.
   */
  peek(): Promise<boolean> {
    if (this.#ahead === undefined) {
      const buffer = parking.take();
      this.#ahead = { buffer, read: this.#conn.read(buffer) };
    }
    return this.#ahead.read.then(isThere, isBroken);
  }

  /**
   * Takes over the read that waits already, with its buffer, so that nothing has to be copied out of that.
   *
   * @param size How large the buffer has to be, in bytes.
   * @returns The read, whose count is as of {@linkcode read}; `undefined` if none waits, or in another buffer.
   */
  takeAhead(size: number): Ahead | undefined {
    const ahead = this.#ahead;
    if (ahead === undefined || ahead.buffer.length !== size) return undefined;
    this.#ahead = undefined;
    return { buffer: ahead.buffer, read: ahead.read.then(this.#onRead, this.#onError) };
  }

  /**
   * Gives the socket away, so that it goes on without this.
   *
   * @returns The socket; nothing may be reading from it.
   */
  detach(): Deno.TcpConn {
    this.closed = true;
    return this.#conn;
  }

  #readAhead(ahead: Ahead, buffer: Uint8Array<ArrayBuffer>): Promise<number | null> {
    return ahead.read.then((count) => {
      this.#ahead = undefined;
      if (count === null) return this.#onRead(null);
      const taken = Math.min(count, buffer.length);
      buffer.set(ahead.buffer.subarray(0, taken));
      if (taken < count) {
        const rest = ahead.buffer.subarray(taken, count);
        this.#ahead = { buffer: rest, read: Promise.resolve(rest.length) };
      } else {
        recycle(ahead.buffer);
      }
      return this.#onRead(taken);
    }, this.#onError);
  }

  readonly #onRead = (count: number | null): number | null => {
    if (count === null) this.ended = true;
    else this.received += count;
    return count;
  };

  readonly #onError = (error: unknown): never => {
    throw this.#failed(error);
  };

  #failed(error: unknown): unknown {
    if (!this.closed) this.failure ??= error;
    return error;
  }
}

function isThere(count: number | null): boolean {
  return count !== null;
}

function isBroken(): boolean {
  return false;
}

/**
 * The direct path. Waits in a small buffer; a read that fills it means that there is more, so the next one
 * gets a large buffer, until a read comes back short.
 */
async function copy(from: ConnStream, to: ConnStream): Promise<void> {
  let pool: BufferPool = parking;
  const ahead = from.takeAhead(pool.size);
  let buffer = ahead?.buffer ?? pool.take();
  let reading = ahead?.read ?? from.read(buffer);
  try {
    for (;;) {
      const count = await reading;
      if (count === null) break;
      const full = count === buffer.length;
      await to.write(full ? buffer : buffer.subarray(0, count));
      const next = !full ? parking : pool === bulk ? bulk : busy();
      if (next !== pool) {
        pool.give(buffer);
        pool = next;
        buffer = pool.take();
      }
      reading = from.read(buffer);
    }
  } finally {
    pool.give(buffer);
  }
  from.passedOn = true;
  // If the other direction has ended as well, closing both connections says so, and nobody has to wait for it.
  if (!to.passedOn) await to.closeWrite();
}
