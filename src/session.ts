/**
 * One client connection from accept to close. {@linkcode Session.run} reads in the order of the folders:
 * sniff, route, upstream and pool, relay, observe.
 *
 * @module
 */
import { ConnectionSniffer } from "./sniff/sniff.ts";
import type { Sniffed } from "./sniff/sniffed.ts";
import { ProxyHeaderReader } from "./sniff/proxy_header.ts";
import { decide, type Decision, type Wish } from "./route/decide.ts";
import { REASONS, type Refusal } from "./route/refusal.ts";
import type { Cluster } from "./upstream/cluster.ts";
import { ConnStream } from "./relay/conn_stream.ts";
import type { Timed } from "./relay/sweep.ts";
import { join } from "./relay/join.ts";
import { tunnel } from "./relay/tunnel.ts";
import type { Observer } from "./observe/observer.ts";
import type { End } from "./observe/summary.ts";
import { Client } from "./client.ts";
import { Conversation, type Speaker } from "./conversation.ts";
import type { Rulebook } from "./rulebook.ts";
import type { Errand, Proxied } from "./errand.ts";
import { type Obtained, Supply } from "./supply.ts";

/** How long a client that will be refused may take to say what it speaks. */
const HURRY_MS = 1_000;

/** A client connection being served. Owns both sockets. */
export class Session implements Timed, Speaker {
  /** Its place in the sweep. */
  seat: number = -1;
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
  readonly #conversation = new Conversation(this);
  /** Routes that have let it in. */
  readonly #entered: Cluster[] = [];
  /** The client that is counted, by its address. */
  #counted?: string;
  /** What its tunnel is after. */
  #errand?: Errand;
  #cause?: End;

