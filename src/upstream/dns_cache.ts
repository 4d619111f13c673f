/**
 * Remembers which addresses names have, and keeps names that are known from waiting for anybody.
 *
 * @module
 */
import type { Dns } from "../config/config.ts";
import { untilAborted } from "./until_aborted.ts";

/**
 * Asks for the addresses of a name. Empty if there certainly is none; rejects if nobody knows at the moment. It
 * should stop when the signal aborts, but nobody waits for it any longer.
 */
export type Lookup = (name: string, signal: AbortSignal) => Promise<readonly string[]>;

/** Whom to ask: names that clients make up must not keep those that serve from being looked up. */
export interface Lookups {
  /** For names that have no address yet. */
  readonly first: Lookup;
  /** For names that have. */
  readonly again: Lookup;
}

/** What a cache needs from outside. */
export interface DnsCacheOutside {
  /** The time in milliseconds; it never goes back. */
  now(): number;
  /** How long one lookup may take, in milliseconds; 10 seconds if absent. */
  readonly deadline?: number;
}

/** What is in a cache. */
export interface DnsCacheStats {
  /** Names with addresses. */
  readonly found: number;
  /** Names without. */
  readonly absent: number;
  /** Lookups under way. */
  readonly pending: number;
}

/** How long one lookup may take. */
const DEADLINE_MS = 10_000;

/** Lookups at a time of names without an address. More of them are not begun: whoever asks gets none. */
const MOST_FIRST = 192;

/** Lookups at a time of names that have some. More of them are put off. */
const MOST_AGAIN = 64;

/** Addresses kept of one name. */
const MOST_ADDRESSES = 128;

/** How exactly it is known when a name was used last: moving it up each time would cost more than all the rest. */
const SAME_USE_MS = 1_000;

const NONE: readonly string[] = [];

/** A name that has addresses. */
interface Found {
  readonly addresses: readonly string[];
  /** Until when they serve. */
  readonly goodUntil: number;
  /** From when on the name is worth asking for. */
  askAt: number;
  /** When it was last moved to the end. */
  usedAt: number;
}

/** Lookups of one kind. */
interface Lane {
  lookup: Lookup;
  readonly most: number;
  running: number;
}

/**
 * Answers from memory where it can. Younger than `ttl`, an answer serves as it is. For `stale` longer it serves
 * while one lookup in the background asks for another; while that fails it is tried again every `negativeTtl`.
 * Later, whoever asks waits. That there is no such name holds for `negativeTtl` and replaces what was known; so long
 * a name that could not be looked up the first time has no address either. At `maxEntries` the name that was used
 * longest ago, to the second, is forgotten; names without an address take up no more than a quarter of the room
 * if others need it.
 *
 * @example
 * ```ts
 * import { DnsCache } from "./dns_cache.ts";
 *
 * const settings = { maxEntries: 10_000, ttl: 60_000, negativeTtl: 5_000, stale: 600_000 };
 * const lookup = () => Promise.resolve(["192.0.2.1"]);
 * using cache = new DnsCache(settings, { first: lookup, again: lookup }, {
 *   now: () => performance.now(),
 * });
 * await cache.resolve("www.example"); // ["192.0.2.1"]
 * cache.resolve("www.example"); // the same, at once
 * ```
 */
export class DnsCache implements Disposable {
  readonly #outside: DnsCacheOutside;
  readonly #first: Lane;
  readonly #again: Lane;
  #settings: Dns["cache"];
  /** The least recently used first. */
  readonly #found = new Map<string, Found>();
  /** Until when there is no use in asking; the oldest first. */
  readonly #absent = new Map<string, number>();
  /** What those get who ask meanwhile. */
  readonly #answers = new Map<string, Promise<readonly string[]>>();
  readonly #stops = new Set<AbortController>();
  #epoch = 0;
  #closed = false;

  /**
   * Makes an empty one.
   *
   * @param settings What is remembered.
   * @param lookups Whom to ask.
   * @param outside What it needs.
   */
  constructor(settings: Dns["cache"], lookups: Lookups, outside: DnsCacheOutside) {
    this.#settings = settings;
    this.#outside = outside;
    this.#first = { lookup: lookups.first, most: MOST_FIRST, running: 0 };
    this.#again = { lookup: lookups.again, most: MOST_AGAIN, running: 0 };
  }

