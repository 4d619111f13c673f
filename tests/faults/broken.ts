/**
 * Backends that are no good.
 *
 * @module
 */
import { createServer, type Socket } from "node:net";
import { readAll, writeAll } from "../relay/sockets.ts";
import { generator } from "../sniff/random.ts";
import { freePorts } from "../e2e/harness.ts";
import { type Backend, serve } from "../e2e/peers.ts";
import type { Broken } from "./fault.ts";

/**
 * A port that refuses.
 *
 * @returns It.
 */
export function refusing(): Broken {
  return { port: freePorts(1)[0], [Symbol.dispose](): void {} };
}

/**
 * Reads and never says a word.
 *
 * @returns The server, listening.
 */
export function mute(): Backend {
  return serve(async (conn) => {
    await readAll(conn);
  });
}

/**
 * Resets each connection after so many bytes of an answer.
 *
 * @param bytes How many.
 * @returns The server, listening.
 */
export async function resetting(bytes: number): Promise<Broken> {
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
    socket.once("data", () => {
      if (bytes === 0) return void socket.resetAndDestroy();
      const head = new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n");
      const all = new Uint8Array(Math.max(bytes, head.length));
      all.set(head);
      socket.write(all, () => void socket.resetAndDestroy());
    });
  });
  server.listen(0, "127.0.0.1", resolve);
  await listening;
  const address = server.address();
  return {
    port: typeof address === "object" ? address?.port ?? 0 : 0,
    async [Symbol.asyncDispose](): Promise<void> {
      const { promise: closed, resolve: close } = Promise.withResolvers<void>();
      server.close(() => close());
      for (const each of sockets) each.destroy();
      await closed;
    },
  };
}

/**
 * Answers one byte every 20 ms, all of them in the end.
 *
 * @returns The server, listening.
 */
export function dripping(): Backend {
  const answer = new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  return serve(async (conn) => {
    await conn.read(new Uint8Array(4096));
    for (let i = 0; i < answer.length; i++) {
      await writeAll(conn, answer.subarray(i, i + 1));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await readAll(conn);
  });
}

/**
 * Answers random bytes, and leaves.
 *
 * @returns The server, listening.
 */
export function babbling(): Backend {
  const random = generator(4);
  return serve(async (conn) => {
    await conn.read(new Uint8Array(4096));
    // From 128 on, so that it is never an alert nor the beginning of a status line.
    await writeAll(conn, Uint8Array.from({ length: 2000 }, () => 128 + random(128)));
    await conn.closeWrite();
    await readAll(conn);
  });
}
