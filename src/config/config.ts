/**
 * The configuration as the rest of the program sees it: plain, complete (every default filled in) and
 * already checked. Durations are milliseconds. {@linkcode ./load.ts} makes it from YAML.
 *
 * @module
 */

/** A host and a port. An IPv6 host is without brackets; the wildcard of `:port` is `::`. */
export interface Address {
  /** A name or an IP address. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
}

/** A protocol that a route can be limited to; `http` is HTTP/1.x and h2c. */
export type RouteProtocol = "tls" | "http";

/** One socket to accept on. */
export interface Listener {
  /** Where to listen. */
  readonly address: Address;
  /** The address in canonical form, such as `0.0.0.0:443`: a label for logs, and what `listen` names. */
  readonly name: string;
  /**
   * CIDRs of the proxies in front of it, whose connections begin with a PROXY header; absent: nobody's do.
   */
  readonly trustedProxies?: readonly string[];
}

/** One backend of a group. */
export interface Backend {
  /** Where to connect; a name stands for all of its addresses. */
  readonly address: Address;
  /** The address in canonical form: a label for metrics and logs. */
  readonly name: string;
  /** Its share of the connections beside the others', 1 to 256. */
  readonly weight: number;
  /** Whether it is used only while none of the others can be. */
  readonly backup: boolean;
}

/** How a backend is chosen. */
export type Balance = "round_robin" | "least_connections" | "random" | "source_ip";

/** How a backend is told who the client is. */
export type ProxyProtocol = "off" | "v1" | "v2";

/** A token bucket. */
export interface RateLimit {
  /** Connections per second, on average. */
  readonly perSecond: number;
  /** Connections at once, after a pause. */
  readonly burst: number;
}

/** How backends are asked whether they work. */
export interface HealthCheck {
  /** A connection; a ServerHello in answer to a ClientHello; an answer to a request. */
  readonly type: "tcp" | "tls" | "http";
  /** From one check to the next, in milliseconds. */
  readonly interval: number;
  /** The same while the backend is down. */
  readonly fastInterval: number;
  /** How long a check may take, in milliseconds. */
  readonly timeout: number;
  /** Checks in a row that have to succeed until a backend is up. */
  readonly rise: number;
  /** Checks in a row that have to fail until it is down. */
  readonly fall: number;
  /** For `http`: the request's method. */
  readonly method: string;
  /** For `http`: its target. */
  readonly path: string;
  /** For `tls` and `http`: the name to ask for, by default the route's first plain name; absent: none. */
  readonly host?: string;
  /** For `http`: the lowest and the highest status that count as success. */
  readonly status: readonly [number, number];
}

/** When a backend that fails clients is left alone: the circuit breaker. */
export interface OutlierDetection {
  /** Failures in a row until it is ejected. */
  readonly consecutiveFailures: number;
  /** For how long the first time, in milliseconds; longer each time that follows. */
  readonly ejectFor: number;
}

/** Backends that serve the same names, and how they are used. */
export interface BackendGroup {
  /** In the order of the file. */
  readonly backends: readonly Backend[];
  /** How one of them is chosen. */
  readonly balance: Balance;
  /** The header that tells them who the client is. */
  readonly proxyProtocol: ProxyProtocol;
  /** Clients at a time; absent: any number. */
  readonly maxConnections?: number;
  /** Clients per second; absent: any number. */
  readonly rateLimit?: RateLimit;
  /** How many other backends are tried while nothing has been answered yet. */
  readonly retries: number;
  /** Absent: they are not asked. */
  readonly healthCheck?: HealthCheck;
  /** Absent: none is ever ejected. */
  readonly outlierDetection?: OutlierDetection;
  /** Absent: as everywhere. */
  readonly pool?: ConnectionPool;
}

/** What one client may have; 0 is no limit. A client is an IPv4 address or an IPv6 /64. */
export interface ClientLimits {
  /** Connections at a time. */
  readonly connections: number;
  /** Connections per second, on average. */
  readonly connectionsPerSecond: number;
  /** Connections at once, after a pause; 0 is as many as come in a second. */
  readonly burst: number;
}

/** How names are looked up. */
export interface Dns {
  /** Whom to ask, IP and port; empty: the system. */
  readonly servers: readonly Address[];
  /** Names that are known beforehand. */
  readonly hosts: ReadonlyMap<string, readonly string[]>;
  /** What is remembered. Durations in milliseconds. */
  readonly cache: {
    /** Names at a time. */
    readonly maxEntries: number;
    /** How long an answer is good. */
    readonly ttl: number;
    /** How long it is remembered that there is none. */
    readonly negativeTtl: number;
    /** How much longer an old answer serves while nobody gives a new one. */
    readonly stale: number;
  };
}

/** A rule: which names go where. */
export interface Route extends BackendGroup {
  /** Metric label. */
  readonly name: string;
  /** Lower-case names, `*.suffix` wildcards, `/regex/` and `*`, in the order of the file. */
  readonly hosts: readonly string[];
  /** ALPN protocol ids of which the hello must offer one; absent: no condition. */
  readonly alpn?: readonly string[];
  /** Protocols the rule holds for; absent: all. */
  readonly protocols?: readonly RouteProtocol[];
  /** Names of the listeners it holds on; absent: all. */
  readonly listen?: readonly string[];
  /** `reject` refuses; `proxy` connects to one of `backends`. */
  readonly action: "proxy" | "reject";
}

/** Networks that have a name in `deny_networks`. */
export type NamedNetwork =
  | "loopback"
  | "private"
  | "link_local"
  | "unique_local"
  | "multicast"
  | "unspecified"
  | "self";

/** Dynamic forwarding to the name itself. */
export interface Forward {
  /** Whether names without a rule are forwarded. */
  readonly enabled: boolean;
  /** Where to, where the client names no port. */
  readonly ports: { readonly tls: number; readonly http: number };
  /** Names of networks, or CIDRs. */
  readonly denyNetworks: readonly string[];
  /** CIDRs that are let through all the same. */
  readonly allowNetworks: readonly string[];
}

/** How much a log says. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** How log lines are written. */
export type LogFormat = "json" | "text";

/** Sockets to backends that are kept to serve again. */
export interface ConnectionPool {
  /** Whether any are kept. */
  readonly enabled: boolean;
  /** How many, for each backend address. */
  readonly maxPerHost: number;
  /** How old they may get, in milliseconds since they were connected. */
  readonly connectionTtl: number;
  /** How long they may rest, in milliseconds. */
  readonly idleTimeout: number;
  /** Sockets connected beforehand for tunnels: as demand has it, none, or so many at all times. */
  readonly preconnect: "auto" | "off" | number;
}

/** Everything `config.yaml` says. */
export interface Config {
  /** At least one. */
  readonly listeners: readonly Listener[];
  /** Durations, in milliseconds. */
  readonly timeouts: Timeouts;
  /** The HTTP endpoint for machines that watch. */
  readonly metrics: {
    readonly enabled: boolean;
    readonly address: Address;
  };
  /** Lower-case patterns; absent: every name is allowed. */
  readonly allowlist?: readonly string[];
  /** Clients served at a time. */
  readonly maxConnections: number;
  /** How long connections may take to finish after the signal to stop. */
  readonly shutdownTimeout: number;
  /** Event loops that share the listeners. */
  readonly workers: number;
  /** In the order of the file. */
  readonly routes: readonly Route[];
  /** Sockets to backends that are kept. */
  readonly pool: ConnectionPool;
  /** How often what is too old is looked for, in milliseconds. */
  readonly poolSweep: number;
  /** Where connections with no name or no rule go; absent: refused. */
  readonly fallback?: BackendGroup;
  /** What happens to names without a rule. */
  readonly forward: Forward;
  /** How names are looked up. */
  readonly dns: Dns;
  /** What one client may have. */
  readonly clientLimits: ClientLimits;
  /** One line for each connection. */
  readonly accessLog: { readonly enabled: boolean; readonly format: LogFormat };
  /** The program's own log. */
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
}

/** How long things may take, in milliseconds. */
export interface Timeouts {
  /** To connect to a backend, name resolution included. */
  readonly connect: number;
  /** From accept until the whole hello or HTTP head is there. */
  readonly clientHello: number;
  /** Without a byte in either direction. */
  readonly idle: number;
  /** Without a byte, once one side has ended. */
  readonly halfClosed: number;
}
