/**
 * Clients and backends of plain TCP, for what no TLS library can be told to do: to send half a hello, to hold
 * still, to leave in the middle.
 *
 * @module
 */
import { assertEquals, fail } from "@std/assert";
import { readAll, writeAll } from "../relay/sockets.ts";
import { soon } from "./harness.ts";

const encoder = new TextEncoder();

/** A server that runs. Disposing it closes its sockets and waits for what handles them. */
export interface Backend extends AsyncDisposable {
  /** Where it listens, on 127.0.0.1. */
  readonly port: number;
  /** Connections accepted so far. */
  readonly accepted: number;
}

/**
 * Starts a server.
 *
 * @param handle Serves a connection, which is closed when it settles, however it does.
 * @returns The server, listening.
 */
export function serve(handle: (conn: Deno.TcpConn) => Promise<void>): Backend {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const live = new Map<Deno.TcpConn, Promise<void>>();
  let accepted = 0;
  const accepting = accept();
  return {
    port: listener.addr.port,
    get accepted(): number {
      return accepted;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      listener.close();
      await accepting;
      for (const conn of live.keys()) close(conn);
      await Promise.all(live.values());
    },
  };

  async function accept(): Promise<void> {
    for await (const conn of listener) {
      accepted++;
      live.set(conn, settle(conn));
    }
  }

  async function settle(conn: Deno.TcpConn): Promise<void> {
    try {
      await handle(conn);
    } catch {
      // Clients that break off are what these tests are about.
    }
    close(conn);
    live.delete(conn);
  }
}

/**
 * Sends back what comes, until its end.
 *
 * @param conn The connection.
 */
export async function echo(conn: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(4096);
  for (;;) {
    const count = await conn.read(buffer);
    if (count === null) return;
    await writeAll(conn, buffer.subarray(0, count));
  }
}

/**
 * Closes a socket that may be closed already.
 *
 * @param conn The connection.
 */
export function close(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch {
    // It is.
  }
}

/**
 * Leaves with bytes unread, which makes the kernel reset the connection (RFC 9293, 3.6.1).
 *
 * @param conn The connection; at least two bytes are to come.
 */
export async function resetAfterFirstByte(conn: Deno.TcpConn): Promise<void> {
  await conn.read(new Uint8Array(1));
  close(conn);
}

/**
 * Connects to a port of 127.0.0.1.
 *
 * @param port The port.
 * @returns The socket.
 */
export function connectTo(port: number): Promise<Deno.TcpConn> {
  return soon(`a connection to port ${port}`, Deno.connect({ hostname: "127.0.0.1", port }));
}

/**
 * Whether nobody listens on a port of 127.0.0.1.
 *
 * @param port The port.
 * @returns True if a connection is refused.
 */
export async function isRefused(port: number): Promise<boolean> {
  try {
    using _conn = await connectTo(port);
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return true;
    // It has closed at this very moment.
    if (error instanceof Deno.errors.ConnectionReset) return false;
    throw error;
  }
}

/**
 * Writes bytes to an echo server and reads them back.
 *
 * @param conn The connection.
 * @param bytes What to write.
 * @throws If the connection ends before everything has come back.
 */
export async function exchange(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  await writeAll(conn, bytes);
  const back = new Uint8Array(bytes.length);
  for (let read = 0; read < back.length;) {
    const count = await soon("an echo", conn.read(back.subarray(read)));
    if (count === null) fail(`the connection ended after ${read} of ${back.length} bytes`);
    read += count;
  }
  assertEquals(back, bytes);
}

/**
 * Connects to an echo server behind the proxy.
 *
 * @param port The proxy's port.
 * @param name The name to ask for.
 * @returns The socket, once the hello has come back.
 * @throws If it is refused or breaks.
 */
export async function tunnelTo(port: number, name = "app.test"): Promise<Deno.TcpConn> {
  const conn = await connectTo(port);
  try {
    await exchange(conn, hello(name));
    return conn;
  } catch (error) {
    close(conn);
    throw error;
  }
}

/**
 * Lets a promise fail before anybody waits for it: otherwise the runtime would end the other tests of the file.
 *
 * @param promise The promise.
 * @returns The same one.
 */
export function later<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/**
 * Reads to the end.
 *
 * @param conn The connection.
 * @returns What came, byte by byte in Latin-1; `reset` if it was broken off.
 */
export async function lastWords(conn: Deno.TcpConn): Promise<string> {
  try {
    const bytes = await soon("the end of a connection", readAll(conn));
    return new TextDecoder("latin1").decode(bytes);
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionReset) return "reset";
    throw error;
  }
}

/**
 * A request of HTTP/1.1.
 *
 * @param host The Host.
 * @returns The head, complete.
 */
export function request(host: string): Uint8Array {
  return encoder.encode(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
}

/**
 * A ClientHello with a name and nothing else of interest (RFC 8446, 4.1.2; RFC 6066, 3).
 *
 * @param name The name.
 * @returns One record.
 */
export function hello(name: string): Uint8Array {
  const host = encoder.encode(name);
  const serverName = block(2, [0, ...block(2, [...host])]);
  const extensions = [
    ...[0, 0, ...block(2, serverName)],
    // supported_versions: TLS 1.3
    ...[0, 43, ...block(2, block(1, [3, 4]))],
  ];
  const body = [
    ...[3, 3, ...new Array(32).fill(7)],
    ...block(1, []),
    ...block(2, [0x13, 0x01]),
    ...block(1, [0]),
    ...block(2, extensions),
  ];
  return new Uint8Array([22, 3, 1, ...block(2, [1, ...block(3, body)])]);
}

/** Bytes behind their length, which is a big-endian number of so many bytes. */
function block(width: number, bytes: readonly number[]): number[] {
  const length = Array.from(
    { length: width },
    (_, i) => (bytes.length >>> (8 * (width - 1 - i))) & 255,
  );
  return [...length, ...bytes];
}

/**
 * A configuration that leads `app.test` to a backend.
 *
 * @param backend Port of the backend.
 * @param more More lines.
 * @param routes More routes, each in flow style.
 * @returns YAML with the placeholders of the harness.
 */
export function appConfig(backend: number, more = "", routes: readonly string[] = []): string {
  return `listen_addrs: ["127.0.0.1:$HTTP", "127.0.0.1:$TLS"]
metrics: { address: "127.0.0.1:$METRICS" }
${more}
routes:
  - { name: app, hosts: ["app.test"], backends: ["127.0.0.1:${backend}"] }
${routes.map((route) => `  - ${route}\n`).join("")}
connection_pool: { preconnect: off } # warm sockets would be counted, too
`;
}

/**
 * The beginning of an HTTP/2 connection with prior knowledge, up to its first request: RFC 9113, 3.4, and RFC
 * 7541, Appendix A.
 *
 * @param authority Whom it is for.
 * @returns The bytes.
 */
export function h2c(authority: string): Uint8Array {
  const encoder = new TextEncoder();
  const settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
  // Indexed: GET, http, the path /; then `:authority`, literal and without indexing.
  const block = [0x82, 0x86, 0x84, 0x01, authority.length, ...encoder.encode(authority)];
  const END_STREAM_END_HEADERS = 5;
  return new Uint8Array([
    ...encoder.encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ...settings,
    ...[0, 0, block.length, 1, END_STREAM_END_HEADERS, 0, 0, 0, 1],
    ...block,
  ]);
}
