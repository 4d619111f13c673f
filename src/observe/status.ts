/**
 * What the status page tells: plain data, the same for one event loop and for several together. It can be written as
 * JSON and sent between threads. Times are milliseconds since 1970, durations are milliseconds; counters begin with
 * the process.
 *
 * @module
 */
import type { Protocol } from "../sniff/sniffed.ts";
import type { End } from "./summary.ts";

/** Everything there is to tell. */
export interface StatusData {
  /** The program's version. */
  readonly version: string;
  /** When the program's file was written; absent if it may not be looked at. */
  readonly builtAt?: number;
  /** Whether clients are accepted: not yet, yes, or not any more. */
  readonly state: "starting" | "ready" | "draining";
  /** When this was put together. */
  readonly at: number;
  /** When the process began. */
  readonly startedAt: number;
  /** How many event loops share the work. */
  readonly workers: number;
  /** Resident memory of the process, in bytes. */
  readonly memory: number;
  /** Log lines thrown away because their reader was slow or gone. */
  readonly droppedLogLines: number;
  /** The configuration in force. */
  readonly config: ConfigStatus;
  /** Clients. */
  readonly connections: {
    /** From accept to close. */
    readonly active: number;
    /** How many there may be. */
    readonly max: number;
  };
  /** All routes together, clients without one included. */
  readonly totals: Totals;
  /** Where clients come in, in the order of the file. */
  readonly listeners: readonly ListenerStatus[];
  /** In the order of the file; then what is left: the fallback, forwarded names, clients without a route. */
  readonly routes: readonly RouteStatus[];
  /** How many routes were left out to keep this short. */
  readonly routesLeftOut: number;
  /** What clients spoke. */
  readonly protocols: Readonly<Record<Protocol, number>>;
  /** What TLS clients offered. */
  readonly tls: TlsStatus;
  /** How connections and requests ended that did not end well, the most frequent first. */
  readonly ends: readonly EndCount[];
  /** Names without a rule, the most frequent first. */
  readonly unknownNames: readonly UnknownName[];
  /** What has ended lately, the latest first. */
  readonly recent: readonly RecentEnd[];
  /** The last minutes. */
  readonly history: History;
}

/** How old a configuration is. */
export interface ConfigStatus {
  /** Since when it is in force. */
  readonly loadedAt: number;
  /** The last reload that was asked for; absent if there was none. */
  readonly reload?: {
    /** When. */
    readonly at: number;
    /** Whether it took effect. */
    readonly result: "success" | "failure";
  };
}

/** What is counted since the start. */
export interface Totals {
  /** Connections that were accepted. */
  readonly accepted: number;
  /** Connections and HTTP/1.x requests that have ended: lines of the access log. */
  readonly ended: number;
  /** Those of them that did not end well. */
  readonly failed: number;
  /** Bytes received from clients. */
  readonly rx: number;
  /** Bytes sent to clients. */
  readonly tx: number;
  /** Requests for a backend socket that the pool could serve. */
  readonly hits: number;
  /** Those that it could not. */
  readonly misses: number;
  /** Connecting that clients did not have to wait for. */
  readonly savedMs: number;
}

/** One listener. */
export interface ListenerStatus {
  /** Its address. */
  readonly name: string;
  /** Whether connections begin with a PROXY header. */
  readonly proxyProtocol: boolean;
  /** Connections accepted. */
  readonly accepted: number;
}

/** One route: all rules that share a name. */
export interface RouteStatus {
  /** Its name. */
  readonly name: string;
  /** Backends; a refusal; the backends of those without a rule; the name itself; or those that never got a route. */
  readonly kind: "proxy" | "reject" | "fallback" | "forward" | "none";
  /** The first few of its patterns. */
  readonly hosts: readonly string[];
  /** How many more there are. */
  readonly moreHosts: number;
  /** Connections and requests that have ended. */
  readonly ended: number;
  /** Those of them that did not end well. */
  readonly failed: number;
  /** HTTP/1.x answers of backends: 1xx to 5xx. */
  readonly answers: readonly number[];
  /** Bytes received from clients. */
  readonly rx: number;
  /** Bytes sent to clients. */
  readonly tx: number;
  /** Backend sockets in use. */
  readonly active: number;
  /** Requests for a backend socket that the pool could serve. */
  readonly hits: number;
  /** Those that it could not. */
  readonly misses: number;
  /** Connecting that clients did not have to wait for. */
  readonly savedMs: number;
  /** Backend sockets at rest that have served. */
  readonly idle: number;
  /** Backend sockets at rest that are new. */
  readonly warm: number;
  /** Backends in the order of the file. */
  readonly backends: readonly BackendStatus[];
}

