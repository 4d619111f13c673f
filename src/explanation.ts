/**
 * What `explain` has to say about a name.
 *
 * @module
 */
import type { Reason } from "./route/refusal.ts";

/** All there is to say about a name. */
export interface Explanation {
  /** The name as it was asked for. */
  readonly host: string;
  /** The name as rules see it; `null` if a client that asks so names nobody. */
  readonly name: string | null;
  /** The client's address, if one was given. */
  readonly client: string | null;
  /** ALPN protocol ids that the client offers. */
  readonly alpn: readonly string[];
  /** Whether the allowlist has the name; `null` if there is no allowlist, or no name. */
  readonly allowed: boolean | null;
  /** What happens: one for each protocol and each set of listeners that do the same. */
  readonly outcomes: readonly Outcome[];
}

/** What happens to clients that speak one protocol, on some listeners. */
export interface Outcome extends Destination {
  /** What the client speaks. */
  readonly protocol: "tls" | "http";
  /** Where it comes in. */
  readonly listeners: readonly string[];
  /** The label of the route that wins, `fallback` or `forward`; `null` if none does. */
  readonly route: string | null;
  /** The host pattern that wins. */
  readonly pattern: string | null;
  /** Why it wins. */
  readonly why: string;
  /** Other rules that the name falls under, in the order of their rank. */
  readonly others: readonly Other[];
}

/** A rule that does not win. */
export interface Other {
  /** Its label. */
  readonly route: string;
  /** The host pattern that the name falls under. */
  readonly pattern: string;
  /** Why it does not win. */
  readonly why: string;
}

/** Where a decision leads. */
export interface Destination {
  /** Whether the client is led to the backends of a rule, to the name itself, or turned away. */
  readonly verdict: "proxy" | "forward" | "refused";
  /** Why the client is turned away: the word of the access log and the metrics. */
  readonly reason: Reason | null;
  /** The same in words. */
  readonly detail: string | null;
  /** What a client that is turned away sees. */
  readonly client_sees: string | null;
  /** Where it would connect; `null` if it is turned away by the rules. */
  readonly target: Target | null;
}

/** Backends, and how one of them is chosen. */
export interface Target {
  /** The backends, or the name itself. */
  readonly backends: readonly Place[];
  /** How one of the backends is chosen. */
  readonly balance: string;
  /** The address that is dialled first; `null` if that depends on more than is known here. */
  readonly chosen: string | null;
  /** How that is chosen, in words. */
  readonly choice: string;
  /** Other backends that are tried if it fails. */
  readonly retries: number;
  /** Limits that hold, in words. */
  readonly limits: readonly string[];
  /** How sockets are kept, in words. */
  readonly pool: string;
}

/** A backend, and what its name comes to. */
export interface Place {
  /** As configured. */
  readonly backend: string;
  /** Its share. */
  readonly weight: number;
  /** Whether it is used only while no other can be. */
  readonly backup: boolean;
  /** Its addresses. */
  readonly addresses: readonly string[];
  /** Who says so; `address` if it has no name. */
  readonly source: "address" | "dns.hosts" | "dns.servers" | "system";
  /** Why there are no addresses: there are none, nobody has answered in time, or a permission is missing to ask. */
  readonly missing: "none" | "late" | "permission" | null;
  /** Networks that keep addresses from being dialled, by address. */
  readonly denied: Readonly<Record<string, string>>;
}
