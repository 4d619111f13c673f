/**
 * One client connection from accept to close. {@linkcode Session.run} reads in the order of the folders:
 * sniff, route, upstream and pool, relay, observe.
 *
 * @module
 */
import { ConnectionSniffer } from "./sniff/sniff.ts";
import type { Sniffed } from "./sniff/sniffed.ts";
import { decide, type Decision, type Wish } from "./route/decide.ts";
import type { Refusal } from "./route/refusal.ts";
import { ConnStream } from "./relay/conn_stream.ts";
import type { Sweep, Timed } from "./relay/sweep.ts";
import { tunnel } from "./relay/tunnel.ts";
import type { Observer } from "./observe/observer.ts";
import type { End } from "./observe/summary.ts";
import { Client } from "./client.ts";
import { Conversation, type Speaker } from "./conversation.ts";
import type { Rulebook } from "./rulebook.ts";
import { Supply } from "./supply.ts";

/** A client connection being served. Owns both sockets. */
export class Session implements Timed, Speaker {
  /** The client's side. */
  readonly client: Client;
  /** Where backends come from. */
  readonly supply: Supply;
  /** The configuration it goes by. */
  readonly book: Rulebook;
  /** Whom it tells. */
  readonly observer: Observer;
  /** The backend in use. */
  backend?: ConnStream;
  /** Whether it is to end when nothing is under way. */
  draining = false;
  readonly #sweep: Sweep;
  readonly #conversation = new Conversation(this);
  #cause?: End;

  /**
   * Takes a connection over.
   *
   * @param conn The accepted socket.
   * @param listener Name of the listener it came in on.
   * @param book The configuration to serve it by.
   * @param sweep What calls {@linkcode Session.tick}.
   * @param observer Whom to tell.
   */
  constructor(
    conn: Deno.TcpConn,
    listener: string,
    book: Rulebook,
    sweep: Sweep,
    observer: Observer,
  ) {
    this.client = new Client(conn, listener, observer);
    this.supply = new Supply(this.client, book, observer);
    this.book = book;
    this.observer = observer;
    this.#sweep = sweep;
  }

  /** How many sockets it has open, the one that is being connected included. */
  get sockets(): number {
    return this.supply.dialling || this.backend !== undefined ? 2 : 1;
  }

