/**
 * The client's side of a session: what it has said, what it is told when it is turned away, and what is written
 * down about it.
 *
 * @module
 */
import { canonical } from "./config/address.ts";
import type { Address } from "./config/config.ts";
import type { Reason, Refusal } from "./route/refusal.ts";
import { withoutDelay } from "./upstream/dial.ts";
import { ConnStream } from "./relay/conn_stream.ts";
import { Inbox } from "./relay/inbox.ts";
import { type Asked, refusalBytes } from "./relay/refusals.ts";
import { Watch } from "./relay/watch.ts";
import { nextConnectionId } from "./observe/connection_id.ts";
import type { Facts } from "./observe/log.ts";
import type { Observer } from "./observe/observer.ts";
import { beginSummary, type End, type Summary } from "./observe/summary.ts";

/** How long a client that is turned away has to read why. What it sends meanwhile is thrown away. */
const FAREWELL_MS = 5_000;

/** What is known so far of what an answer depends on. */
export type Asking = { -readonly [K in keyof Asked]: Asked[K] };

/** A client. Owns its socket. */
export class Client {
  /** Its connection. */
  readonly stream: ConnStream;
  /** What it has said and nobody has used yet. */
  readonly inbox: Inbox;
  /** The time it has. */
  readonly watch = new Watch();
  /** The address of this machine that it came in on. */
  readonly localIp: string;
  /** Where it is: what the proxy in front says, if there is one that is trusted. */
  source: Address;
  /** Where it connected to, alike. */
  local: Address;
  /** Whether its steps are logged: looked at before a step is put together. Settled when it is accepted. */
  readonly verbose: boolean;
  /** When it was accepted, as of `performance.now()`. */
  readonly accepted: number = performance.now();
  /** What is known about its connection; for HTTP/1.x, about its current request. */
  summary: Summary;
  /** What an answer to it depends on. */
  asked: Asking = beginAsking("unknown");
  /** When its current request began; for the first one, and for a tunnel, that is the accept. */
  began: number = this.accepted;
  readonly #observer: Observer;
  #logged = false;
  #countedRx = 0;
  #countedTx = 0;

  /**
   * Takes a client over.
   *
   * @param conn The accepted socket.
   * @param listener Name of the listener it came in on.
   * @param observer Whom to tell.
   */
  constructor(conn: Deno.TcpConn, listener: string, observer: Observer) {
    withoutDelay(conn);
    this.source = addressOf(conn.remoteAddr);
    this.local = addressOf(conn.localAddr);
    this.localIp = conn.localAddr.hostname;
    this.stream = new ConnStream(conn);
    this.inbox = new Inbox(this.stream);
    this.#observer = observer;
    this.verbose = observer.verbose;
    this.summary = beginSummary(nextConnectionId(), canonical(this.source), listener, "unknown");
  }

  /** Its IP address. */
  get ip(): string {
    return this.source.host;
  }

  /**
   * Takes the word of the proxy in front.
   *
   * @param source Where the client is.
   * @param local Where it connected to.
   */
  comesFrom(source: Address, local: Address): void {
    this.source = source;
    this.local = local;
    this.summary.client = canonical(source);
  }

  /** One more request begins: it gets a summary of its own. */
  begin(): void {
    const { id, client, listener } = this.summary;
    this.began = performance.now();
    this.summary = beginSummary(id, client, listener, "http");
    this.asked = beginAsking("http");
    this.#logged = false;
  }

  /** Counts the bytes that have moved since the last time. */
  count(): void {
    const { received, sent } = this.stream;
    const rx = received - this.#countedRx;
    const tx = sent - this.#countedTx;
    if (rx === 0 && tx === 0) return;
    const counts = this.#observer.counts(this.summary.route);
    counts.rx += rx;
    counts.tx += tx;
    this.summary.rx += rx;
    this.summary.tx += tx;
    this.#countedRx = received;
    this.#countedTx = sent;
  }

  /**
   * Logs a step, if it is {@linkcode verbose}.
   *
   * @param message What happened.
   * @param facts What belongs to it.
   */
  step(message: string, facts?: Facts): void {
    this.#observer.step(this.summary.id, message, facts);
  }

  /**
   * Has it logged, unless it was.
   *
   * @param end How it ended.
   */
  log(end: End): void {
    if (this.#logged) return;
    this.#logged = true;
    this.count();
    const now = performance.now();
    this.summary.totalMs = now - this.began;
    this.#observer.log(this.summary, end, now);
  }

  /**
   * Tells it why it is turned away, and waits until it has heard.
   *
   * @param refusal Why.
   * @returns The reason.
   */
  async refuse({ reason, detail }: Refusal): Promise<Reason> {
    this.summary.detail = detail;
    if (this.verbose) this.step("refused", { reason, detail });
    if (await this.say(reason)) await this.drain();
    return reason;
  }

  /**
   * Tells it why it is turned away, and ends our side.
   *
   * @param reason Why.
   * @returns Whether there was anything to say, and somebody to say it to. Never rejects.
   */
  async say(reason: Reason): Promise<boolean> {
    const bytes = refusalBytes(reason, this.asked);
    return bytes.length > 0 && await this.#endWith(bytes);
  }

  /** Ends our side after the last answer, and waits until it has heard. */
  async farewell(): Promise<void> {
    if (await this.#endWith(undefined)) await this.drain();
  }

  /**
   * Waits for it to end its side: closing on bytes that nobody has read would reset the connection, and it might
   * never see what it was told.
   */
  async drain(): Promise<void> {
    do this.inbox.skip(this.inbox.length); while (await this.inbox.fill());
  }

  /** Closes its socket and gives back what it had. */
  close(): void {
    this.stream.close();
    this.inbox.release();
  }

  async #endWith(bytes: Uint8Array<ArrayBuffer> | undefined): Promise<boolean> {
    this.watch.until(FAREWELL_MS, () => this.stream.close());
    try {
      if (bytes !== undefined) await this.stream.write(bytes);
      await this.stream.closeWrite();
      return true;
    } catch {
      return false;
    }
  }
}

/** All of its fields are there from the start, as in a summary. */
function beginAsking(protocol: Asking["protocol"]): Asking {
  return { protocol, method: undefined, status: undefined, streamId: undefined };
}

/** What comes over IPv4 to an IPv6 socket is still an IPv4 client. */
function addressOf({ hostname, port }: Deno.NetAddr): Address {
  return { host: hostname.startsWith("::ffff:") ? hostname.slice(7) : hostname, port };
}
