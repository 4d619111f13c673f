/**
 * Where a session gets sockets to backends: from a pool, or new.
 *
 * @module
 */
import { canonical } from "./config/address.ts";
import type { Address, ConnectionPool } from "./config/config.ts";
import type { Decision } from "./route/decide.ts";
import type { Refusal } from "./route/refusal.ts";
import { connect } from "./upstream/connect.ts";
import { type Ahead, type Connection, type Held, isSettled } from "./pool/held.ts";
import type { Pool } from "./pool/pool.ts";
import type { ConnStream } from "./relay/conn_stream.ts";
import { surprise } from "./relay/surprise.ts";
import type { Observer } from "./observe/observer.ts";
import type { Client } from "./client.ts";
import type { Rulebook } from "./rulebook.ts";

/** A decision to connect. */
export type Proxied = Exclude<Decision, Refusal>;

/** A socket to a backend. */
export interface Obtained extends Connection {
  /** Marks the variant. */
  readonly kind: "obtained";
  /** The read that waits on a socket from a pool. */
  readonly ahead?: Ahead;
  /** Whether it comes from a pool, and so may be dead without anybody knowing. */
  readonly pooled: boolean;
}

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
   * Which backend it is.
   *
   * @param decision What was decided.
   * @param name The name asked for.
   * @param port The port in an HTTP authority.
   * @returns Its address.
   */
  target(decision: Proxied, name: string | undefined, port: number | undefined): Address {
    if (decision.kind === "proxy") return this.#book.pick(decision.backends);
    const { tls, http } = this.#book.config.forward.ports;
    return { host: name ?? "", port: this.#client.summary.protocol === "tls" ? tls : port ?? http };
  }

  /**
   * Connects to a backend.
   *
   * @param decision What was decided.
   * @param target Its address.
   * @param pool The pool that could not help, to learn how long it took.
   * @returns The socket, or why there is none. Never rejects.
   */
  async fresh(decision: Proxied, target: Address, pool?: Pool): Promise<Obtained | Refusal> {
    const { config, guard, resolve } = this.#book;
    const { summary, watch, localIp } = this.#client;
    const attempt = new AbortController();
    watch.until(config.timeouts.connect, () => attempt.abort());
    const started = performance.now();
    this.dialling = true;
    const connected = await connect(
      target,
      resolve,
      attempt.signal,
      decision.kind === "forward" ? (ip, port) => guard(ip, port, localIp) : undefined,
    );
    const connectedAt = performance.now();
    if (connected.kind === "refusal") {
      if (connected.reason === "connection_limit") this.#observer.exhausted();
      this.dialling = false;
      return connected;
    }
    const ms = connectedAt - started;
    summary.backend = connected.backend;
    summary.connectMs = ms;
    this.#observer.connected(decision.label, ms);
    pool?.connected(ms);
    this.dialling = false;
    return { kind: "obtained", conn: connected.conn, connectedAt, pooled: false };
  }

  /**
   * A socket that has served before, if there is one, or a new one.
   *
   * @param decision What was decided.
   * @param target The backend's address.
   * @param again Whether one from the pool has turned out dead: then a new one it is.
   * @returns The socket, at once if one is at rest, or why there is none. Never rejects.
   */
  idle(
    decision: Proxied,
    target: Address,
    again: boolean,
  ): Obtained | Promise<Obtained | Refusal> {
    const settings = this.#settings(decision);
    if (!settings.enabled) return this.fresh(decision, target);
    const counts = this.#observer.counts(decision.label);
    const pool = this.#pool(decision, target, settings);
    const held = again ? undefined : pool.take();
    if (held === undefined) {
      counts.misses++;
      return this.fresh(decision, target, pool);
    }
    if (!isSettled(held)) return this.#unsettled(held, decision, target, pool);
    counts.hits++;
    counts.reuses++;
    return this.#fromPool(held, target);
  }

  /** Gives sockets that were in use a moment ago the time to tell what they have seen since. */
  async #unsettled(
    first: Held,
    decision: Proxied,
    target: Address,
    pool: Pool,
  ): Promise<Obtained | Refusal> {
    const counts = this.#observer.counts(decision.label);
    for (let held: Held | undefined = first; held !== undefined; held = pool.take()) {
      const wake = await surprise(held.ahead);
      if (wake === undefined) {
        counts.hits++;
        counts.reuses++;
        return this.#fromPool(held, target);
      }
      held.conn.close();
      counts.evictions[wake]++;
    }
    counts.misses++;
    return await this.fresh(decision, target, pool);
  }

  /**
   * A socket that is connected already and has not been used, if there is one, or a new one.
   *
   * @param decision What was decided.
   * @param target The backend's address.
   * @param again Whether one from the pool has turned out dead: then a new one it is.
   * @returns The socket, or why there is none. Never rejects.
   */
  async warm(decision: Proxied, target: Address, again: boolean): Promise<Obtained | Refusal> {
    const settings = this.#settings(decision);
    const { enabled, preconnect } = settings;
    // Of names that are forwarded to themselves there may be any number.
    const warms = preconnect === "auto" ? decision.kind === "proxy" : preconnect !== "off";
    if (!enabled || !warms) return await this.fresh(decision, target);
    const counts = this.#observer.counts(decision.label);
    const pool = this.#pool(decision, target, settings);
    const held = again ? undefined : pool.takeWarm();
    if (held === undefined) {
      counts.misses++;
      return await this.fresh(decision, target, pool);
    }
    counts.hits++;
    counts.savedMs += pool.connectMs;
    return this.#fromPool(held, target);
  }

  /**
   * Has a socket serve again.
   *
   * @param decision What was decided for the request it has served.
   * @param target The backend's address.
   * @param stream The socket; nobody may be reading from it.
   * @param connectedAt When it was connected.
   */
  giveBack(decision: Proxied, target: Address, stream: ConnStream, connectedAt: number): void {
    const settings = this.#settings(decision);
    // If it was closed in the same moment, by a shutdown for example, it is nobody's any more.
    if (!settings.enabled || stream.closed) return stream.close();
    this.#pool(decision, target, settings).give({ conn: stream.detach(), connectedAt });
  }

  #fromPool(held: Held, target: Address): Obtained {
    const { summary } = this.#client;
    summary.backend = canonical(target);
    summary.connectMs = 0;
    const { conn, connectedAt, ahead } = held;
    return { kind: "obtained", conn, connectedAt, ahead, pooled: true };
  }

  #pool(decision: Proxied, target: Address, settings: ConnectionPool): Pool {
    return this.#book.pools.of(decision.label, canonical(target), settings);
  }

  #settings(decision: Proxied): ConnectionPool {
    const route = decision.kind === "proxy" ? decision.route : undefined;
    return route?.pool ?? this.#book.config.pool;
  }
}
