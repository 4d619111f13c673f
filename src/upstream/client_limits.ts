/**
 * What one client may have: connections at a time, and connections per second.
 *
 * @module
 */
import type { ClientLimits as Limits, RateLimit } from "../config/config.ts";
import { parseIp } from "../route/ip.ts";
import { TokenBucket } from "./token_bucket.ts";

/** Clients that are remembered at a time for their rate alone: some 20 MB. */
const MAX_IDLE = 100_000;

/** What is known of a client. */
interface Known {
  /** Connections it has. */
  open: number;
  readonly bucket?: TokenBucket;
}

/**
 * Counts connections by client. A client is an IPv4 address, or the IPv6 /64 that an address is in, for whoever has
 * one address of it has all of them. Memory is bounded: clients with connections are as many as there are
 * connections; those without are remembered until their bucket is full again, but of too many the longest unseen
 * are forgotten before, which fills theirs at once. An attacker with that many addresses needs no second connection from any of them.
 *
 * @example
 * ```ts
 * import { ClientLimits } from "./client_limits.ts";
 *
 * const limits = new ClientLimits({ connections: 1, connectionsPerSecond: 0, burst: 0 });
 * limits.enter("192.0.2.1", 0); // undefined
 * limits.enter("192.0.2.1", 0); // "connection_limit"
 * limits.leave("192.0.2.1");
 * ```
 */
export class ClientLimits {
  /** Those that have connections. */
  readonly #busy = new Map<string, Known>();
  /** Those that have none any more: two generations, of which the older one is forgotten as a whole. */
  #idle = new Map<string, Known>();
  #older = new Map<string, Known>();
  /** When the younger one began. */
  #since = 0;
  #limits: Limits;
  #rate?: RateLimit;

  /**
   * Makes it, with nobody known.
   *
   * @param limits What a client may have.
   */
  constructor(limits: Limits) {
    this.#limits = limits;
    this.#rate = rateOf(limits);
  }

  /** Clients that are remembered. */
  get size(): number {
    return this.#busy.size + this.#idle.size + this.#older.size;
  }

  /**
   * Goes on with other limits. Buckets begin anew if theirs has changed.
   *
   * @param limits What a client may have.
   */
  configure(limits: Limits): void {
    this.#limits = limits;
    const rate = rateOf(limits);
    if (rate?.perSecond === this.#rate?.perSecond && rate?.burst === this.#rate?.burst) return;
    this.#rate = rate;
    for (const [key, { open }] of this.#busy) {
      this.#busy.set(key, { open, ...this.#newBucket(0) });
    }
    this.#idle.clear();
    this.#older.clear();
  }

  /**
   * Lets a connection in and counts it, or does neither.
   *
   * @param ip The client's address.
   * @param now The time in milliseconds.
   * @returns Which limit it is beyond; `undefined` if it was counted, and has to {@linkcode leave}.
   */
  enter(ip: string, now: number): "connection_limit" | "rate_limit" | undefined {
    const key = clientKey(ip);
    const busy = this.#busy.get(key);
    const known = busy ?? this.#recall(key, now) ?? { open: 0, ...this.#newBucket(now) };
    const beyond = this.#beyond(known, now);
    if (beyond === undefined) {
      known.open++;
      if (busy === undefined) this.#busy.set(key, known);
    } else if (busy === undefined) {
      this.#idle.set(key, known);
    }
    return beyond;
  }

  #beyond({ open, bucket }: Known, now: number): "connection_limit" | "rate_limit" | undefined {
    const { connections } = this.#limits;
    if (connections > 0 && open >= connections) return "connection_limit";
    return bucket === undefined || bucket.take(now) ? undefined : "rate_limit";
  }

  /**
   * Counts the end of a connection.
   *
   * @param ip The address of a client that was let in, as it was then.
   */
  leave(ip: string): void {
    const key = clientKey(ip);
    const known = this.#busy.get(key);
    if (known === undefined || --known.open > 0) return;
    this.#busy.delete(key);
    if (known.bucket !== undefined) this.#idle.set(key, known);
  }

  #newBucket(now: number): { readonly bucket?: TokenBucket } {
    return this.#rate === undefined ? {} : { bucket: new TokenBucket(this.#rate, now) };
  }

  /** What is known of a client that had no connection. */
  #recall(key: string, now: number): Known | undefined {
    if (this.#rate === undefined) return undefined;
    const { perSecond, burst } = this.#rate;
    // In the time it takes to fill a bucket those of the older generation have got theirs full.
    const full = now - this.#since >= 1_000 * burst / perSecond;
    if (full || this.#idle.size >= MAX_IDLE / 2) {
      this.#older = this.#idle;
      this.#idle = new Map();
      this.#since = now;
    }
    const known = this.#idle.get(key) ?? this.#older.get(key);
    this.#idle.delete(key);
    this.#older.delete(key);
    return known;
  }
}

function rateOf({ connectionsPerSecond, burst }: Limits): RateLimit | undefined {
  if (connectionsPerSecond === 0) return undefined;
  const second = Math.max(1, Math.ceil(connectionsPerSecond));
  return { perSecond: connectionsPerSecond, burst: burst === 0 ? second : burst };
}

/**
 * Who a client is.
 *
 * @param ip Its address, in any spelling.
 * @returns The IPv4 address; the first four groups of an IPv6 one.
 */
export function clientKey(ip: string): string {
  if (!ip.includes(":")) return ip;
  const parsed = parseIp(ip);
  if (parsed === undefined) return ip;
  const mapped = parsed.text.startsWith("0:0:0:0:0:ffff:") ? parsed.inner : undefined;
  return mapped ?? parsed.text.split(":", 4).join(":");
}
