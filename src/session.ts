/**
 * One client connection from accept to close. {@linkcode Session.run} reads in the order of the folders:
 * sniff, route, upstream, relay, observe.
 *
 * @module
 */
import type { Address, Config } from "./config/config.ts";
import { canonical } from "./config/address.ts";
import { ConnectionSniffer } from "./sniff/sniff.ts";
import type { Protocol, Sniffed } from "./sniff/sniffed.ts";
import { decide, type Decision, type Rules } from "./route/decide.ts";
import type { NetworkGuard } from "./route/network_guard.ts";
import type { Reason, Refusal } from "./route/refusal.ts";
import { connect, type Connected } from "./upstream/connect.ts";
import { withoutDelay } from "./upstream/dial.ts";
import type { Pick } from "./upstream/pick.ts";
import type { Resolve } from "./upstream/resolve.ts";
import { heads } from "./relay/buffers.ts";
import { ConnStream } from "./relay/conn_stream.ts";
import { type Asked, refusalBytes } from "./relay/refusals.ts";
import type { Sweep, Timed } from "./relay/sweep.ts";
import { tunnel } from "./relay/tunnel.ts";
import type { RouteBytes } from "./observe/metrics.ts";
import type { End, Summary } from "./observe/summary.ts";

/** What one version of the configuration came to; a session keeps the one it started with. */
export interface Rulebook {
  /** What it was made from. */
  readonly config: Config;
  /** What a name comes to. */
  readonly rules: Rules;
  /** Which addresses may be forwarded to. */
  readonly guard: NetworkGuard;
  /** Looks names up. */
  readonly resolve: Resolve;
  /** Chooses among backends. */
  readonly pick: Pick;
}

/** Whom a session tells what happens. */
export interface Observer {
  /** What a connection speaks is known. */
  detected(protocol: Protocol): void;
  /** A backend has accepted, after so many milliseconds. */
  connected(route: string, ms: number): void;
  /** There was no descriptor left for a backend. */
  exhausted(): void;
  /** Where the bytes of a route are counted; the route is absent for a client that never got one. */
  bytes(route: string | undefined): RouteBytes;
  /** It is over. */
  ended(summary: Summary, end: End): void;
}

/**
 * The most that a client's first bytes can come to: a hello of 64 KiB in records of one byte, each with 5
 * bytes of header. The sniffers stop before it.
 */
const MAX_HEAD = 6 * 65_540;

/** How long a refused client has to read why. What it sends meanwhile is thrown away. */
const FAREWELL_MS = 5_000;

type Proxied = Exclude<Decision, Refusal>;

