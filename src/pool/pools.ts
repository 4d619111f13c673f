/**
 * The pools of a process: one for each backend of each route.
 *
 * @module
 */
import { type Eviction, Pool, type PoolSettings, type PoolStats } from "./pool.ts";

/** What the pools need from outside. */
export interface PoolsOutside {
  /** Connects one more socket to a backend of a route; rejects if that can't be done. */
  dial(route: string, backend: string): Promise<Deno.TcpConn>;
  /** Told of each socket at rest that is closed. */
  evicted(route: string, reason: Eviction): void;
}

/** What is at rest to one backend of a route. */
export interface PoolLevel extends PoolStats {
  /** The route's label. */
  readonly route: string;
  /** The backend's address. */
  readonly backend: string;
}

/** What is at rest, by route. */
export type PoolSizes = ReadonlyMap<string, number>;

interface Entry {
  readonly route: string;
  readonly backend: string;
  readonly pool: Pool;
}

/** All pools, made when they are first asked for. */
export class Pools {
  readonly #entries = new Map<string, Entry>();
  readonly #outside: PoolsOutside;
  #drained = false;

  /**
   * Makes it without any pool.
   *
   * @param outside What the pools need.
   */
  constructor(outside: PoolsOutside) {
    this.#outside = outside;
  }

  /**
   * The pool of a backend.
   *
   * @param route The route's label.
   * @param backend The backend's address.
   * @param settings How much it keeps, if it is new.
   * @returns The pool: to be used at once, and to be asked for again the next time.
   */
  of(route: string, backend: string, settings: PoolSettings): Pool {
    const key = `${route}\n${backend}`;
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      const pool = new Pool(settings, {
        dial: () => this.#outside.dial(route, backend),
        evicted: (reason) => this.#outside.evicted(route, reason),
        now: () => performance.now(),
        random: Math.random,
      });
      if (this.#drained) pool.drain("shutdown");
      entry = { route, backend, pool };
      this.#entries.set(key, entry);
    }
    return entry.pool;
  }

  /** What is at rest, pool by pool. */
  get levels(): PoolLevel[] {
    return this.#entries.values()
      .map(({ route, backend, pool }) => ({ route, backend, ...pool.stats })).toArray();
  }

  /** What is at rest, by route. */
  get sizes(): PoolSizes {
    const sizes = new Map<string, number>();
    for (const { route, idle, warm } of this.levels) {
      sizes.set(route, (sizes.get(route) ?? 0) + idle + warm);
    }
    return sizes;
  }

  /** Closes what is too old, makes what is missing, and forgets pools that nobody uses. */
  sweep(): void {
    for (const [key, { pool }] of this.#entries) {
      pool.sweep();
      if (pool.empty) this.#entries.delete(key);
    }
  }

  /**
   * Goes on with another configuration.
   *
   * @param settingsOf What the pool of a backend keeps now; `undefined` if its route or itself is gone.
   */
  configure(settingsOf: (route: string, backend: string) => PoolSettings | undefined): void {
    for (const [key, { route, backend, pool }] of this.#entries) {
      const settings = settingsOf(route, backend);
      if (settings === undefined) {
        this.#entries.delete(key);
        pool.drain("reload");
      } else {
        pool.configure(settings);
      }
    }
  }

  /**
   * Closes what is at rest to a backend that is none any more.
   *
   * @param route The route's label.
   * @param backend The backend's address.
   */
  drop(route: string, backend: string): void {
    const key = `${route}\n${backend}`;
    this.#entries.get(key)?.pool.drain("reload");
    this.#entries.delete(key);
  }

  /** Closes everything that is at rest: somebody needs the descriptors more. */
  flush(): void {
    for (const { pool } of this.#entries.values()) pool.flush();
  }

  /** Closes everything, for good. */
  drain(): void {
    this.#drained = true;
    for (const { pool } of this.#entries.values()) pool.drain("shutdown");
  }
}
