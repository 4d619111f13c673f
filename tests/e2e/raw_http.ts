/**
 * HTTP/1.x byte by byte: a client that says exactly what it is told to, and a backend that writes down exactly
 * what it gets.
 *
 * @module
 */
import { fail } from "@std/assert";
import { writeAll } from "../relay/sockets.ts";
import { latin1 } from "../sniff/hex.ts";
import { soon, until } from "./harness.ts";
import { type Backend, close, connectTo, lastWords, serve } from "./peers.ts";

/**
 * Says something to a server, ends its side, and listens to the end.
 *
 * @param port The server's port on 127.0.0.1.
 * @param raw What to say, in Latin-1.
 * @returns All that came back, in Latin-1; `reset` if the connection was broken off.
 */
export async function say(port: number, raw: string): Promise<string> {
  using conn = await connectTo(port);
  await writeAll(conn, latin1(raw));
  await conn.closeWrite();
  return await lastWords(conn);
}

/**
 * The statuses in what a client got, none of whose bodies may have anything like a status line.
 *
 * @param raw All it got.
 * @returns The statuses in their order.
 */
export function statuses(raw: string): number[] {
  return [...raw.matchAll(/HTTP\/1\.[01] ([0-9]{3})/g)].map((match) => Number(match[1]));
}

/** What a recording backend is to expect and to say. */
export interface Script {
  /** What each connection is to get, in the order they come. Once so many bytes are there, it answers. */
  readonly sees: readonly string[];
  /** What it answers, once a connection. */
  readonly answer: string;
  /** Whether it hangs up then. */
  readonly hangsUp?: boolean;
}

/** A backend that plays a script and writes down what it gets. */
export class Recorder implements AsyncDisposable {
  readonly #server: Backend;
  #script: Script = { sees: [], answer: "" };
  #seen: string[] = [];
  #live = 0;

  /** Starts listening. */
  constructor() {
    this.#server = serve((conn) => this.#record(conn));
  }

  /** Where it listens, on 127.0.0.1. */
  get port(): number {
    return this.#server.port;
  }

  /**
   * Begins anew.
   *
   * @param script What to play from here on.
   */
  play(script: Script): void {
    this.#script = script;
    this.#seen = [];
  }

  /**
   * Waits until all connections made so far have ended.
   *
   * @returns What each one got that got anything.
   */
  async ended(): Promise<string[]> {
    // Connections are accepted in the order they were made, so none before this one is still unknown.
    await say(this.port, "");
    await until("the end of every connection", () => this.#live === 0);
    return this.#seen.filter((each) => each !== "");
  }

  /** Stops listening. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  async #record(conn: Deno.TcpConn): Promise<void> {
    this.#live++;
    const seen = this.#seen;
    const { sees, answer, hangsUp } = this.#script;
    const index = seen.push("") - 1;
    const expected = sees[index]?.length ?? Infinity;
    try {
      const buffer = new Uint8Array(65536);
      for (let answered = false;;) {
        const count = await conn.read(buffer);
        if (count === null) break;
        seen[index] += String.fromCharCode(...buffer.subarray(0, count));
        if (answered || seen[index].length < expected) continue;
        answered = true;
        await writeAll(conn, latin1(answer));
        if (hangsUp) break;
      }
    } finally {
      this.#live--;
    }
  }
}

/** A client that says one thing after another and reads just as much as it wants. */
export class Caller implements Disposable {
  readonly #conn: Deno.TcpConn;
  readonly #buffer = new Uint8Array(65536);
  #rest = "";

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /**
   * Connects.
   *
   * @param port A port of 127.0.0.1.
   * @returns The client.
   */
  static async connect(port: number): Promise<Caller> {
    const conn = await connectTo(port);
    conn.setNoDelay();
    return new Caller(conn);
  }

  /**
   * Says something.
   *
   * @param raw What to say, in Latin-1.
   */
  async say(raw: string): Promise<void> {
    await writeAll(this.#conn, latin1(raw));
  }

  /**
   * Listens to one thing.
   *
   * @param raw What has to come next, in Latin-1; the test fails if something else does.
   */
  async hear(raw: string): Promise<void> {
    while (this.#rest.length < raw.length && raw.startsWith(this.#rest) && await this.#read());
    if (!this.#rest.startsWith(raw)) {
      fail(`expected ${JSON.stringify(raw)}, heard ${JSON.stringify(this.#rest)}`);
    }
    this.#rest = this.#rest.slice(raw.length);
  }

  /**
   * Listens to a head.
   *
   * @returns The head, with the empty line that ends it.
   */
  async hearHead(): Promise<string> {
    let end = this.#rest.indexOf(EMPTY_LINE);
    for (; end === -1; end = this.#rest.indexOf(EMPTY_LINE)) {
      if (!await this.#read()) fail(`no head, but ${JSON.stringify(this.#rest)}`);
    }
    const head = this.#rest.slice(0, end + EMPTY_LINE.length);
    this.#rest = this.#rest.slice(head.length);
    return head;
  }

  /**
   * Listens to the end.
   *
   * @returns All that came.
   */
  async hearOut(): Promise<string> {
    while (await this.#read());
    return this.#rest;
  }

  /** Ends its side. */
  async end(): Promise<void> {
    await this.#conn.closeWrite();
  }

  /** Leaves. */
  [Symbol.dispose](): void {
    close(this.#conn);
  }

  async #read(): Promise<boolean> {
    const count = await soon("more bytes", this.#conn.read(this.#buffer));
    if (count === null) return false;
    this.#rest += String.fromCharCode(...this.#buffer.subarray(0, count));
    return true;
  }
}

/**
 * Starts a backend that answers one request after another, none of which has a body.
 *
 * @param answer Answers one, whose head it is given; if it returns false, the backend hangs up.
 * @returns The backend.
 */
export function answerer(
  answer: (head: string, conn: Deno.TcpConn) => Promise<boolean | void>,
): Backend {
  return serve(async (conn) => {
    conn.setNoDelay();
    const buffer = new Uint8Array(4096);
    for (let rest = "";;) {
      const count = await conn.read(buffer);
      if (count === null) return;
      rest += String.fromCharCode(...buffer.subarray(0, count));
      for (let end = rest.indexOf(EMPTY_LINE); end !== -1; end = rest.indexOf(EMPTY_LINE)) {
        const head = rest.slice(0, end + EMPTY_LINE.length);
        rest = rest.slice(head.length);
        if (await answer(head, conn) === false) return;
      }
    }
  });
}

const EMPTY_LINE = "\r\n\r\n";

/**
 * A configuration that leads requests for `app.test` to a backend.
 *
 * @param backend Port of the backend.
 * @param more More lines.
 * @returns YAML with the placeholders of the harness.
 */
export function httpConfig(backend: number, more = ""): string {
  return `listen_addrs: ["127.0.0.1:$HTTP"]
metrics: { address: "127.0.0.1:$METRICS" }
routes: [{ name: app, hosts: ["app.test"], backends: ["127.0.0.1:${backend}"] }]
${more}
`;
}
