/**
 * A backend in a process of its own, which can be stopped, continued and killed.
 *
 * @module
 */
import { connectTo } from "../e2e/peers.ts";
import { until } from "../e2e/harness.ts";
import { writeAll } from "../relay/sockets.ts";

/** A backend that runs until it is killed. */
export class Breakable implements AsyncDisposable {
  /** Where it listens, on 127.0.0.1. */
  readonly port: number;
  readonly #child: Deno.ChildProcess;
  #running = true;

  private constructor(child: Deno.ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
    child.status.then(() => this.#running = false);
  }

  /**
   * Starts one.
   *
   * @param port Where it shall listen; 0 for any port.
   * @returns It, accepting.
   */
  static async start(port = 0): Promise<Breakable> {
    const chosen = port === 0 ? freePort() : port;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-lock", "--allow-net", import.meta.filename ?? "", `${chosen}`],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const backend = new Breakable(child, chosen);
    try {
      await until("a backend to accept", async () => {
        try {
          (await connectTo(chosen)).close();
          return true;
        } catch {
          return false;
        }
      });
    } catch (error) {
      await backend[Symbol.asyncDispose]();
      throw error;
    }
    return backend;
  }

  /**
   * Sends a signal.
   *
   * @param signal The signal.
   */
  signal(signal: Deno.Signal): void {
    if (this.#running) this.#child.kill(signal);
  }

  /** Kills it, stopped or not, and waits until it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.signal("SIGKILL");
    await this.#child.status;
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** What has come in on a connection and was not used yet. */
class Input {
  readonly #conn: Deno.TcpConn;
  readonly #buffer = new Uint8Array(65536);
  #from = 0;
  #to = 0;

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /** What is there, or comes next; nothing at the end. */
  async some(): Promise<Uint8Array> {
    if (this.#from === this.#to) {
      this.#from = 0;
      this.#to = await this.#conn.read(this.#buffer) ?? 0;
    }
    return this.#buffer.subarray(this.#from, this.#to);
  }

  /** Uses so many bytes of it. */
  skip(count: number): void {
    this.#from += count;
  }

  /** A head; `undefined` at the end. */
  async head(): Promise<string | undefined> {
    for (let head = "";;) {
      const text = decoder.decode(await this.some());
      if (text === "") return undefined;
      const length = head.length;
      head += text;
      const end = head.indexOf("\r\n\r\n");
      this.skip(end === -1 ? text.length : end + 4 - length);
      if (end !== -1) return head.slice(0, end + 4);
    }
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");

/**
 * Sends a tunnel's bytes back, and zeros without end to one for `flood.test`. With HTTP, the same after an upgrade and
 * for that host; else a page with the length of the request's body.
 */
async function answer(conn: Deno.TcpConn): Promise<void> {
  conn.setNoDelay();
  const input = new Input(conn);
  const first = decoder.decode(await input.some());
  if (!/^(GET|POST) /.test(first)) return await carry(conn, input, first.includes("flood.test"));
  for (;;) {
    const head = await input.head();
    if (head === undefined) return;
    if (/^host: flood.test/im.test(head)) {
      await writeAll(
        conn,
        encoder.encode("HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n"),
      );
      return await carry(conn, input, true);
    }
    if (/^upgrade:/im.test(head)) {
      const switching =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";
      await writeAll(conn, encoder.encode(switching));
      return await carry(conn, input, false);
    }
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    for (let left = length; left > 0;) {
      const count = Math.min(left, (await input.some()).length);
      if (count === 0) return;
      input.skip(count);
      left -= count;
    }
    const body = String(length);
    await writeAll(
      conn,
      encoder.encode(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
    );
  }
}

/** Sends back what comes; or zeros, whatever comes. */
async function carry(conn: Deno.TcpConn, input: Input, flood: boolean): Promise<void> {
  const zeros = new Uint8Array(65536);
  while (flood) await writeAll(conn, zeros);
  for (;;) {
    const bytes = await input.some();
    if (bytes.length === 0) return;
    await writeAll(conn, bytes);
    input.skip(bytes.length);
  }
}

if (import.meta.main) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: Number(Deno.args[0]) });
  for await (const conn of listener) {
    answer(conn).catch(() => {}).finally(() => conn.close());
  }
}
