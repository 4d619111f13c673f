/**
 * Where a session gets sockets to backends: from a pool, or new; from the backend whose turn it is, or from another
 * one if that fails.
 *
 * @module
 */
import type { Reason, Refusal } from "./route/refusal.ts";
import { connect } from "./upstream/connect.ts";
import { proxyHeader } from "./upstream/proxy_preface.ts";
import { untilAborted } from "./upstream/until_aborted.ts";
import { type Ahead, type Connection, type Held, isSettled } from "./pool/held.ts";
import type { Pool } from "./pool/pool.ts";
import type { ConnStream } from "./relay/conn_stream.ts";
import { surprise } from "./relay/surprise.ts";
import type { Observer } from "./observe/observer.ts";
import type { Client } from "./client.ts";
import { Errand, type Proxied } from "./errand.ts";
import type { Rulebook } from "./rulebook.ts";

/** A socket to a backend. */
export interface Obtained extends Connection {
  /** Marks the variant. */
  readonly kind: "obtained";
  /** The read that waits on a socket from a pool. */
  readonly ahead?: Ahead;
  /** Whether it comes from a pool, and so may be dead without anybody knowing. */
  readonly pooled: boolean;
}

/** All attempts together may take so many times as long as one. */
const ALL_ATTEMPTS = 2;

/** What another backend may do better. */
const RETRIED: ReadonlySet<Reason> = new Set([
  "backend_refused",
  "backend_unreachable",
  "backend_timeout",
]);

/** Gets sockets for one client. */
export class Supply {
  /** Whether it is waiting for a backend to accept. */
  dialling = false;
  readonly #client: Client;
  readonly #book: Rulebook;
  readonly #observer: Observer;

  /**
   * Makes one.
   *
   * @param client Whom it is for.
   * @param book The configuration to go by.
   * @param observer Whom to tell.
   */
  constructor(client: Client, book: Rulebook, observer: Observer) {
    this.#client = client;
    this.#book = book;
    this.#observer = observer;
  }

  /**
   * Begins an errand.
   *
   * @param decision What was decided.
   * @param name The name asked for.
   * @param port The port in an HTTP authority.
   * @returns The errand, with nobody yet.
   */
  errand(decision: Proxied, name: string | undefined, port: number | undefined): Errand {
    const { config, clusters } = this.#book;
    const { tls, http } = config.forward.ports;
    const target = {
      host: name ?? "",
      port: this.#client.summary.protocol === "tls" ? tls : port ?? http,
    };
    const group = decision.kind === "proxy" ? decision.group : undefined;
    const cluster = group && clusters.get(group);
    return new Errand(decision, group?.pool ?? config.pool, cluster, target);
  }

