/**
 * One place to connect to: a backend's address, or one of the addresses of a backend that has a name.
 *
 * @module
 */
import type { Backend } from "../config/config.ts";
import { canonical } from "../config/address.ts";

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