/** A client connection being served. Owns both sockets. */
export class Session implements Timed {
  readonly #client: ConnStream;
  readonly #localIp: string;
  readonly #book: Rulebook;
  readonly #sweep: Sweep;
  readonly #observer: Observer;
  readonly #accepted = performance.now();
  readonly #summary: Summary;
  readonly #asked: { -readonly [K in keyof Asked]: Asked[K] } = { protocol: "unknown" };
  #backend?: ConnStream;
  #dialling = false;
  #head: Uint8Array<ArrayBuffer> = heads.take();
  #headLength = 0;
  #reading?: Promise<boolean>;
  #deadline = Infinity;
  #expire: () => void = nothing;
  #moved = -1;
  #movedAt = 0;
  #counted = { rx: 0, tx: 0 };
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
    const { hostname, port } = conn.remoteAddr;
    // What comes over IPv4 to an IPv6 socket is still an IPv4 client.
    const ip = hostname.startsWith("::ffff:") ? hostname.slice(7) : hostname;
    const client = canonical({ host: ip, port });
    withoutDelay(conn);
    this.#localIp = conn.localAddr.hostname;
    this.#client = new ConnStream(conn);
    this.#book = book;
    this.#sweep = sweep;
    this.#observer = observer;
    this.#summary = { client, listener, protocol: "unknown", rx: 0, tx: 0 };
  }

  /** How many sockets it has open, the one that is being connected included. */
  get sockets(): number {
    return this.#dialling || this.#backend !== undefined ? 2 : 1;
  }

  /**
   * Serves the connection.
   *
   * @returns When it is over and everything it had is given back. Never rejects.
   */
  async run(): Promise<void> {
    this.#sweep.add(this);
    let end: End = "internal_error";
    try {
      end = await this.#serve();
    } catch (error) {
      this.#summary.detail = error instanceof Error ? error.message : String(error);
    } finally {
      this.#sweep.delete(this);
      this.#client.close();
      this.#backend?.close();
      this.#giveHead();
      this.#summary.totalMs = performance.now() - this.#accepted;
      this.#countBytes();
      this.#observer.ended(this.#summary, this.#cause ?? end);
    }
  }

  /**
   * Ends it now, wherever it is.
   *
   * @param cause What the logs will say.
   */
  close(cause: End): void {
    this.#cause ??= cause;
    this.#client.close();
    this.#backend?.close();
    this.#expire();
  }

  /**
   * Checks its timeouts: until it is a tunnel, one deadline; from then on, whether anything moves.
   *
   * @param now The time, as of `performance.now()`.
   */
  tick(now: number): void {
    if (now >= this.#deadline) return this.#expire();
    const backend = this.#backend;
    if (backend === undefined) return;
    this.#countBytes();
    const client = this.#client;
    const moved = client.received + client.sent + backend.received + backend.sent;
    if (moved !== this.#moved) {
      this.#moved = moved;
      this.#movedAt = now;
      return;
    }
    const { idle, halfClosed } = this.#book.config.timeouts;
    const quiet = now - this.#movedAt;
    if ((client.ended || backend.ended) && quiet >= halfClosed) this.close("half_closed_timeout");
    else if (quiet >= idle) this.close("idle_timeout");
  }

  async #serve(): Promise<End> {
    const hello = await this.#readHello();
    if (hello === "left") return "left";
    if (hello.kind === "refusal") return this.#refuse(hello);

    const decision = this.#decide(hello);
    if (decision.kind === "refusal") return this.#refuse(decision);

    const connected = await this.#connect(decision, hello);
    if (connected.kind === "refusal") return this.#refuse(connected);

    return await this.#relay(connected);
  }

  /** Reads until the sniffer knows, or the time that began at accept is up. */
  async #readHello(): Promise<Sniffed | Refusal | "left"> {
    const sniffer = new ConnectionSniffer();
    const limit = this.#book.config.timeouts.clientHello;
    const late = Promise.withResolvers<"late">();
    this.#within(limit, () => late.resolve("late"), this.#accepted);
    for (;;) {
      this.#reading ??= this.#readMore();
      const more = await Promise.race([this.#reading, late.promise]);
      const result = more === true
        ? sniffer.sniff(this.#head.subarray(0, this.#headLength))
        : undefined;
      if (more !== "late") this.#reading = undefined;
      if (more === true && result === undefined) continue;

      const protocol = result?.protocol ?? sniffer.protocol;
      this.#summary.protocol = this.#asked.protocol = protocol;
      this.#summary.helloMs = performance.now() - this.#accepted;
      this.#observer.detected(protocol);
      if (more === "late") {
        return refusal("too_slow", `no complete hello or head within ${limit} ms`);
      }
      if (result === undefined) return "left";
      if (result.kind === "sniffed") return result;
      this.#asked.status = result.status;
      this.#asked.streamId = result.streamId;
      return refusal("malformed", result.detail);
    }
  }

  /** Reads once; false at the end, or when the client has broken off. */
  async #readMore(): Promise<boolean> {
    if (this.#headLength === this.#head.length) this.#growHead();
    try {
      const count = await this.#client.read(this.#head.subarray(this.#headLength));
      if (count === null) return false;
      this.#headLength += count;
      return true;
    } catch {
      return false;
    }
  }

  #decide(sniffed: Sniffed): Decision {
    const { protocol, name, alpn, http } = sniffed;
    this.#summary.name = name;
    this.#asked.method = http?.method;
    this.#asked.streamId = http?.streamId;
    const listener = this.#summary.listener;
    const decision = decide(this.#book.rules, { protocol, name, alpn, listener });
    if (decision.kind === "refusal") {
      // RFC 9112, 3.2: a request without Host is a bad one, rather than one for another server.
      if (decision.reason === "no_name" && http?.hasAuthority === false) this.#asked.status = 400;
    } else {
      this.#summary.route = decision.label;
    }
    return decision;
  }

  async #connect(decision: Proxied, sniffed: Sniffed): Promise<Connected | Refusal> {
    const { config, guard, pick, resolve } = this.#book;
    const attempt = new AbortController();
    this.#within(config.timeouts.connect, () => attempt.abort());
    const started = performance.now();
    this.#dialling = true;
    const connected = decision.kind === "forward"
      ? await connect(
        forwardTarget(config, sniffed),
        resolve,
        attempt.signal,
        (ip, port) => guard(ip, port, this.#localIp),
      )
      : await connect(pick(decision.backends), resolve, attempt.signal);
    const ms = performance.now() - started;
    if (connected.kind === "connected") {
      this.#summary.backend = connected.backend;
      this.#summary.connectMs = ms;
      this.#observer.connected(decision.label, ms);
    } else if (connected.reason === "connection_limit") {
      this.#observer.exhausted();
    }
    this.#dialling = false;
    return connected;
  }

  /** Hands over what the client has said so far, and everything that follows, both ways. */
  async #relay({ conn }: Connected): Promise<End> {
    const backend = this.#backend = new ConnStream(conn);
    if (this.#client.closed) return "shutdown";
    this.#deadline = Infinity;
    this.#expire = nothing;
    this.#movedAt = performance.now();
    try {
      await backend.write(this.#head.subarray(0, this.#headLength));
    } catch {
      return "backend_reset";
    }
    this.#giveHead();
    const end = await tunnel(this.#client, backend);
    return end === "closed" ? "shutdown" : end;
  }

  /**
   * Says why, ends our side, and waits for the client to end its own: closing on bytes that nobody has read
   * would reset the connection, and the client might never see the answer.
   */
  async #refuse({ reason, detail }: Refusal): Promise<End> {
    this.#summary.detail = detail;
    const bytes = refusalBytes(reason, this.#asked);
    if (bytes.length === 0) return reason;
    this.#within(FAREWELL_MS, () => this.#client.close());
    try {
      await this.#client.write(bytes);
      await this.#client.closeWrite();
      await this.#reading;
      this.#reading = undefined;
      while (await this.#client.read(this.#head) !== null);
    } catch {
      // It has left, or its time is up: either way there is nobody to tell.
    }
    return reason;
  }

  #within(ms: number, expire: () => void, from = performance.now()): void {
    this.#deadline = from + ms;
    this.#expire = (): void => {
      this.#deadline = Infinity;
      expire();
    };
  }

  #countBytes(): void {
    const { received, sent } = this.#client;
    const { rx, tx } = this.#counted;
    if (received === rx && sent === tx) return;
    const bytes = this.#observer.bytes(this.#summary.route);
    bytes.rx += received - rx;
    bytes.tx += sent - tx;
    this.#counted.rx = this.#summary.rx = received;
    this.#counted.tx = this.#summary.tx = sent;
  }

  #growHead(): void {
    const grown = new Uint8Array(Math.min(this.#head.length * 4, MAX_HEAD + heads.size));
    grown.set(this.#head);
    this.#giveHead();
    this.#head = grown;
  }

  #giveHead(): void {
    // A read that was cut off might still hold it.
    if (this.#reading === undefined && this.#head.length === heads.size) heads.give(this.#head);
    this.#head = NO_BYTES;
  }
}

const NO_BYTES = new Uint8Array();

function nothing(): void {}

function forwardTarget({ forward }: Config, { protocol, name, port }: Sniffed): Address {
  const { tls, http } = forward.ports;
  return { host: name ?? "", port: protocol === "tls" ? tls : port ?? http };
}

function refusal(reason: Reason, detail: string): Refusal {
  return { kind: "refusal", reason, detail };
}