  /**
   * Serves the connection.
   *
   * @returns When it is over and everything it had is given back. Never rejects.
   */
  async run(): Promise<void> {
    const { client } = this;
    this.#sweep.add(this);
    let end: End = "internal_error";
    try {
      end = await this.#serve();
    } catch (error) {
      client.summary.detail = error instanceof Error ? error.message : String(error);
    } finally {
      this.#sweep.delete(this);
      client.close();
      this.backend?.close();
      client.log(this.#cause ?? end);
      client.summary.totalMs = performance.now() - client.accepted;
      this.observer.ended(client.summary, this.#cause ?? end);
    }
  }

  /**
   * Ends it now, wherever it is.
   *
   * @param cause What the logs will say.
   */
  close(cause: End): void {
    this.#cause ??= cause;
    this.client.stream.close();
    this.backend?.close();
    this.client.watch.expire();
  }

  /** Ends it as soon as nothing is under way: at once between two requests, else when it would end anyway. */
  drain(): void {
    this.draining = true;
    if (this.#conversation.resting) this.client.stream.close();
  }

  /**
   * Counts what has moved, and checks its timeouts.
   *
   * @param now The time, as of `performance.now()`.
   */
  tick(now: number): void {
    this.client.count();
    this.client.watch.tick(now);
  }

  /**
   * Decides by the rules.
   *
   * @param wish What the client asks for.
   * @param hasAuthority Whether an HTTP request named anybody at all.
   * @returns The decision; it is in the summary, too.
   */
  decide(wish: Omit<Wish, "listener">, hasAuthority: boolean | undefined): Decision {
    const { summary, asked } = this.client;
    summary.name = wish.name;
    const decision = decide(this.book.rules, { ...wish, listener: summary.listener });
    if (decision.kind !== "refusal") {
      summary.route = decision.label;
    } else if (decision.reason === "no_name" && hasAuthority === false) {
      // RFC 9112, 3.2: a request without Host is a bad one, rather than one for another server.
      asked.status = 400;
    }
    return decision;
  }

  /**
   * Carries bytes both ways until that ends.
   *
   * @param backend The backend; what both sides have said so far is with the other one.
   * @returns How it ended.
   */
  async flow(backend: ConnStream): Promise<End> {
    if (this.client.stream.closed) return "shutdown";
    this.#watchFlow(backend);
    const end = await tunnel(this.client.stream, backend);
    return end === "closed" ? "shutdown" : end;
  }

  async #serve(): Promise<End> {
    const hello = await this.#readHello();
    if (hello === "left") return "left";
    if (hello.kind === "refusal") return await this.client.refuse(hello);
    return hello.protocol === "http" ? await this.#conversation.run() : await this.#carry(hello);
  }

  /** Reads until the sniffer knows, or the time that began at accept is up. */
  async #readHello(): Promise<Sniffed | Refusal | "left"> {
    const { client } = this;
    const sniffer = new ConnectionSniffer();
    const limit = this.book.config.timeouts.clientHello;
    const late = Promise.withResolvers<"late">();
    client.watch.until(limit, () => late.resolve("late"), client.accepted);
    for (;;) {
      const more = await Promise.race([client.inbox.fill(), late.promise]);
      const result = more === true ? sniffer.sniff(client.inbox.bytes) : undefined;
      if (more === true && result === undefined) continue;

      const protocol = result?.protocol ?? sniffer.protocol;
      client.summary.protocol = client.asked.protocol = protocol;
      client.summary.helloMs = performance.now() - client.accepted;
      this.observer.detected(protocol);
      if (more === "late") {
        const detail = `no complete hello or head within ${limit} ms`;
        return { kind: "refusal", reason: "too_slow", detail };
      }
      if (result === undefined) return "left";
      if (result.kind === "sniffed") return result;
      client.asked.status = result.status;
      client.asked.streamId = result.streamId;
      return { kind: "refusal", reason: "malformed", detail: result.detail };
    }
  }

  /** What is not HTTP/1.x is one tunnel from the first byte to the last. */
  async #carry({ protocol, name, port, alpn, http }: Sniffed): Promise<End> {
    const { client, supply } = this;
    client.asked.method = http?.method;
    client.asked.streamId = http?.streamId;
    const decision = this.decide({ protocol, name, alpn }, http?.hasAuthority);
    if (decision.kind === "refusal") return await client.refuse(decision);
    const target = supply.target(decision, name, port);
    const counts = this.observer.counts(decision.label);
    for (let again = false;; again = true) {
      // Of an unknown protocol nobody knows whether what was said can be said twice.
      const obtained = protocol === "unknown"
        ? await supply.fresh(decision, target)
        : await supply.warm(decision, target, again);
      if (obtained.kind === "refusal") return await client.refuse(obtained);
      this.backend = new ConnStream(obtained.conn, obtained.ahead);
      counts.active++;
      const end = await this.#join(this.backend, obtained.pooled);
      counts.active--;
      if (end !== "stale") return end;
      this.backend.close();
    }
  }

  /**
   * Hands over what the client has said so far, and everything that follows, both ways.
   *
   * @returns How it ended; `stale` if a pooled connection was over before the backend had answered, and all that
   *   the client has said is still there to be said again.
   */
  async #join(backend: ConnStream, pooled: boolean): Promise<End | "stale"> {
    const { stream, inbox } = this.client;
    this.#watchFlow(backend);
    try {
      await backend.write(inbox.bytes);
    } catch {
      return pooled ? "stale" : "backend_reset";
    }
    if (pooled) {
      const answered = backend.peek().then((there) => there ? "answered" : "stale");
      const first = await Promise.race([answered, stream.peek().then(() => "said more")]);
      if (first === "stale" && !stream.closed) return "stale";
    }
    inbox.release();
    return await this.flow(backend);
  }

  #watchFlow(backend: ConnStream): void {
    const { stream, watch } = this.client;
    watch.flow(stream, backend, this.book.config.timeouts, (cause) => this.close(cause));
  }
}