/** One backend of a route. */
export interface BackendStatus {
  /** Its address, as configured. */
  readonly name: string;
  /** Its share. */
  readonly weight: number;
  /** Whether it is used only while the others can't be. */
  readonly backup: boolean;
  /** How it is asked whether it works; absent: it is not. */
  readonly check?: "tcp" | "tls" | "http";
  /** Whether it can be used, by those who see it so. */
  readonly up: boolean;
  /** How many event loops can use it. */
  readonly upIn: number;
  /** How many there are. */
  readonly knownTo: number;
  /** The addresses it comes to; none if its name does not resolve. */
  readonly places: readonly PlaceStatus[];
}

/** One address of a backend. */
export interface PlaceStatus {
  /** Address and port. */
  readonly address: string;
  /** Whether it is used; if not, its checks fail, or it has failed clients and is left alone. */
  readonly state: "up" | "ejected" | "down";
  /** Why it is not used. */
  readonly reason?: string;
  /** When the last check or client found it failing. */
  readonly failedAt?: number;
  /** What the last failure was, whether it is used or not. */
  readonly failure?: string;
  /** Until when it is left alone at least. */
  readonly until?: number;
  /** Sockets in use. */
  readonly active: number;
  /** Sockets at rest. */
  readonly pooled: number;
  /** Tunnels and requests it was used for. */
  readonly used: number;
  /** Clients it has failed. */
  readonly failures: number;
}

/** What TLS clients offered. */
export interface TlsStatus {
  /** ClientHellos. */
  readonly hellos: number;
  /** Those with a post-quantum key share. */
  readonly postQuantum: number;
  /** Those with an encrypted_client_hello, real or GREASE. */
  readonly ech: number;
  /** How many offered each version. */
  readonly versions: Readonly<Record<string, number>>;
  /** How many offered each protocol; `none` offered no ALPN at all. */
  readonly alpn: Readonly<Record<string, number>>;
}

/** How often something ended so. */
export interface EndCount {
  /** The word, as in the logs. */
  readonly end: End;
  /** What it means. */
  readonly meaning: string;
  /** How often. */
  readonly count: number;
}

/** A name that no rule is for. */
export interface UnknownName {
  /** The name, as clients asked for it. */
  readonly name: string;
  /** How often at most. */
  readonly count: number;
  /** By how much that may be too high: what was counted before this name took the place. */
  readonly error: number;
}

/** A connection or request that has ended: what the access log says of it. */
export interface RecentEnd {
  /** When. */
  readonly at: number;
  /** The connection's id. */
  readonly id: string;
  /** The client's address and port. */
  readonly client: string;
  /** The listener. */
  readonly listener: string;
  /** What it spoke. */
  readonly protocol: Protocol;
  /** The name asked for. */
  readonly name?: string;
  /** The route. */
  readonly route?: string;
  /** The backend. */
  readonly backend?: string;
  /** The status of an HTTP answer. */
  readonly status?: number;
  /** Bytes received from the client. */
  readonly rx: number;
  /** Bytes sent to the client. */
  readonly tx: number;
  /** How long it waited for a backend. */
  readonly connectMs?: number;
  /** How long it took. */
  readonly totalMs: number;
  /** How it ended. */
  readonly end: End;
  /** What exactly happened, if it did not end well. */
  readonly detail?: string;
}

/** What happened in each of the last intervals, the oldest first; all lists are as long as each other. */
export interface History {
  /** The length of an interval. */
  readonly interval: number;
  /** The end of the last one, a multiple of `interval`. */
  readonly until: number;
  /** Connections open at its end. */
  readonly active: readonly number[];
  /** Connections accepted. */
  readonly accepted: readonly number[];
  /** Connections and requests that ended. */
  readonly ended: readonly number[];
  /** Those of them that did not end well. */
  readonly failed: readonly number[];
  /** Bytes received from clients. */
  readonly rx: readonly number[];
  /** Bytes sent to clients. */
  readonly tx: readonly number[];
  /** Backend sockets that came from the pool. */
  readonly hits: readonly number[];
  /** Backend sockets that did not. */
  readonly misses: readonly number[];
}
