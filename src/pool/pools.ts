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

/** All pools, made when they are first asked for. */
export class Pools {
  /** By route, then by backend. */
  readonly #routes = new Map<string, Map<string, Pool>>();
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
    return this.#routes.get(route)?.get(backend) ?? this.#add(route, backend, settings);
  }

  /** What is at rest, pool by pool. */
  get levels(): PoolLevel[] {
    return this.#all.map(([route, backend, pool]) => ({ route, backend, ...pool.stats }));
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
    for (const [route, backend, pool] of this.#all) {
      pool.sweep();
      if (pool.empty) this.#delete(route, backend);
    }
  }

  /**
   * Goes on with another configuration.
   *
   * @param settingsOf What the pool of a backend keeps now; `undefined` if its route or itself is gone.
   */
  configure(settingsOf: (route: string, backend: string) => PoolSettings | undefined): void {
    for (const [route, backend, pool] of this.#all) {
      const settings = settingsOf(route, backend);
      if (settings === undefined) {
        this.#delete(route, backend);
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
    this.#routes.get(route)?.get(backend)?.drain("reload");
    this.#delete(route, backend);
  }

  /** Closes everything that is at rest: somebody needs the descriptors more. */
  flush(): void {
    for (const [, , pool] of this.#all) pool.flush();
  }

  /** Closes everything, for good. */
  drain(): void {
    this.#drained = true;
    for (const [, , pool] of this.#all) pool.drain("shutdown");
  }

  get #all(): [route: string, backend: string, pool: Pool][] {
    return this.#routes.entries().flatMap(([route, pools]) =>
      pools.entries().map(([backend, pool]): [string, string, Pool] => [route, backend, pool])
    ).toArray();
  }

  #add(route: string, backend: string, settings: PoolSettings): Pool {
    const pool = new Pool(settings, {
      dial: () => this.#outside.dial(route, backend),
      evicted: (reason) => this.#outside.evicted(route, reason),
      now: () => performance.now(),
      random: Math.random,
    });
    if (this.#drained) pool.drain("shutdown");
    const pools = this.#routes.get(route) ?? new Map<string, Pool>();
    this.#routes.set(route, pools.set(backend, pool));
    return pool;
  }

  #delete(route: string, backend: string): void {
    const pools = this.#routes.get(route);
    pools?.delete(backend);
    if (pools?.size === 0) this.#routes.delete(route);
  }
}
