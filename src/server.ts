/**
 * Listeners and the sessions they start; reload and drain.
 *
 * @module
 */
import type { Config, ConnectionPool, Listener } from "./config/config.ts";
import { canonical, parseAddress } from "./config/address.ts";
import { LOCAL_HOST } from "./config/leaves.ts";
import { compileRules } from "./route/decide.ts";
import { createNetworkGuard } from "./route/network_guard.ts";
import { createNetworkTest } from "./route/networks.ts";
import { connect, isOutOfDescriptors } from "./upstream/connect.ts";
import { ClientLimits } from "./upstream/client_limits.ts";
import { Clusters } from "./upstream/clusters.ts";
import type { Endpoint } from "./upstream/endpoint.ts";
import { Resolver } from "./upstream/resolve.ts";
import { Pools } from "./pool/pools.ts";
import { Sweep, sweepInterval } from "./relay/sweep.ts";
import { logAccess } from "./observe/access_log.ts";
import { Activity, type ListenerCount } from "./observe/activity.ts";
import { builtAt } from "./observe/built_at.ts";
import { type Endpoint as StatusEndpoint, serveEndpoint } from "./observe/endpoint.ts";
import { gatherStatus } from "./observe/gather_status.ts";
import type { LineWriter } from "./observe/line_writer.ts";
import type { Log } from "./observe/log.ts";
import { Metrics, type MetricsSnapshot } from "./observe/metrics.ts";
import type { Observer } from "./observe/observer.ts";
import type { ConfigStatus, StatusData } from "./observe/status.ts";
import { bind, listen } from "./bind.ts";
import { Room } from "./room.ts";
import type { Rulebook } from "./rulebook.ts";
import { Session } from "./session.ts";

/** How long accepting rests after something other than a client kept it from working. */
const PAUSE_MS = 100;

/** At the end, it is looked so often whether somebody else has come, this long apart. */
const LAST_LOOKS = 10;
const LAST_LOOK_MS = 10;

/** How often running out of descriptors is worth a line. */
const WARN_EVERY_MS = 10_000;

/** Where a server writes, and as what. */
export interface Outputs {
  /** The program's log. */
  readonly log: Log;
  /** Lines of the access log. */
  readonly access: LineWriter;
  /** The program's version, for `build_info`. */
  readonly version: string;
  /** Whether it is one of several: they share their ports, and somebody else has the endpoint. */
  readonly worker?: boolean;
}

/**
 * Accepts connections and serves them until stopped.
 *
 * @example
 * ```ts ignore
 * const server = await Server.start(config, outputs);
 * await server.reload(newConfig);
 * await server.stop(30_000);
 * ```
 */
export class Server {
  readonly #outputs: Outputs;
  readonly #metrics: Metrics;
  readonly #activity: Activity;
  readonly #listeners = new Map<string, Deno.TcpListener>();
  readonly #sessions: Sweep<Session>;
  readonly #observer: Observer;
  readonly #pools: Pools;
  readonly #resolver: Resolver;
  readonly #clusters: Clusters;
  readonly #clientLimits: ClientLimits;
  #poolSweep: ReturnType<typeof setInterval>;
  #book: Rulebook;
  #endpoint?: StatusEndpoint;
  #state: StatusData["state"] = "starting";
  readonly #builtAt = builtAt();
  #age: ConfigStatus = { loadedAt: Date.now() };
  /** Whether the time to finish is up: nothing begins any more. */
  #over = false;
  readonly #room: Room;
  #warnedAt = -Infinity;
  /** Clients let in so far. */
  #accepted = 0;
  /** Listeners that may still bring somebody: one that is closed can have taken a client already. */
  #accepting = 0;

