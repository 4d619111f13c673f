/**
 * A backend that is only counted: sockets whose other side the test plays, and a clock that it moves.
 *
 * @module
 */
import { assert } from "@std/assert";
import type { PoolOutside } from "../../src/pool/pool.ts";

/** A socket whose other side is the test. */
export class FakeConn {
  /** Whether our side has closed it. */
  closed = false;
  /** When it was connected. */
  readonly connectedAt: number;
  #reading?: PromiseWithResolvers<number | null>;

  /**
   * Connects it.
   *
   * @param connectedAt When.
   */
  constructor(connectedAt: number) {
    this.connectedAt = connectedAt;
  }

  /** As seen by the code under test. */
  get conn(): Deno.TcpConn {
    // Only `read` and `close` are ever called on a socket at rest.
    return this as unknown as Deno.TcpConn;
  }

  /** Waits for what the other side does; one at a time. */
  read(_buffer: Uint8Array): Promise<number | null> {
    assert(!this.closed, "read after close");
    this.#reading = Promise.withResolvers<number | null>();
    return this.#reading.promise;
  }

  /** Our side has done with it; a second time is an error. */
  close(): void {
    assert(!this.closed, "closed twice");
    this.closed = true;
    this.#reading?.reject(new Deno.errors.Interrupted());
  }

  /**
   * The other side does something.
   *
   * @param count Bytes it says; `null` if it hangs up.
   */
  does(count: number | null): void {
    this.#reading?.resolve(count);
  }
}

/** What a pool needs, with everything it does written down. */
export class FakeBackend implements PoolOutside {
  /** Every socket there ever was. */
  readonly opened: FakeConn[] = [];
  /** Why sockets were closed at rest. */
  readonly evictions: string[] = [];
  /** Whether dials fail. */
  down = false;
  /** Dials so far, successful or not. */
  dials = 0;
  /** The time. */
  time = 0;

  /** Connects at once. */
  dial(): Promise<Deno.TcpConn> {
    this.dials++;
    if (this.down) return Promise.reject(new Deno.errors.ConnectionRefused());
    return Promise.resolve(this.open().conn);
  }

  /**
   * A socket that somebody else connected.
   *
   * @returns It.
   */
  open(): FakeConn {
    const conn = new FakeConn(this.time);
    this.opened.push(conn);
    return conn;
  }

  /** Notes it. */
  evicted(reason: string): void {
    this.evictions.push(reason);
  }

  /** The time. */
  now(): number {
    return this.time;
  }

  /** No jitter. */
  random(): number {
    return 1;
  }

  /** How many are open. */
  get openCount(): number {
    return this.opened.filter((each) => !each.closed).length;
  }
}

/** Lets everything that is ready happen. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}
