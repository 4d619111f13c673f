/**
 * One tunnel's or one request's way from backend to backend.
 *
 * @module
 */
import { canonical } from "./config/address.ts";
import type { Address, BackendGroup, ConnectionPool } from "./config/config.ts";
import type { Decision } from "./route/decide.ts";
import { REASONS, type Refusal } from "./route/refusal.ts";
import type { Cluster } from "./upstream/cluster.ts";
import type { Endpoint } from "./upstream/endpoint.ts";
import type { End } from "./observe/summary.ts";

/** A decision to connect. */
export type Proxied = Exclude<Decision, Refusal>;

/**
 * What one tunnel or one request is after: a socket to a backend that works. It goes from backend to backend until it
 * has one, or nobody is left to ask.
 */
export class Errand {
  /** What was decided. */
  readonly decision: Proxied;
  /** How sockets are kept. */
  readonly pool: ConnectionPool;
  /** The backends; absent if the name itself is the backend. */
  readonly cluster?: Cluster;
  /** How the client's configuration has them used; absent if the name itself is the backend. */
  readonly group?: BackendGroup;
  /** Where to connect: the backend it is with, or the name itself. */
  target: Address;
  /** The backend it is with; absent for a name itself. */
  endpoint?: Endpoint;
  /** Backends that have failed. */
  readonly tried: Endpoint[] = [];
  /** When the last attempt has to be over, as of `performance.now()`. */
  deadline?: number;
  #answered = false;

  /**
   * Begins one.
   *
   * @param decision What was decided.
   * @param pool How sockets are kept.
   * @param cluster The backends; absent if the name itself is the backend.
   * @param target The name itself.
   */
  constructor(
    decision: Proxied,
    pool: ConnectionPool,
    cluster: Cluster | undefined,
    target: Address,
  ) {
    this.decision = decision;
    this.group = decision.kind === "proxy" ? decision.group : undefined;
    this.pool = pool;
    this.cluster = cluster;
    this.target = target;
  }

  /** Whether another backend may be asked if this one fails. */
  get mayGoOn(): boolean {
    return this.cluster !== undefined && this.group !== undefined &&
      this.tried.length < this.group.retries && this.cluster.size > this.tried.length + 1;
  }

  /** What the backend is called in logs. */
  get name(): string {
    return this.endpoint?.backend.name ?? canonical(this.target);
  }

  /** Whether sockets are kept for the backend it is with; not for one that a reload has taken away since. */
  get pools(): boolean {
    const { cluster, endpoint } = this;
    return this.pool.enabled &&
      (cluster === undefined || endpoint === undefined || cluster.isCurrent(endpoint));
  }

  /** What its pool is called. */
  get key(): string {
    return this.endpoint?.key ?? canonical(this.target);
  }

  /** IP addresses to dial for the backend it is with. */
  get addresses(): readonly string[] {
    const { cluster, endpoint } = this;
    return cluster === undefined || endpoint === undefined ? [] : cluster.addressesOf(endpoint);
  }

  /**
   * Goes to the backend whose turn it is.
   *
   * @param source The client's IP address.
   * @returns Why there is none.
   */
  choose(source: string): Refusal | undefined {
    if (this.cluster === undefined) return undefined;
    const chosen = this.cluster.choose(source, this.tried);
    if (typeof chosen === "string") {
      const detail = `route ${this.decision.label}: ${REASONS[chosen]}`;
      return { kind: "refusal", reason: chosen, detail };
    }
    this.endpoint = chosen;
    this.target = chosen;
    return undefined;
  }

  /**
   * Leaves the backend it is with, which could not be reached, or broke off before it had said anything.
   *
   * @param source The client's IP address.
   * @param reason What has become of it, as the logs call it.
   * @returns Whether it is with another one now.
   */
  goOn(source: string, reason: End): boolean {
    const { endpoint, mayGoOn } = this;
    this.failed(reason);
    if (endpoint === undefined || !mayGoOn) return false;
    if (this.deadline !== undefined && performance.now() >= this.deadline) return false;
    this.tried.push(endpoint);
    return this.choose(source) === undefined;
  }

  /**
   * Notes that the backend it is with has failed.
   *
   * @param reason How, as the logs call it.
   */
  failed(reason: End): void {
    if (this.endpoint !== undefined) this.cluster?.failed(this.endpoint, reason);
  }

  /** Notes, once, that the backend it is with has said something. */
  succeeded(): void {
    if (this.endpoint === undefined || this.#answered) return;
    this.#answered = true;
    this.cluster?.succeeded(this.endpoint);
  }

  /** Counts a socket in use. */
  begin(): void {
    if (this.endpoint === undefined) return;
    this.endpoint.active++;
    this.endpoint.used++;
  }

  /** Counts the end of that. */
  end(): void {
    if (this.endpoint !== undefined) this.endpoint.active--;
  }
}
