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
}

/** A rule: which names go where. */
export interface Route {
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
  /** Where to connect; empty for `reject`. */
  readonly backends: readonly Address[];
  /** Absent: as everywhere. */
  readonly pool?: ConnectionPool;
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
  /** In the order of the file. */
  readonly routes: readonly Route[];
  /** Sockets to backends that are kept. */
  readonly pool: ConnectionPool;
  /** How often what is too old is looked for, in milliseconds. */
  readonly poolSweep: number;
  /** Where connections with no name or no rule go; absent: refused. */
  readonly fallback?: { readonly backends: readonly Address[] };
  /** What happens to names without a rule. */
  readonly forward: Forward;
  /** Names that are known beforehand. */
  readonly dns: { readonly hosts: ReadonlyMap<string, readonly string[]> };
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