  /** What is in it now. */
  get stats(): DnsCacheStats {
    return { found: this.#found.size, absent: this.#absent.size, pending: this.#stops.size };
  }

  /**
   * The addresses of a name.
   *
   * @param name The name, in lower case.
   * @returns At once, if they are known. The same array for as long as they are the same addresses, in whatever
   *   order they are given later. Empty if there are none, nobody knows, or too many other names are being looked
   *   up. Never rejects.
   */
  resolve(name: string): readonly string[] | Promise<readonly string[]> {
    const now = this.#outside.now();
    const found = this.#found.get(name);
    if (found === undefined) {
      if (now < (this.#absent.get(name) ?? -Infinity)) return NONE;
      return this.#answers.get(name) ?? this.#ask(name, this.#first);
    }
    if (now - found.usedAt >= SAME_USE_MS) {
      found.usedAt = now;
      this.#found.delete(name);
      this.#found.set(name, found);
    }
    if (now >= found.goodUntil) {
      if (now < found.askAt) return NONE;
      return this.#answers.get(name) ?? this.#ask(name, this.#again);
    }
    if (now >= found.askAt && !this.#answers.has(name)) this.#ask(name, this.#again);
    return found.addresses;
  }

  /**
   * Goes on with other settings. They hold for answers that come from now on.
   *
   * @param settings What is remembered.
   * @param lookups Whom to ask, if that is somebody else: what the former have said is forgotten then, but for
   *   those who are waiting for it.
   */
  configure(settings: Dns["cache"], lookups?: Lookups): void {
    this.#settings = settings;
    if (lookups !== undefined) {
      this.#first.lookup = lookups.first;
      this.#again.lookup = lookups.again;
      this.#epoch++;
      this.#found.clear();
      this.#absent.clear();
      this.#answers.clear();
    }
    this.#trim();
  }

  /** Ends every lookup: whoever waits gets no address, and nothing new is asked. */
  [Symbol.dispose](): void {
    this.#closed = true;
    for (const stop of this.#stops) stop.abort();
  }

  #ask(name: string, lane: Lane): readonly string[] | Promise<readonly string[]> {
    if (this.#closed || lane.running >= lane.most) return NONE;
    const answer = this.#look(name, lane);
    this.#answers.set(name, answer);
    return answer;
  }

  async #look(name: string, lane: Lane): Promise<readonly string[]> {
    const epoch = this.#epoch;
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), this.#outside.deadline ?? DEADLINE_MS);
    let addresses: readonly string[] | undefined;
    this.#stops.add(stop);
    lane.running++;
    try {
      addresses = await untilAborted(lane.lookup(name, stop.signal), stop.signal);
    } catch {
      // Nobody knows.
    }
    lane.running--;
    this.#stops.delete(stop);
    clearTimeout(timer);
    if (epoch !== this.#epoch) return addresses ?? NONE;
    this.#answers.delete(name);
    return this.#learn(name, addresses && distinct(addresses));
  }

  /** Remembers an answer, or that there was none, and says what serves now. */
  #learn(name: string, answer: readonly string[] | undefined): readonly string[] {
    const now = this.#outside.now();
    const { ttl, negativeTtl, stale } = this.#settings;
    const found = this.#found.get(name);
    if (answer === undefined && found !== undefined) {
      found.askAt = now + negativeTtl;
      return now < found.goodUntil ? found.addresses : NONE;
    }
    this.#found.delete(name);
    this.#absent.delete(name);
    const addresses = answer === undefined || answer.length === 0 ? undefined : answer;
    if (addresses === undefined) {
      this.#absent.set(name, now + negativeTtl);
      this.#trim();
      return NONE;
    }
    const same = found !== undefined && equal(found.addresses, addresses);
    const entry: Found = {
      addresses: same ? found.addresses : addresses,
      goodUntil: now + ttl + stale,
      askAt: now + ttl,
      usedAt: now,
    };
    this.#found.set(name, entry);
    this.#trim();
    return entry.addresses;
  }

  #trim(): void {
    const { maxEntries } = this.#settings;
    while (this.#found.size + this.#absent.size > maxEntries) {
      const from = this.#absent.size * 4 > maxEntries ? this.#absent : this.#found;
      for (const oldest of from.keys()) {
        from.delete(oldest);
        break;
      }
    }
  }
}

function distinct(addresses: readonly string[]): readonly string[] {
  return [...new Set(addresses)].slice(0, MOST_ADDRESSES);
}

/** Whether two lists without repetitions have the same members. */
function equal(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each) => b.includes(each));
}
