/**
 * Why a client is turned away: one word each, the same in the access log, in the metrics and in `explain`.
 *
 * @module
 */

/** The reasons there are, with what they mean. */
export const REASONS = {
  no_name: "the client asked for no name, or not for a valid one, and there is no fallback",
  no_route: "no rule matches the name, and there is no fallback",
  not_allowed: "the name is not on the allowlist",
  rejected: "the rule that matches says reject",
  denied_network: "the name resolves to an address in a denied network",
  malformed: "the client's first bytes break the protocol",
  too_slow: "the client's first bytes did not arrive in time",
  unknown_protocol: "the first bytes are neither TLS nor HTTP, and there is no fallback",
  rate_limit: "too many connections in too short a time, from this client or to this route",
  connection_limit:
    "too many connections, of this client, to this route or at all, or no descriptor left",
  no_healthy_backend: "every backend is down, or left alone for a while because it has failed",
  backend_unresolved: "the backend's name does not resolve",
  backend_refused: "the backend refused the connection",
  backend_unreachable: "the backend can't be reached",
  backend_timeout: "the backend did not accept the connection, or did not answer, in time",
  backend_closed: "the backend closed the connection before it had answered",
  backend_malformed: "the backend's answer breaks the protocol",
} as const;

/** A reason's word. */
export type Reason = keyof typeof REASONS;

/** A client that is turned away before it reached a backend. */
export interface Refusal {
  /** Marks the variant. */
  readonly kind: "refusal";
  /** Why. */
  readonly reason: Reason;
  /** What exactly happened: for the log, never for the client. */
  readonly detail: string;
}