  private constructor(config: Config, outputs: Outputs) {
    this.#outputs = outputs;
    this.#sessions = new Sweep(sweepInterval(Object.values(config.timeouts)));
    this.#metrics = new Metrics(outputs.version, {
      activeConnections: () => this.#sessions.size,
      maxConnections: () => this.#room.most,
      droppedLogLines: () => outputs.access.dropped,
      pooled: () => this.#pools.sizes,
      backends: () => this.#clusters.states(),
    }, !outputs.worker);
    this.#activity = new Activity({
      counts: (route) => this.#metrics.counts(route),
      allCounts: () => this.#metrics.allCounts.values(),
      active: () => this.#sessions.size,
    });
    this.#pools = new Pools({
      dial: (route, backend) => this.#dialWarm(route, backend),
      evicted: (route, reason) => this.#metrics.counts(route).evictions[reason]++,
    });
    this.#resolver = new Resolver(config.dns);
    this.#clientLimits = new ClientLimits(config.clientLimits);
    this.#clusters = new Clusters({
      resolve: (name) => this.#resolver.resolve(name),
      removed: (route, { key }) => this.#pools.drop(route, key),
      changed: (route, endpoint) => this.#tellHealth(route, endpoint),
      ejected: (route, { key }) =>
        outputs.log.warn("backend left alone for a while: it has failed too often", {
          route,
          backend: key,
        }),
    });
    this.#clusters.configure(config);
    this.#book = this.#rulebook(config);
    this.#poolSweep = this.#sweepPools(config);
    this.#room = new Room(config.maxConnections);
    const metrics = this.#metrics;
    const activity = this.#activity;
    this.#observer = {
      get verbose(): boolean {
        return outputs.log.level === "debug";
      },
      step: (id, message, facts) => outputs.log.debug(message, { id, ...facts }),
      detected: (protocol) => {
        metrics.detected(protocol);
        activity.detected(protocol);
      },
      offered: (facts, alpn) => activity.offered(facts, alpn),
      connected: (route, ms) => metrics.connected(route, ms),
      exhausted: () => this.#exhausted(),
      counts: (route) => metrics.counts(route),
      log: (summary, end, now) => {
        activity.ended(summary, end, now);
        const { enabled, format } = this.#book.config.accessLog;
        if (enabled) logAccess(outputs.access, format, summary, end);
      },
      ended: (summary, end) => metrics.ended(summary, end),
    };
  }

  /**
   * Listens everywhere the configuration says and starts serving.
   *
   * @param config The configuration.
   * @param outputs Where to write.
   * @returns The running server.
   * @throws {BindError} If an address can't be listened on; nothing is left open then.
   */
  static async start(config: Config, outputs: Outputs): Promise<Server> {
    const server = new Server(config, outputs);
    try {
      server.#endpoint = server.#openEndpoint(config);
      for (const listener of config.listeners) server.#open(listener);
    } catch (error) {
      await server.stop(0);
      throw error;
    }
    server.#warmFixed();
    server.#state = "ready";
    return server;
  }

  /**
   * Puts a new configuration in force. What stays is not touched, what is new is opened before anything old is
   * closed, and sessions go on by the rules they started with.
   *
   * @param config The new configuration.
   * @throws {BindError} If a new address can't be listened on; everything is as it was then.
   */
  async reload(config: Config): Promise<void> {
    const moved = !this.#outputs.worker &&
      endpointOf(config) !== endpointOf(this.#book.config);
    const added = config.listeners.filter((each) => !this.#listeners.has(each.name));
    const endpoint = moved ? this.#openEndpoint(config) : this.#endpoint;
    try {
      for (const listener of added) this.#open(listener);
    } catch (error) {
      for (const { name } of added) this.#close(name);
      if (moved) await endpoint?.[Symbol.asyncDispose]();
      throw error;
    }
    const names = new Set(config.listeners.map((each) => each.name));
    for (const name of this.#listeners.keys()) if (!names.has(name)) this.#close(name);
    const old = this.#endpoint;
    this.#endpoint = endpoint;
    this.#resolver.configure(config.dns);
    this.#clientLimits.configure(config.clientLimits);
    this.#clusters.configure(config);
    this.#book = this.#rulebook(config);
    clearInterval(this.#poolSweep);
    this.#poolSweep = this.#sweepPools(config);
    this.#pools.configure((label, backend) => this.#poolSettings(label, backend));
    this.#sessions.interval = sweepInterval(Object.values(config.timeouts));
    this.#warmFixed();
    this.#room.configure(config.maxConnections);
    if (moved) await old?.[Symbol.asyncDispose]();
  }

  /**
   * Takes all metrics down.
   *
   * @returns Them, to be merged with those of other workers.
   */
  metrics(): Promise<MetricsSnapshot> {
    return this.#metrics.snapshot();
  }

  /**
   * Counts and dates a reload.
   *
   * @param result Whether it took effect.
   */
  reloaded(result: "success" | "failure"): void {
    this.#metrics.reloaded(result);
    const reload = { at: Date.now(), result };
    this.#age = { loadedAt: result === "success" ? reload.at : this.#age.loadedAt, reload };
  }

  /**
   * Stops accepting, lets sessions finish, and closes what is left.
   *
   * @param timeout How long sessions may take, in milliseconds.
   * @returns When everything is closed.
   */
  async stop(timeout: number): Promise<void> {
    this.#state = "draining";
    if (timeout > 0) await this.#lastClients();
    for (const name of this.#listeners.keys()) this.#close(name);
    this.#room.wake();
    this.#endpoint?.endStreams();
    for (const session of this.#sessions.all) session.drain();
    if (timeout > 0) {
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, timeout);
      await Promise.race([this.#drained(), late.promise]);
      clearTimeout(timer);
    }
    this.#over = true;
    this.#room.wake();
    for (const session of this.#sessions.all) session.close("shutdown");
    await this.#drained();
    clearInterval(this.#poolSweep);
    this.#clusters[Symbol.dispose]();
    this.#resolver[Symbol.dispose]();
    this.#pools.drain();
    this.#sessions[Symbol.dispose]();
    this.#activity[Symbol.dispose]();
    await this.#endpoint?.[Symbol.asyncDispose]();
  }

  /** Lets those in who wait in the backlog already: with the listener, the system would reset them. */
  async #lastClients(): Promise<void> {
    for (let look = 0, before = -1; look < LAST_LOOKS && before !== this.#accepted; look++) {
      before = this.#accepted;
      await new Promise((resolve) => setTimeout(resolve, LAST_LOOK_MS));
    }
  }

  /** What the status page shows. */
  status(): StatusData {
    return gatherStatus({
      version: this.#outputs.version,
      builtAt: this.#builtAt,
      state: this.#state,
      age: this.#age,
      config: this.#book.config,
      clusters: this.#book.clusters,
      pools: this.#pools,
      counts: this.#metrics.allCounts,
      activity: this.#activity,
      active: this.#sessions.size,
      max: this.#room.most,
      droppedLogLines: this.#outputs.access.dropped,
    });
  }

  /** A socket for the pool, by the rules in force now. */
  async #dialWarm(route: string, backend: string): Promise<Deno.TcpConn> {
    const { config, resolve, guard } = this.#book;
    const parsed = parseAddress(backend, LOCAL_HOST);
    if (!("value" in parsed)) throw new Error(`${backend} is no address`);
    // Not `AbortSignal.timeout`: its timer would stay for all of the time, long after the connection.
    const attempt = new AbortController();
    const timer = setTimeout(() => attempt.abort(), config.timeouts.connect);
    const connected = await connect(
      parsed.value,
      resolve,
      attempt.signal,
      route === "forward" ? guard : undefined,
    );
    clearTimeout(timer);
    if (connected.kind === "connected") return connected.conn;
    throw new Error(connected.detail);
  }

  /** Where a number of warm sockets is configured, they are there before the first client. */
  #warmFixed(): void {
    const { pool } = this.#book.config;
    for (const { label, group, endpoints } of this.#clusters.all.values()) {
      const settings = group.pool ?? pool;
      if (!settings.enabled || typeof settings.preconnect !== "number") continue;
      for (const { key } of endpoints) this.#pools.of(label, key, settings).warm();
    }
  }

  #sweepPools({ poolSweep }: Config): ReturnType<typeof setInterval> {
    return setInterval(() => {
      this.#clusters.refresh();
      this.#warmFixed();
      this.#pools.sweep();
    }, poolSweep);
  }

  /** What the pools of a route's backend keep; `undefined` if the route or the backend is gone. */
  #poolSettings(label: string, key: string): ConnectionPool | undefined {
    const cluster = this.#clusters.all.values().find((each) =>
      each.label === label && each.has(key)
    );
    if (cluster === undefined) return undefined;
    const settings = cluster.group.pool ?? this.#book.config.pool;
    return settings.enabled ? settings : undefined;
  }

  #tellHealth(route: string, { key, up, reason }: Endpoint): void {
    if (up) this.#outputs.log.info("backend up", { route, backend: key });
    else this.#outputs.log.warn("backend down", { route, backend: key, reason });
  }

  #rulebook(config: Config): Rulebook {
    const own = config.listeners.map((each) => each.address);
    if (config.metrics.enabled) own.push(config.metrics.address);
    const { connections, connectionsPerSecond } = config.clientLimits;
    return {
      config,
      rules: compileRules(config),
      guard: createNetworkGuard(config.forward, own),
      resolve: this.#resolver.resolve,
      clusters: this.#clusters.all,
      ...((connections > 0 || connectionsPerSecond > 0) && { clientLimits: this.#clientLimits }),
      trusted: new Map(
        config.listeners.flatMap(({ name, trustedProxies }) =>
          trustedProxies === undefined ? [] : [[name, createNetworkTest(trustedProxies)]]
        ),
      ),
      pools: this.#pools,
    };
  }

  async #drained(): Promise<void> {
    while (this.#sessions.size + this.#accepting > 0) await this.#room.freed();
  }

  #open({ name, address }: Listener): void {
    const listener = bind(address, () => listen(address, this.#outputs.worker));
    this.#listeners.set(name, listener);
    this.#outputs.log.info("listening", { address: name });
    this.#accepting++;
    this.#accept(name, listener, this.#activity.listener(name)).then(() => {
      this.#accepting--;
      this.#room.wake();
    });
  }

  #close(name: string): void {
    const listener = this.#listeners.get(name);
    if (listener === undefined) return;
    this.#listeners.delete(name);
    listener.close();
    this.#outputs.log.info("stopped listening", { address: name });
  }

  #openEndpoint({ metrics }: Config): StatusEndpoint | undefined {
    if (!metrics.enabled || this.#outputs.worker) return undefined;
    const endpoint = bind(metrics.address, () =>
      serveEndpoint(metrics.address, {
        metrics: () => this.#metrics.expose(),
        contentType: this.#metrics.contentType,
        ready: () => this.#state === "ready",
        status: () => this.status(),
      }));
    this.#outputs.log.info("serving metrics", { address: canonical(metrics.address) });
    return endpoint;
  }

  /** Accepts for as long as the listener is open; rests while there are as many sessions as may be. */
  async #accept(
    name: string,
    listener: Deno.TcpListener,
    count: ListenerCount,
  ): Promise<void> {
    for (;;) {
      while (this.#room.isFull(this.#sessions.size)) await this.#room.freed();
      if (this.#listeners.get(name) !== listener) return;
      let conn: Deno.TcpConn;
      try {
        conn = await listener.accept();
      } catch (error) {
        if (this.#listeners.get(name) === listener) await this.#acceptFailed(error);
        continue;
      }
      // Another listener may have filled the last place while this one waited for a client. Looking and taking
      // are one turn: whoever else was woken looks after that.
      while (!this.#over && this.#room.isFull(this.#sessions.size)) await this.#room.freed();
      if (this.#over) return conn.close();
      count.accepted++;
      this.#begin(conn, name);
    }
  }

  async #begin(conn: Deno.TcpConn, listener: string): Promise<void> {
    this.#accepted++;
    const session = new Session(conn, listener, this.#book, this.#observer);
    this.#sessions.add(session);
    // Accepted just before the end: it has not been among those that were told.
    if (this.#listeners.size === 0) session.drain();
    await session.run();
    this.#sessions.delete(session);
    this.#room.wake();
  }

  async #acceptFailed(error: unknown): Promise<void> {
    // A client that is gone before it was accepted: nothing is wrong here.
    if (error instanceof Deno.errors.ConnectionAborted) return;
    if (error instanceof Deno.errors.ConnectionReset) return;
    if (error instanceof Deno.errors.NotConnected) return;
    if (isOutOfDescriptors(error)) this.#exhausted();
    else this.#outputs.log.error("accept failed", { error: String(error) });
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }

  /** There is no descriptor left. */
  #exhausted(): void {
    let resting = 0;
    for (const size of this.#pools.sizes.values()) resting += size;
    // Nobody needs these as much as a client that is waiting.
    this.#pools.flush();
    const now = performance.now();
    const most = this.#room.shrink(() => {
      let sockets = resting;
      for (const session of this.#sessions.all) sockets += session.sockets;
      return sockets;
    }, now);
    if (most === undefined || now - this.#warnedAt < WARN_EVERY_MS) return;
    this.#warnedAt = now;
    this.#outputs.log.warn(
      "out of file descriptors: serving fewer connections at a time until the next reload; " +
        "raise the limit (ulimit -n) to twice max_connections and some more",
      { connections: most },
    );
  }
}

function endpointOf({ metrics }: Config): string {
  return metrics.enabled ? canonical(metrics.address) : "off";
}