  /**
   * Takes a connection over.
   *
   * @param conn The accepted socket.
   * @param listener Name of the listener it came in on.
   * @param book The configuration to serve it by.
   * @param observer Whom to tell.
   */
  constructor(
    conn: Deno.TcpConn,
    listener: string,
    book: Rulebook,
    observer: Observer,
  ) {
    this.client = new Client(conn, listener, observer);
    this.supply = new Supply(this.client, book, observer);
    this.book = book;
    this.observer = observer;
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
    if (client.verbose) {
      client.step("accepted", { client: client.summary.client, listener: client.summary.listener });
    }
    let end: End = "internal_error";
    try {
      const served = await this.#serve();
      // A tunnel may stay for days: whatever led up to it is over by now, so that it holds no memory.
      end = typeof served === "string" ? served : await this.flow(served);
      if (this.#errand !== undefined && typeof served !== "string") this.#leave(this.#errand, end);
    } catch (error) {
      client.summary.detail = error instanceof Error ? error.message : String(error);
    } finally {
      client.close();
      this.backend?.close();
      for (const cluster of this.#entered) cluster.leave();
      if (this.#counted !== undefined) this.book.clientLimits?.leave(this.#counted);
      client.log(this.#cause ?? end);
      client.summary.totalMs = performance.now() - client.accepted;
      this.observer.ended(client.summary, this.#cause ?? end);
      if (client.verbose) client.step("closed", { end: this.#cause ?? end });
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
  decide(wish: Wish, hasAuthority: boolean | undefined): Decision {
    const { summary, asked } = this.client;
    summary.name = wish.name;
    const decision = decide(this.book.rules, wish);
    if (decision.kind !== "refusal") {
      summary.route = decision.label;
      if (this.client.verbose) this.client.step("route", { name: wish.name, route: summary.route });
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
  flow(backend: ConnStream): Promise<End> {
    this.#watchFlow(backend);
    return tunnel(this.client.stream, backend);
  }

  /**
   * Has a route let the client in, once for the whole connection.
   *
   * @param decision What was decided.
   * @returns Why it does not.
   */
  admit(decision: Proxied): Refusal | undefined {
    const cluster = decision.kind === "proxy" ? this.book.clusters.get(decision.group) : undefined;
    if (cluster === undefined || this.#entered.includes(cluster)) return undefined;
    const reason = cluster.enter();
    if (reason !== undefined) return { kind: "refusal", reason, detail: REASONS[reason] };
    this.#entered.push(cluster);
    return undefined;
  }

  /** Everything up to the first answer. Returns the backend of a tunnel, whose bytes are all that is left to do. */
  async #serve(): Promise<ConnStream | End> {
    const { client, book } = this;
    const trusts = book.trusted.get(client.summary.listener);
    if (trusts?.(client.ip)) {
      const header = await this.#readProxyHeader();
      if (header === "left") return "left";
      if (header?.kind === "refusal") return await client.refuse(header);
    }
    const beyond = this.#count();
    const hello = await this.#readHello(beyond !== undefined);
    if (hello === "left") return "left";
    if (beyond !== undefined) {
      if (hello.kind === "sniffed") {
        client.asked.method = hello.http?.method;
        client.asked.streamId = hello.http?.streamId;
        client.summary.name = hello.name;
      }
      client.asked.status = undefined;
      return await client.refuse(beyond);
    }
    if (hello.kind === "refusal") return await client.refuse(hello);
    return hello.protocol === "http" ? await this.#conversation.run() : await this.#reach(hello);
  }

  /** Counts it for its client. Returns which limit that is beyond. */
  #count(): Refusal | undefined {
    const { client, book } = this;
    if (book.clientLimits === undefined) return undefined;
    const reason = book.clientLimits.enter(client.ip, performance.now());
    if (reason === undefined) this.#counted = client.ip;
    return reason && { kind: "refusal", reason, detail: `limits.per_client: ${REASONS[reason]}` };
  }

  /** Reads what the proxy in front says of the client. */
  async #readProxyHeader(): Promise<Refusal | "left" | undefined> {
    const { inbox, source, local } = this.client;
    const reader = new ProxyHeaderReader();
    const late = this.#deadline(this.book.config.timeouts.clientHello);
    for (;;) {
      const more = await Promise.race([inbox.fill(), late]);
      if (more === "late") {
        return { kind: "refusal", reason: "too_slow", detail: "no complete PROXY header in time" };
      }
      if (!more) return "left";
      const header = reader.read(inbox.bytes);
      if (header === undefined) continue;
      if (header.kind === "bad") {
        return { kind: "refusal", reason: "malformed", detail: header.detail };
      }
      inbox.skip(header.length);
      this.client.comesFrom(header.source ?? source, header.destination ?? local);
      if (this.client.verbose) {
        this.client.step("told by the proxy in front", { client: this.client.summary.client });
      }
      return undefined;
    }
  }

  /**
   * Reads until the sniffer knows, or the time that began at accept is up.
   *
   * @param hurry Whether the client will be refused: then it has little time to say how it wants to hear that.
   */
  async #readHello(hurry: boolean): Promise<Sniffed | Refusal | "left"> {
    const { client } = this;
    const { inbox } = client;
    const sniffer = new ConnectionSniffer();
    const { clientHello } = this.book.config.timeouts;
    const limit = hurry ? Math.min(clientHello, HURRY_MS) : clientHello;
    const late = this.#deadline(limit);
    for (let there = inbox.length > 0;; there = false) {
      const more = there || await Promise.race([inbox.fill(), late]);
      const result = more === true ? sniffer.sniff(inbox.bytes) : undefined;
      if (more === true && result === undefined) continue;

      const protocol = result?.protocol ?? sniffer.protocol;
      client.summary.protocol = client.asked.protocol = protocol;
      client.summary.helloMs = performance.now() - client.accepted;
      this.observer.detected(protocol);
      if (client.verbose) {
        const name = result?.kind === "sniffed" ? result.name : undefined;
        client.step("detected", { protocol, name });
      }
      if (more === "late") {
        const detail = `no complete hello or head within ${limit} ms`;
        return { kind: "refusal", reason: "too_slow", detail };
      }
      if (result === undefined) return "left";
      if (result.kind === "sniffed") {
        if (result.tls !== undefined) this.observer.offered(result.tls, result.alpn);
        return result;
      }
      client.asked.status = result.status;
      client.asked.streamId = result.streamId;
      return { kind: "refusal", reason: "malformed", detail: result.detail };
    }
  }

  /** Resolves once so many milliseconds have passed since the client was accepted. */
  #deadline(ms: number): Promise<"late"> {
    const { promise, resolve } = Promise.withResolvers<"late">();
    this.client.watch.until(ms, () => resolve("late"), this.client.accepted);
    return promise;
  }

  /**
   * Finds a backend for what is not HTTP/1.x, one tunnel from the first byte to the last, and hands over what the
   * client has said so far.
   */
  async #reach({ protocol, name, port, alpn, http }: Sniffed): Promise<ConnStream | End> {
    const { client, supply } = this;
    client.asked.method = http?.method;
    client.asked.streamId = http?.streamId;
    const { listener } = client.summary;
    const decision = this.decide({ protocol, name, alpn, listener }, http?.hasAuthority);
    if (decision.kind === "refusal") return await client.refuse(decision);
    const refused = this.admit(decision);
    if (refused !== undefined) return await client.refuse(refused);
    const errand = this.#errand = supply.errand(decision, name, port);
    for (let again = false;;) {
      // Of an unknown protocol nobody knows whether what was said can be said twice.
      const repeatable = protocol !== "unknown";
      const obtained: Obtained | Refusal = repeatable
        ? await supply.warm(errand, again)
        : await supply.fresh(errand);
      if (obtained.kind === "refusal") return await client.refuse(obtained);
      const backend = this.#use(errand, obtained);
      const mayFail = obtained.pooled || repeatable && errand.mayGoOn;
      const end = await this.#join(backend, errand, mayFail, supply.preface(errand, alpn));
      if (end === "joined") return backend;
      this.#leave(errand, end);
      if (end !== "stale") return end;
      if (client.verbose) client.step("backend said nothing", { backend: errand.name });
      backend.close();
      again = obtained.pooled;
      if (!obtained.pooled && !errand.goOn(client.ip, "backend_closed")) {
        const detail = `${errand.name} closed the connection before it had answered`;
        return await client.refuse({ kind: "refusal", reason: "backend_closed", detail });
      }
    }
  }

  #use(errand: Errand, obtained: Obtained): ConnStream {
    this.observer.counts(errand.decision.label).active++;
    errand.begin();
    return this.backend = new ConnStream(obtained.conn, obtained.ahead);
  }

  #leave(errand: Errand, end: End | "stale"): void {
    this.observer.counts(errand.decision.label).active--;
    errand.end();
    if (this.backend !== undefined && this.backend.received > 0) errand.succeeded();
    else if (end === "backend_reset") errand.failed(end);
  }

  /**
   * Hands over what the client has said so far.
   *
   * @param backend The backend.
   * @param errand Where it is from.
   * @param mayFail Whether somebody else can be asked if this one says nothing.
   * @param preface What it has to be told first.
   * @returns How it ended, if it did; `stale` if the connection was over before the backend had answered, and all
   *   that the client has said is still there to be said again.
   */
  async #join(
    backend: ConnStream,
    errand: Errand,
    mayFail: boolean,
    preface: Uint8Array<ArrayBuffer> | undefined,
  ): Promise<End | "joined" | "stale"> {
    const { stream, inbox } = this.client;
    this.#watchFlow(backend);
    try {
      await backend.write(preface === undefined ? inbox.bytes : join(preface, inbox.bytes));
    } catch {
      return mayFail ? "stale" : "backend_reset";
    }
    if (mayFail) {
      const answered = backend.peek().then((there) => there ? "answered" : "stale");
      const first = await Promise.race([answered, stream.peek().then(() => "said more")]);
      if (first === "stale" && !stream.closed) return "stale";
      if (first === "answered") errand.succeeded();
    }
    inbox.release();
    return "joined";
  }

  #watchFlow(backend: ConnStream): void {
    const { stream, watch } = this.client;
    watch.flow(stream, backend, this.book.config.timeouts, (cause) => this.close(cause));
  }
}
