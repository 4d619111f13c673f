/**
 * One place to connect to: a backend's address, or one of the addresses of a backend that has a name.
 *
 * @module
 */
import type { Backend } from "../config/config.ts";
import { canonical } from "../config/address.ts";

/** That a place has failed. */
export interface Failure {
  /** How. */
  readonly reason: string;
  /** When, as of the clock of whoever has noticed: `performance.now()`. */
  readonly at: number;
}

/** A place and what is known about it; shared by all versions of the configuration that have it. */
export class Endpoint {
  /** The backend that it belongs to. */
  backend: Backend;
  /** An IP address. */
  readonly host: string;
  /** Its port. */
  readonly port: number;
  /** Address and port in canonical form. */
  readonly key: string;
  /** Sockets to it in use. */
  active = 0;
  /** Tunnels and requests it was used for. */
  used = 0;
  /** Clients it has failed. */
  failures = 0;
  /** What its last failure was, of a client or of a check, and when. */
  failure?: Failure;
  /** Whether the last checks found it working; true if it is not checked. */
  up = true;
  /** Why it is not; absent while it is. */
  reason?: string;

  /**
   * Makes one that is up.
   *
   * @param backend The backend.
   * @param host Its address, or one of them.
   */
  constructor(backend: Backend, host: string) {
    this.backend = backend;
    this.host = host;
    this.port = backend.address.port;
    this.key = canonical({ host, port: this.port });
  }

  /** Its share beside the others'. */
  get weight(): number {
    return this.backend.weight;
  }
}
