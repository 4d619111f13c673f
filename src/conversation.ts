/**
 * HTTP/1.x, request by request: each is routed by its own Host, served by whichever backend that leads to, and
 * has a log line of its own.
 *
 * @module
 */
import type { Decision, Wish } from "./route/decide.ts";
import type { Refusal } from "./route/refusal.ts";
import { ConnStream } from "./relay/conn_stream.ts";
import type { BadHead } from "./sniff/http1_head.ts";
import { exchange, type ExchangeEnd, type Request, RequestReader } from "./relay/http1_exchange.ts";
import { Inbox } from "./relay/inbox.ts";
import type { Observer } from "./observe/observer.ts";
import type { End } from "./observe/summary.ts";
import type { Client } from "./client.ts";
import type { Rulebook } from "./rulebook.ts";
import type { Proxied } from "./errand.ts";
import type { Supply } from "./supply.ts";

/** Methods that may be sent once more when nobody knows whether they arrived: RFC 9110, 9.2.2. */
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

const NO_ALPN: readonly string[] = [];

/** What a conversation needs of its session. */
export interface Speaker {
  /** Who asks. */
  readonly client: Client;
  /** Where backends come from. */
  readonly supply: Supply;
  /** The configuration to go by. */
  readonly book: Rulebook;
  /** Whom to tell. */
  readonly observer: Observer;
  /** The backend in use, to be closed with the session. */
  backend?: ConnStream;
  /** Whether it is to end when nothing is under way. */
  readonly draining: boolean;
  /** Decides; what is not answered 421 for lack of a name is noted. */
  decide(wish: Wish, hasAuthority: boolean | undefined): Decision;
  /** Has a route let the client in. */
  admit(decision: Proxied): Refusal | undefined;
  /** Ends the session now. */
  close(cause: End): void;
  /** Makes a tunnel of it. */
  flow(backend: ConnStream): Promise<End>;
}

/** A conversation with one client. */
export class Conversation {
  /** Whether it waits for a request that nobody needs to make. */
  resting = false;
  readonly #speaker: Speaker;

  /**
   * Makes one.
   *
   * @param speaker The session.
   */
  constructor(speaker: Speaker) {
    this.#speaker = speaker;
  }

  /**
   * Answers requests until one of the two sides has enough.
   *
   * @returns How the connection ended. Never rejects.
   */
  async run(): Promise<End> {
    const { client } = this.#speaker;
    for (let first = true;; first = false) {
      const request = await this.#readRequest(first);
      if (request === "left") return this.resting ? "done" : "left";
      if (request === "late") return "too_slow";
      const end = request.kind === "refusal"
        ? await client.refuse(request)
        : await this.#answer(request);
      if (end !== "next") return end;
      if (client.verbose) client.step("answered", { status: client.summary.status });
      client.log("done");
    }
  }