  /**
   * Connects to a backend, and to the next one if that fails.
   *
   * @param errand Whose turn it is; if nobody's, the first one is chosen.
   * @param pool The pool that could not help, to learn how long it took.
   * @returns The socket, or why there is none. Never rejects.
   */
  async fresh(errand: Errand, pool?: Pool): Promise<Obtained | Refusal> {
    const missing = await this.#choose(errand);
    if (missing !== undefined) return missing;
    for (;;) {
      const obtained = await this.#connect(errand, pool);
      if (obtained.kind === "obtained" || !RETRIED.has(obtained.reason)) return obtained;
      if (!errand.goOn(this.#client.ip, obtained.reason)) return obtained;
      pool = undefined;
    }
  }

  /**
   * A socket that has served before, if there is one, or a new one.
   *
   * @param errand Whose turn it is.
   * @param again Whether one from the pool has turned out dead: then a new one it is.
   * @returns The socket, at once if one is at rest, or why there is none. Never rejects.
   */
  idle(errand: Errand, again: boolean): Obtained | Promise<Obtained | Refusal> {
    if (errand.endpoint === undefined && errand.choose(this.#client.ip) !== undefined) {
      return this.fresh(errand);
    }
    if (!errand.pools) return this.fresh(errand);
    const counts = this.#observer.counts(errand.decision.label);
    const pool = this.#pool(errand);
    const held = again ? undefined : pool.take();
    if (held === undefined) {
      counts.misses++;
      return this.fresh(errand, pool);
    }
    if (!isSettled(held)) return this.#unsettled(held, errand, pool);
    counts.hits++;
    counts.reuses++;
    return this.#fromPool(held, errand);
  }

  /** Gives sockets that were in use a moment ago the time to tell what they have seen since. */
  async #unsettled(first: Held, errand: Errand, pool: Pool): Promise<Obtained | Refusal> {
    const counts = this.#observer.counts(errand.decision.label);
    for (let held: Held | undefined = first; held !== undefined; held = pool.take()) {
      const wake = await surprise(held.ahead);
      if (wake === undefined) {
        counts.hits++;
        counts.reuses++;
        return this.#fromPool(held, errand);
      }
      held.conn.close();
      counts.evictions[wake]++;
    }
    counts.misses++;
    return await this.fresh(errand, pool);
  }

  /**
   * A socket that is connected already and has not been used, if there is one, or a new one.
   *
   * @param errand Whose turn it is.
   * @param again Whether one from the pool has turned out dead: then a new one it is.
   * @returns The socket, or why there is none. Never rejects.
   */
  async warm(errand: Errand, again: boolean): Promise<Obtained | Refusal> {
    const { preconnect } = errand.pool;
    // Of names that are forwarded to themselves there may be any number.
    const warms = preconnect === "auto" ? errand.cluster !== undefined : preconnect !== "off";
    if (!warms) return await this.fresh(errand);
    const missing = await this.#choose(errand);
    if (missing !== undefined) return missing;
    if (!errand.pools) return await this.fresh(errand);
    const counts = this.#observer.counts(errand.decision.label);
    const pool = this.#pool(errand);
    const held = again ? undefined : pool.takeWarm();
    if (held === undefined) {
      counts.misses++;
      return await this.fresh(errand, pool);
    }
    counts.hits++;
    counts.savedMs += pool.connectMs;
    return this.#fromPool(held, errand);
  }

  /**
   * Has a socket serve again.
   *
   * @param errand What it has served for.
   * @param stream The socket; nobody may be reading from it.
   * @param connectedAt When it was connected.
   */
  giveBack(errand: Errand, stream: ConnStream, connectedAt: number): void {
    // If it was closed in the same moment, by a shutdown for example, it is nobody's any more.
    if (!errand.pools || stream.closed) return stream.close();
    this.#pool(errand).give({ conn: stream.detach(), connectedAt });
  }

  /**
   * What a backend has to be told before anything else.
   *
   * @param errand Whose backend.
   * @param alpn What the client offers.
   * @returns A PROXY header; `undefined` if the route has none.
   */
  preface(
    { group }: Errand,
    alpn: readonly string[],
  ): Uint8Array<ArrayBuffer> | undefined {
    const version = group?.proxyProtocol ?? "off";
    if (version === "off") return undefined;
    const { source, local, summary } = this.#client;
    // Which one of several the backend will take is not known here.
    return proxyHeader(version, source, local, {
      authority: summary.name,
      alpn: alpn.length === 1 ? alpn[0] : undefined,
    });
  }

  /** Chooses the first backend, once there is one to choose. */
  async #choose(errand: Errand): Promise<Refusal | undefined> {
    const { cluster } = errand;
    if (cluster === undefined || errand.endpoint !== undefined) return undefined;
    const { ip, watch } = this.#client;
    let missing = errand.choose(ip);
    if (missing?.reason !== "backend_unresolved" || cluster.pending === undefined) return missing;
    const late = new AbortController();
    watch.until(this.#book.config.timeouts.connect, () => late.abort());
    await untilAborted(cluster.pending, late.signal);
    missing = errand.choose(ip);
    if (missing === undefined || !late.signal.aborted) return missing;
    return { ...missing, reason: "backend_timeout" };
  }

  async #connect(errand: Errand, pool: Pool | undefined): Promise<Obtained | Refusal> {
    const { config, guard, resolve } = this.#book;
    const { summary, watch, localIp } = this.#client;
    const attempt = new AbortController();
    const started = performance.now();
    const { connect: timeout } = config.timeouts;
    errand.deadline ??= started + ALL_ATTEMPTS * timeout;
    watch.until(Math.min(timeout, errand.deadline - started), () => attempt.abort());
    this.dialling = true;
    const { verbose } = this.#client;
    if (verbose) this.#client.step("connecting", { backend: errand.name });
    const connected = await connect(
      errand.target,
      errand.endpoint === undefined ? resolve : () => errand.addresses,
      attempt.signal,
      errand.endpoint === undefined ? (ip, port) => guard(ip, port, localIp) : undefined,
    );
    const connectedAt = performance.now();
    // A name itself is a backend only once it has turned out to be one.
    if (errand.endpoint !== undefined || connected.kind === "connected") {
      summary.backend = errand.name;
    }
    this.dialling = false;
    if (connected.kind === "refusal") {
      const { reason, detail } = connected;
      if (verbose) this.#client.step("not connected", { backend: errand.name, reason, detail });
      if (reason === "connection_limit") this.#observer.exhausted();
      return connected;
    }
    const ms = connectedAt - started;
    summary.connectMs = ms;
    this.#observer.connected(errand.decision.label, ms);
    pool?.connected(ms);
    if (verbose) this.#client.step("connected", { backend: errand.name, connect_ms: ms });
    return { kind: "obtained", conn: connected.conn, connectedAt, pooled: false };
  }

  #fromPool({ conn, connectedAt, ahead }: Held, errand: Errand): Obtained {
    const { summary } = this.#client;
    summary.backend = errand.name;
    summary.connectMs = 0;
    if (this.#client.verbose) this.#client.step("from the pool", { backend: errand.name });
    return { kind: "obtained", conn, connectedAt, ahead, pooled: true };
  }

  #pool({ decision, key, pool }: Errand): Pool {
    return this.#book.pools.of(decision.label, key, pool);
  }
}
