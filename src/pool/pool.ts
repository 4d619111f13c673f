/**
 * Connected sockets to one backend that nobody uses at the moment: idle ones, which have served and may serve
 * again, and warm ones, which are new and serve once. It has no idea what is spoken on them.
 *
 * @module
 */
import { heads, parking } from "./buffers.ts";
import { Demand } from "./demand.ts";
import { type Connection, type Held, hold, type Wake } from "./held.ts";
import { Lifetime } from "./lifetime.ts";

/** Why a socket at rest was closed. */
export type Eviction = Wake | "ttl" | "idle" | "full" | "reload" | "shutdown";

/** How much is kept, and for how long. */
export interface PoolSettings {
  /** Sockets at rest, idle and warm together. */
  readonly maxPerHost: number;
  /** How old a socket may get, in milliseconds since it was connected. */
  readonly connectionTtl: number;
  /** How long a socket may rest, in milliseconds. */
  readonly idleTimeout: number;
  /** Warm sockets: as demand has it, none, or so many at all times. */
  readonly preconnect: "auto" | "off" | number;
}

/** What a pool needs from outside. */
export interface PoolOutside {
  /** Connects one more socket; rejects if that can't be done. */
  dial(): Promise<Deno.TcpConn>;
  /** Told of each socket at rest that is closed. */
  evicted(reason: Eviction): void;
  /** The time in milliseconds. */
  now(): number;
  /** A number from 0 to 1, for jitter. */
  random(): number;
}

/** What is in a pool. */
export interface PoolStats {
  /** Sockets that have served and wait to serve again. */
  readonly idle: number;
  /** New sockets that wait to serve once. */
  readonly warm: number;
  /** Sockets that are being connected. */
  readonly dialling: number;
}

/** Sockets of one kind. */
interface Stack {
  /** The last one is the one most recently used. */
  readonly held: Held[];
  readonly lifetime: Lifetime;
}

/** The pause after a warm one has failed; doubled with each that follows. */
const PAUSE_MS = 250;
const MAX_PAUSE_MS = 30_000;

/** A warm one that does not last so long was no good to begin with. */
const LEAST_LIFE_MS = 100;

/**
 * The sockets at rest of one backend. Owns them until they are taken. Most recently used first, so that what is
 * not needed grows old and goes.
 *
 * @example
 * ```ts
 * import { Pool } from "./pool.ts";
 *
 * const settings = {
 *   maxPerHost: 100,
 *   connectionTtl: 60_000,
 *   idleTimeout: 30_000,
 *   preconnect: "auto",
 * } as const;
 * const pool = new Pool(settings, {
 *   dial: () => Deno.connect({ hostname: "127.0.0.1", port: 8080 }),
 *   evicted: (reason) => console.log(reason),
 *   now: () => performance.now(),
 *   random: Math.random,
 * });
 * pool.takeWarm(); // undefined at first; the next one will find one
 * ```
 */
export class Pool {
  readonly #outside: PoolOutside;
  readonly #idle: Stack = { held: [], lifetime: new Lifetime() };
  readonly #warm: Stack = { held: [], lifetime: new Lifetime() };
  readonly #demand = new Demand();
  #settings: PoolSettings;
  #drained?: Eviction;
  #dialling = 0;
  #failures = 0;
  #retryAt = 0;
  /** The fewest warm ones left over since the last sweep. */
  #spare = 0;

  /**
   * Makes an empty pool.
   *
   * @param settings How much it keeps.
   * @param outside What it needs.
   */
  constructor(settings: PoolSettings, outside: PoolOutside) {
    this.#settings = settings;
    this.#outside = outside;
  }

  /** What is in it. */
  get stats(): PoolStats {
    return {
      idle: this.#idle.held.length,
      warm: this.#warm.held.length,
      dialling: this.#dialling,
    };
  }

  /** Whether nothing is in it, nor expected to be. */
  get empty(): boolean {
    return this.#size === 0 && this.#dialling === 0 && this.#level(this.#outside.now()) === 0;
  }

  /** The recent median time that connecting took, in milliseconds. */
  get connectMs(): number {
    return this.#demand.connectMs;
  }

  /**
   * Takes a socket out that has served, for one more use.
   *
   * @returns The socket, which is the caller's from here on; `undefined` if there is none.
   */
  take(): Held | undefined {
    return this.#pop(this.#idle, this.#outside.now());
  }

  /**
   * Takes a new socket out, for its only use, and has others made in its place.
   *
   * @returns The socket, which is the caller's from here on; `undefined` if there is none.
   */
  takeWarm(): Held | undefined {
    const now = this.#outside.now();
    const held = this.#pop(this.#warm, now);
    this.#spare = Math.min(this.#spare, this.#warm.held.length);
    this.#demand.arrived(now, held !== undefined);
    if (held !== undefined) this.#failures = 0;
    this.warm();
    return held;
  }