  async #readRequest(first: boolean): Promise<Request | Refusal | "left" | "late"> {
    const { client, book } = this.#speaker;
    const { clientHello, idle } = book.config.timeouts;
    let late = false;
    const onLate = (): void => {
      late = true;
      client.summary.detail = `no complete head within ${clientHello} ms`;
      client.say("too_slow");
    };
    if (first) client.watch.until(clientHello, onLate, client.accepted);
    else client.watch.until(idle, () => client.stream.close());
    this.resting = !first;
    const { inbox } = client;
    const reader = new RequestReader();
    let request: Request | BadHead | undefined;
    for (let begun = first;;) {
      if (!begun && inbox.length > 0) {
        begun = true;
        this.resting = false;
        client.begin();
        client.watch.until(clientHello, onLate, client.began);
      }
      request = reader.read(inbox);
      if (request !== undefined || !await inbox.fill()) break;
    }
    if (late) {
      await client.drain();
      return "late";
    }
    if (request === undefined) return "left";
    client.summary.helloMs ??= performance.now() - client.began;
    if (request.kind === "request") return request;
    client.asked.status = request.status;
    return { kind: "refusal", reason: "malformed", detail: request.detail };
  }

  /** One request. Returns how the connection ended, or `next` if it goes on. */
  async #answer(request: Request): Promise<End | "next"> {
    const { client, supply, observer, book } = this.#speaker;
    const { authority, method } = request.head;
    client.asked.method = method;
    if (client.verbose) client.step("request", { method, name: authority?.name });
    const { listener } = client.summary;
    const decision = this.#speaker.decide(
      { protocol: "http", name: authority?.name, alpn: NO_ALPN, listener },
      authority !== undefined,
    );
    if (decision.kind === "refusal") return client.refuse(decision);
    const refused = this.#speaker.admit(decision);
    if (refused !== undefined) return client.refuse(refused);
    const errand = supply.errand(decision, authority?.name, authority?.port);
    const counts = observer.counts(decision.label);
    // A backend that is told who the client is must not hear from another one on the same socket.
    const shared = errand.group === undefined || errand.group.proxyProtocol === "off";
    for (let again = false;;) {
      const supplied = shared ? supply.idle(errand, again) : supply.warm(errand, again);
      const obtained = supplied instanceof Promise ? await supplied : supplied;
      if (obtained.kind === "refusal") return client.refuse(obtained);
      if (client.stream.closed) {
        obtained.conn.close();
        return "shutdown";
      }
      const stream = this.#speaker.backend = new ConnStream(obtained.conn, obtained.ahead);
      const inbox = new Inbox(stream);
      let answering = false;
      let stalled = false;
      client.watch.flow(client.stream, stream, book.config.timeouts, (cause) => {
        if (answering) return this.#speaker.close(cause);
        stalled = true;
        stream.close();
      });
      counts.active++;
      errand.begin();
      const preface = supply.preface(errand, NO_ALPN);
      const end = await exchange(request, client.inbox, inbox, (status) => {
        answering = true;
        client.summary.status = status;
      }, preface);
      if (stream.received > 0) errand.succeeded();
      const tunnelled = end.kind === "upgraded" ? await this.#upgrade(inbox) : undefined;
      counts.active--;
      errand.end();
      if (end.kind === "upgraded") return tunnelled ?? "done";
      // Bytes behind the answer are nobody's: what sends them can't be trusted with another request.
      const quiet = inbox.length === 0;
      inbox.release();
      this.#speaker.backend = undefined;
      if (shared && end.kind === "answered" && end.reusable && quiet) {
        supply.giveBack(errand, stream, obtained.connectedAt);
      } else {
        stream.close();
        if (!quiet) counts.evictions.unexpected_data++;
        else if (shared && end.kind === "answered") counts.rejections++;
      }
      if (stalled && !answering) return this.#stalled();
      if (end.kind === "dead") {
        if (client.verbose) client.step("backend said nothing", { backend: errand.name });
        const repeatable = !end.bodyTouched && IDEMPOTENT.has(method);
        // One that comes from a pool may have been dead all along; a new one has failed.
        if (obtained.pooled && repeatable) {
          again = true;
          continue;
        }
        if (!obtained.pooled) {
          if (repeatable && errand.goOn(client.ip, "backend_closed")) continue;
          if (!repeatable) errand.failed("backend_closed");
        }
      }
      return await this.#conclude(end);
    }
  }

  /** After a 101: what either side has said beyond it goes first, then everything else. */
  async #upgrade(backend: Inbox): Promise<End> {
    const { client } = this.#speaker;
    try {
      if (client.inbox.length > 0) await backend.stream.write(client.inbox.bytes);
      if (backend.length > 0) await client.stream.write(backend.bytes);
    } catch {
      return backend.stream.failure === undefined ? "client_reset" : "backend_reset";
    }
    client.inbox.release();
    backend.release();
    return await this.#speaker.flow(backend.stream);
  }

  async #stalled(): Promise<End> {
    const detail = "the backend did not answer in time";
    return await this.#speaker.client.refuse({
      kind: "refusal",
      reason: "backend_timeout",
      detail,
    });
  }

  /** What an exchange means for the connection. */
  async #conclude(end: Exclude<ExchangeEnd, { kind: "upgraded" }>): Promise<End | "next"> {
    const { client, draining } = this.#speaker;
    switch (end.kind) {
      case "answered":
        if (end.persistent && !draining) return "next";
        await client.farewell();
        return "done";
      case "broken":
        return end.by === "client" ? "client_reset" : "backend_reset";
      case "refused": {
        client.asked.status = end.status;
        const reason = end.status === 502 ? "backend_malformed" : "malformed";
        return await client.refuse({ kind: "refusal", reason, detail: end.detail });
      }
      case "dead": {
        const detail = "the backend closed the connection before it had answered";
        return await client.refuse({ kind: "refusal", reason: "backend_closed", detail });
      }
    }
  }
}
