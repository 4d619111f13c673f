/**
 * Peers that reset their connections. Closing a `Deno.Conn` sends an orderly end before the kernel gets to send
 * a reset; the sockets of `node:net` can do without.
 *
 * @module
 */
import { connect, createServer, type Socket } from "node:net";
import { soon } from "./harness.ts";

/** A server that runs. */
export interface ResettingBackend extends AsyncDisposable {
  /** Where it listens, on 127.0.0.1. */
  readonly port: number;
}

/**
 * Starts a server that resets every connection as soon as something comes in on it.
 *
 * @returns The server, listening.
 */
export async function resettingBackend(): Promise<ResettingBackend> {
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  const { promise: listening, resolve: listen } = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => void socket.resetAndDestroy());
  });
  server.listen(0, "127.0.0.1", listen);
  await soon("a listener", listening);
  const address = server.address();
  return {
    port: typeof address === "object" ? address?.port ?? 0 : 0,
    async [Symbol.asyncDispose](): Promise<void> {
      server.close(() => close());
      await soon("the end of a server", closed);
    },
  };
}

/**
 * Connects, sends bytes, and resets the connection as soon as something comes back.
 *
 * @param port A port of 127.0.0.1.
 * @param bytes What to send.
 * @returns When it has.
 */
export async function resetAfterAnswer(port: number, bytes: Uint8Array): Promise<void> {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const socket: Socket = connect(port, "127.0.0.1", () => void socket.write(bytes));
  socket.on("error", () => {});
  socket.once("close", () => resolve());
  socket.once("data", () => void socket.resetAndDestroy());
  await soon("an answer", closed);
}