  /**
   * Takes a socket in, to serve again.
   *
   * @param connection The socket, which is the pool's from here on; nobody may be reading from it.
   */
  give(connection: Connection): void {
    const now = this.#outside.now();
    if (this.#drained !== undefined) return this.#close(connection, this.#drained);
    if (now - connection.connectedAt >= this.#settings.connectionTtl) {
      return this.#close(connection, "ttl");
    }
    while (this.#size > 0 && this.#size >= this.#settings.maxPerHost) this.#closeOldest("full");
    this.#idle.held.push(hold(connection, now, heads, this.#onWake));
  }

  /**
   * Notes how long a dial took that somebody else made.
   *
   * @param ms Milliseconds.
   */
  connected(ms: number): void {
    this.#demand.connected(ms);
    this.#failures = 0;
  }

  /** Makes as many warm ones as there should be; one at a time, with pauses, while the backend is failing. */
  warm(): void {
    const now = this.#outside.now();
    const wanted = this.#level(now) - this.#warm.held.length - this.#dialling;
    const room = this.#settings.maxPerHost - this.#size - this.#dialling;
    let missing = Math.min(wanted, room);
    if (this.#failures > 0) {
      missing = this.#dialling === 0 && now >= this.#retryAt ? Math.min(missing, 1) : 0;
    }
    for (; missing > 0; missing--) this.#dial();
  }

  /** Closes what is too old or not needed any more, and makes what is missing. */
  sweep(): void {
    const now = this.#outside.now();
    for (const stack of [this.#idle, this.#warm]) {
      let kept = 0;
      for (const held of stack.held) {
        const reason = this.#expired(stack, held, now);
        if (reason === undefined) stack.held[kept++] = held;
        else this.#close(held, reason);
      }
      stack.held.length = kept;
    }
    this.#demand.relax(now, this.#spare);
    const surplus = this.#warm.held.length - this.#level(now);
    for (const held of this.#warm.held.splice(0, Math.max(0, surplus))) this.#close(held, "idle");
    this.#spare = this.#warm.held.length;
    this.warm();
  }

  /**
   * Goes on with other settings; what no longer fits is closed.
   *
   * @param settings The settings.
   */
  configure(settings: PoolSettings): void {
    this.#settings = settings;
    while (this.#size > settings.maxPerHost) this.#closeOldest("reload");
    this.sweep();
  }

  /** Closes everything, and pauses before it makes warm ones again. */
  flush(): void {
    while (this.#size > 0) this.#closeOldest("full");
    this.#failed();
  }

  /**
   * Closes everything, now and from now on.
   *
   * @param reason Why.
   */
  drain(reason: Eviction): void {
    this.#drained = reason;
    while (this.#size > 0) this.#closeOldest(reason);
  }

  get #size(): number {
    return this.#idle.held.length + this.#warm.held.length;
  }

  /** How many warm ones there should be. */
  #level(now: number): number {
    const { preconnect } = this.#settings;
    if (preconnect === "off" || this.#drained !== undefined) return 0;
    return preconnect === "auto" ? this.#demand.level(now) : preconnect;
  }

  #pop(stack: Stack, now: number): Held | undefined {
    for (let held = stack.held.pop(); held !== undefined; held = stack.held.pop()) {
      held.resting = false;
      const reason = this.#expired(stack, held, now);
      if (reason === undefined) return held;
      this.#close(held, reason);
    }
    return undefined;
  }

  #expired({ lifetime }: Stack, held: Held, now: number): Eviction | undefined {
    const { connectionTtl, idleTimeout } = this.#settings;
    if (now - held.connectedAt >= connectionTtl) return "ttl";
    const limit = Math.min(idleTimeout, lifetime.limit(now));
    return now - held.usedAt >= limit ? "idle" : undefined;
  }

  async #dial(): Promise<void> {
    this.#dialling++;
    const started = this.#outside.now();
    let conn: Deno.TcpConn | undefined;
    try {
      conn = await this.#outside.dial();
    } catch {
      this.#failed();
    }
    this.#dialling--;
    if (conn === undefined) return;
    const now = this.#outside.now();
    this.#demand.connected(now - started);
    const connection = { conn, connectedAt: now };
    if (this.#drained !== undefined) this.#close(connection, this.#drained);
    else if (this.#size >= this.#settings.maxPerHost) this.#close(connection, "full");
    else this.#warm.held.push(hold(connection, now, parking, this.#onWake));
    this.warm();
  }

  #failed(): void {
    const pause = Math.min(MAX_PAUSE_MS, PAUSE_MS * 2 ** this.#failures++);
    this.#retryAt = this.#outside.now() + pause * (0.5 + this.#outside.random() / 2);
  }

  readonly #onWake = (held: Held, wake: Wake): void => {
    const now = this.#outside.now();
    for (const stack of [this.#idle, this.#warm]) {
      const index = stack.held.indexOf(held);
      if (index === -1) continue;
      stack.held.splice(index, 1);
      const rested = now - held.usedAt;
      if (stack === this.#warm && (rested < LEAST_LIFE_MS || wake === "unexpected_data")) {
        this.#failed();
      } else if (wake === "closed_by_backend") {
        stack.lifetime.closed(rested, now);
      }
    }
    this.#close(held, wake);
    this.warm();
  };

  #closeOldest(reason: Eviction): void {
    const held = this.#idle.held.shift() ?? this.#warm.held.shift();
    if (held !== undefined) this.#close(held, reason);
  }

  #close(connection: Connection | Held, reason: Eviction): void {
    if ("resting" in connection) connection.resting = false;
    connection.conn.close();
    this.#outside.evicted(reason);
  }
}
