/**
 * A connection without a network, for what depends on when and how finely bytes come.
 *
 * @module
 */
import { ConnStream } from "../../src/relay/conn_stream.ts";
import { latin1 } from "../sniff/hex.ts";

/** What a peer does. */
export interface Script {
  /** What it says, a piece for each read, in Latin-1. */
  readonly says: readonly string[];
  /** How many bytes it waits for before it says anything; none, unless said. */
  readonly after?: number;
  /** Whether it ends its side then; else it is silent until the connection is closed. */
  readonly ends?: boolean;
  /** How many bytes it takes before it is gone; any number, unless said. */
  readonly takes?: number;
  /** What it waits for before it takes any; nothing, unless said. */
  readonly takesAfter?: Promise<unknown>;
}

/** A connection to a peer that follows a script. */
export interface Scripted {
  /** The connection. */
  readonly stream: ConnStream;
  /** What the peer has got so far. */
  readonly got: string;
}

/**
 * Makes one.
 *
 * @param script What the peer does.
 * @returns The connection.
 */
export function scripted(script: Script): Scripted {
  const { says, after = 0, ends = false, takes = Infinity, takesAfter } = script;
  const pieces = says.map(latin1);
  const enough = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<never>();
  closed.promise.catch(() => {});
  let got = "";
  if (after === 0) enough.resolve();
  const conn: Pick<Deno.TcpConn, "read" | "write" | "closeWrite" | "close"> = {
    async read(buffer): Promise<number | null> {
      await Promise.race([enough.promise, closed.promise]);
      const piece = pieces.shift();
      if (piece === undefined) return ends ? null : await closed.promise;
      buffer.set(piece.subarray(0, buffer.length));
      if (piece.length > buffer.length) pieces.unshift(piece.subarray(buffer.length));
      return Math.min(piece.length, buffer.length);
    },
    async write(bytes): Promise<number> {
      await takesAfter;
      if (got.length >= takes) throw new Deno.errors.BrokenPipe();
      got += String.fromCharCode(...bytes);
      if (got.length >= after) enough.resolve();
      return bytes.length;
    },
    closeWrite: () => Promise.resolve(),
    close: () => closed.reject(new Deno.errors.Interrupted()),
  };
  return {
    // It is all of a connection that a ConnStream uses.
    stream: new ConnStream(conn as Deno.TcpConn),
    get got(): string {
      return got;
    },
  };
}
