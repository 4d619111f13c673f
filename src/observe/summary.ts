/**
 * What is known about a connection once it has ended: the access log and the metrics are made from it.
 *
 * @module
 */
import type { Reason } from "../route/refusal.ts";
import type { TunnelEnd } from "../relay/tunnel.ts";
import type { Protocol } from "../sniff/sniffed.ts";

/**
 * How a connection ended: `done` if both sides said so; `left` if the client went away before it had said what
 * it wants; a refusal's reason; or what broke the tunnel.
 */
export type End =
  | TunnelEnd
  | Reason
  | "left"
  | "idle_timeout"
  | "half_closed_timeout"
  | "internal_error";

/** One connection. */
export interface Summary {
  /** The connection's id, which its lines in both logs share. */
  readonly id: string;
  /** The client's address and port. */
  client: string;
  /** The listener's name. */
  listener: string;
  /** What it spoke. */
  protocol: Protocol;
  /** The name asked for. */
  name?: string;
  /** The route's label; absent if none was found. */
  route?: string;
  /** The backend it was connected to. */
  backend?: string;
  /** The status an HTTP request was answered with by its backend. */
  status?: number;
  /** Bytes received from the client. */
  rx: number;
  /** Bytes sent to the client. */
  tx: number;
  /** From accept until the name was known. */
  helloMs?: number;
  /** From there until the backend was connected. */
  connectMs?: number;
  /** From accept until the end. */
  totalMs?: number;
  /** What exactly happened, if it did not end well. */
  detail?: string;
}

/**
 * Begins a summary. All of its fields are there from the start: an object that grows moves with every third one.
 *
 * @param id The connection's id.
 * @param client The client's address and port.
 * @param listener The listener's name.
 * @param protocol What it speaks, as far as that is known.
 * @returns The summary of a connection that has done nothing yet.
 */
export function beginSummary(
  id: string,
  client: string,
  listener: string,
  protocol: Protocol,
): Summary {
  return {
    id,
    client,
    listener,
    protocol,
    name: undefined,
    route: undefined,
    backend: undefined,
    status: undefined,
    rx: 0,
    tx: 0,
    helloMs: undefined,
    connectMs: undefined,
    totalMs: undefined,
    detail: undefined,
  };
}
