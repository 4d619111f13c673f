/**
 * What is counted, for Prometheus. Labels are the proxy's own words and names from the configuration, never
 * what a client sent, so their number is bounded.
 *
 * @module
 */
import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from "prom-client";
import { REASONS } from "../route/refusal.ts";
import type { BackendState } from "../upstream/clusters.ts";
import type { Eviction } from "../pool/pool.ts";
import type { Protocol } from "../sniff/sniffed.ts";
import type { End, Summary } from "./summary.ts";

/** What is counted for one route while its connections live. */
export interface RouteCounts {
  /** Bytes received from clients. */
  rx: number;
  /** Bytes sent to clients. */
  tx: number;
  /** Connections and HTTP/1.x requests that have ended. */
  ended: number;
  /** Those of them that did not end well. */
  failed: number;
  /** HTTP/1.x answers of backends: 1xx to 5xx. */
  readonly answers: number[];
  /** Backend sockets in use. */
  active: number;
  /** Requests for a backend socket that the pool could serve. */
  hits: number;
  /** Those that it could not, so that one had to be connected. */
  misses: number;
  /** Sockets that served once more. */
  reuses: number;
  /** Sockets that could not be kept because one side would not have it. */
  rejections: number;
  /** Milliseconds of connecting that clients did not have to wait for. */
  savedMs: number;
  /** Sockets at rest that were closed. */
  readonly evictions: Record<Eviction, number>;
}

/** What reads the numbers that somebody else keeps, when they are asked for. */
export interface Gauges {
  /** Connections from accept to close. */
  activeConnections(): number;
  /** How many there may be. */
  maxConnections(): number;
  /** Log lines thrown away. */
  droppedLogLines(): number;
  /** Sockets at rest, by route. */
  pooled(): ReadonlyMap<string, number>;
  /** Whether backends can be used. */
  backends(): readonly BackendState[];
}

const POOL_COUNTERS = [
  [
    "sniproxy_pool_hits_total",
    "Requests for a backend socket that the pool could serve",
    "hits",
  ],
  [
    "sniproxy_pool_misses_total",
    "Requests for a backend socket that the pool could not serve",
    "misses",
  ],
  ["sniproxy_keep_alive_reuses_total", "Backend sockets that served once more", "reuses"],
  [
    "sniproxy_keep_alive_rejections_total",
    "Backend sockets that could not be kept because one side would not have it",
    "rejections",
  ],
] as const;

/** The route label of connections that were refused before a rule was found. */
const NO_ROUTE = "none";

/** Kept by prom-client only for a process that may read all of /proc; without, they would say 0. */
const UNREADABLE = [
  "process_virtual_memory_bytes",
  "process_heap_bytes",
  "process_open_fds",
  "process_max_fds",
];

/** All values at one moment, as plain data. */
export type MetricsSnapshot = MetricObjectWithValues<MetricValue<string>>[];

/** All metrics of one process, or of one of its workers. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #counts = new Map<string, RouteCounts>();
  readonly #connections: Counter<"protocol" | "status">;
  readonly #durations: Histogram<"protocol" | "route">;
  readonly #errors: Counter<"error_type" | "protocol">;
  readonly #protocols: Counter<"protocol">;
  readonly #reloads: Counter<"result">;
  readonly #connectSeconds: Histogram<"route">;
  readonly #children = new Map<string, { inc(): void }>();
  readonly #timers = new Map<string, { observe(seconds: number): void }>();

  /**
   * Registers all metrics.
   *
   * @param version The program's version.
   * @param gauges Where current values are read.
   * @param process Whether it tells of the process as a whole, too.
   */
  constructor(version: string, gauges: Gauges, process = true) {
    const registers = [this.#registry];
    if (process) this.#defaults();
    this.#connections = new Counter({
      name: "sniproxy_connections_total",
      help: "Connections that have ended, by what they spoke and how they ended",
      labelNames: ["protocol", "status"],
      registers,
    });
    this.#durations = new Histogram({
      name: "sniproxy_connection_duration_seconds",
      help: "From accept to the end",
      labelNames: ["protocol", "route"],
      buckets: [0.001, 0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800],
      registers,
    });
    this.#errors = new Counter({
      name: "sniproxy_errors_total",
      help: "Connections that were refused or broke, by reason",
      labelNames: ["error_type", "protocol"],
      registers,
    });
    this.#protocols = new Counter({
      name: "sniproxy_protocol_distribution_total",
      help: "Connections by the protocol their first bytes showed",
      labelNames: ["protocol"],
      registers,
    });
    this.#reloads = new Counter({
      name: "sniproxy_config_reloads_total",
      help: "Reloads of the configuration",
      labelNames: ["result"],
      registers,
    });
    for (const result of ["success", "failure"]) this.#reloads.inc({ result }, 0);
    this.#connectSeconds = new Histogram({
      name: "sniproxy_backend_connect_seconds",
      help: "From a decision to a connected backend, name resolution included",
      labelNames: ["route"],
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    });
    const counts = this.#counts;
    new Counter({
      name: "sniproxy_bytes_transferred_total",
      help: "Bytes received from clients (rx) and sent to clients (tx)",
      labelNames: ["route", "direction"],
      registers,
      collect(): void {
        this.reset();
        for (const [route, { rx, tx }] of counts) {
          this.inc({ route, direction: "rx" }, rx);
          this.inc({ route, direction: "tx" }, tx);
        }
      },
    });
    for (const [name, help, key] of POOL_COUNTERS) {
      new Counter({
        name,
        help,
        labelNames: ["route"],
        registers,
        collect(): void {
          this.reset();
          for (const [route, each] of counts) this.inc({ route }, each[key]);
        },
      });
    }
    new Counter({
      name: "sniproxy_pool_evictions_total",
      help: "Sockets at rest that were closed, by reason",
      labelNames: ["route", "reason"],
      registers,
      collect(): void {
        this.reset();
        for (const [route, { evictions }] of counts) {
          for (const [reason, value] of Object.entries(evictions)) {
            this.inc({ route, reason }, value);
          }
        }
      },
    });
    new Counter({
      name: "sniproxy_pool_connect_seconds_saved_total",
      help: "Connect time that clients did not have to wait for, as the recent median of it",
      labelNames: ["route"],
      registers,
      collect(): void {
        this.reset();
        for (const [route, { savedMs }] of counts) this.inc({ route }, savedMs / 1000);
      },
    });
    new Gauge({
      name: "sniproxy_pool_active_connections",
      help: "Backend sockets in use",
      labelNames: ["route"],
      registers,
      collect(): void {
        for (const [route, { active }] of counts) this.set({ route }, active);
      },
    });
    new Gauge({
      name: "sniproxy_pool_size",
      help: "Backend sockets at rest",
      labelNames: ["route"],
      registers,
      collect(): void {
        const idle = gauges.pooled();
        for (const route of counts.keys()) this.set({ route }, idle.get(route) ?? 0);
      },
    });
    new Gauge({
      name: "sniproxy_backend_up",
      help:
        "Whether a backend can be used: 0 if its checks fail, it is ejected or its name has no address",
      labelNames: ["route", "backend"],
      // Of several workers each checks for itself: it is up if it is for all of them.
      aggregator: "min",
      registers,
      collect(): void {
        this.reset();
        for (const { route, backend, up } of gauges.backends()) {
          this.set({ route, backend }, up ? 1 : 0);
        }
      },
    });
    new Gauge({
      name: "sniproxy_connections_active",
      help: "Connections from accept to close",
      registers,
      collect(): void {
        this.set(gauges.activeConnections());
      },
    });
    new Gauge({
      name: "sniproxy_connections_max",
      help: "Connections served at a time: max_connections, or fewer while descriptors are short",
      registers,
      collect(): void {
        this.set(gauges.maxConnections());
      },
    });
    new Counter({
      name: "sniproxy_log_lines_dropped_total",
      help: "Log lines thrown away because their reader was slow or gone",
      registers,
      collect(): void {
        this.reset();
        this.inc(gauges.droppedLogLines());
      },
    });
    new Gauge({
      name: "sniproxy_build_info",
      help: "Always 1; the version is in the label",
      labelNames: ["version"],
      aggregator: "first",
      registers,
    }).set({ version }, 1);
  }

  /** The media type of {@linkcode expose}. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /**
   * Writes all metrics down.
   *
   * @returns Prometheus text.
   */
  expose(): Promise<string> {
    return this.#registry.metrics();
  }

  /**
   * Takes all values down.
   *
   * @returns Them, to be merged with those of others.
   */
  snapshot(): Promise<MetricsSnapshot> {
    return this.#registry.getMetricsAsJSON();
  }

  /**
   * What is counted for a route, to be held and added to.
   *
   * @param route The route's label; absent for clients that never got one.
   * @returns The same object for the same label.
   */
  counts(route: string = NO_ROUTE): RouteCounts {
    let counts = this.#counts.get(route);
    if (counts === undefined) {
      counts = {
        rx: 0,
        tx: 0,
        ended: 0,
        failed: 0,
        answers: [0, 0, 0, 0, 0],
        active: 0,
        hits: 0,
        misses: 0,
        reuses: 0,
        rejections: 0,
        savedMs: 0,
        evictions: {
          ttl: 0,
          idle: 0,
          closed_by_backend: 0,
          unexpected_data: 0,
          full: 0,
          reload: 0,
          shutdown: 0,
        },
      };
      this.#counts.set(route, counts);
    }
    return counts;
  }

  /** What is counted for all routes. */
  get allCounts(): ReadonlyMap<string, RouteCounts> {
    return this.#counts;
  }

  /**
   * Counts what a connection turned out to speak.
   *
   * @param protocol What it speaks.
   */
  detected(protocol: Protocol): void {
    this.#child(`p ${protocol}`, () => this.#protocols.labels({ protocol })).inc();
  }

  /**
   * Notes how long a backend took to connect.
   *
   * @param route The route's label.
   * @param ms Milliseconds.
   */
  connected(route: string, ms: number): void {
    this.#timer(`c ${route}`, () => this.#connectSeconds.labels({ route })).observe(ms / 1000);
  }

  /**
   * Counts a connection that has ended.
   *
   * @param summary The connection.
   * @param end How it ended.
   */
  ended({ protocol, route, totalMs }: Summary, end: End): void {
    const status = end === "done" ? "success" : end in REASONS ? "refused" : "failure";
    this.#child(
      `s ${protocol} ${status}`,
      () => this.#connections.labels({ protocol, status }),
    ).inc();
    if (end !== "done") {
      this.#child(
        `e ${end} ${protocol}`,
        () => this.#errors.labels({ error_type: end, protocol }),
      ).inc();
    }
    const label = route ?? NO_ROUTE;
    this.#timer(
      `d ${protocol} ${label}`,
      () => this.#durations.labels({ protocol, route: label }),
    ).observe((totalMs ?? 0) / 1000);
  }

  /**
   * Counts a reload.
   *
   * @param result Whether the new configuration is in force.
   */
  reloaded(result: "success" | "failure"): void {
    this.#reloads.inc({ result });
  }

  /** Finding a child by its labels is most of what counting costs, so each is looked up once. */
  #child(key: string, make: () => { inc(): void }): { inc(): void } {
    let child = this.#children.get(key);
    if (child === undefined) this.#children.set(key, child = make());
    return child;
  }

  #timer(key: string, make: () => { observe(s: number): void }): { observe(s: number): void } {
    let timer = this.#timers.get(key);
    if (timer === undefined) this.#timers.set(key, timer = make());
    return timer;
  }

  #defaults(): void {
    // Ten looks at the event loop a second are enough, and let an idle process sleep.
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: 100 });
    for (const name of UNREADABLE) this.#registry.removeSingleMetric(name);
    this.#registry.removeSingleMetric("process_resident_memory_bytes");
    new Gauge({
      name: "process_resident_memory_bytes",
      help: "Resident memory size in bytes.",
      registers: [this.#registry],
      collect(): void {
        this.set(Deno.memoryUsage().rss);
      },
    });
  }
}
