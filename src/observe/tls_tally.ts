/**
 * What TLS clients offer, counted under a few fixed words.
 *
 * @module
 */
import type { HelloFacts } from "../sniff/sniffed.ts";
import type { TlsStatus } from "./status.ts";

/** RFC 8446, 4.2.1. */
const VERSIONS: readonly [number, string][] = [
  [0x0304, "TLS 1.3"],
  [0x0303, "TLS 1.2"],
  [0x0302, "TLS 1.1"],
  [0x0301, "TLS 1.0"],
  [0x0300, "SSL 3.0"],
];

/** Ids of the IANA registry that are met on the internet. */
const ALPN: readonly [string, string][] = [
  "h2",
  "http/1.1",
  "http/1.0",
  "h3",
  "acme-tls/1",
  "dot",
  "mqtt",
  "imap",
  "pop3",
  "xmpp-client",
  "xmpp-server",
  "postgresql",
  "irc",
].map((id) => [id, id]);

/** Counts ClientHellos. */
export class TlsTally {
  #hellos = 0;
  #postQuantum = 0;
  #ech = 0;
  readonly #versions = new Words(VERSIONS);
  readonly #alpn = new Words(ALPN);

  /**
   * Counts one. Allocates nothing.
   *
   * @param facts What it says.
   * @param alpn The protocols it offers; those that are not well known are counted as `other`.
   */
  add({ versions, ech, postQuantum }: HelloFacts, alpn: readonly string[]): void {
    this.#hellos++;
    if (ech) this.#ech++;
    if (postQuantum) this.#postQuantum++;
    this.#versions.add(versions);
    this.#alpn.add(alpn);
  }

  /** What was counted, the most frequent first. */
  get status(): TlsStatus {
    return {
      hellos: this.#hellos,
      postQuantum: this.#postQuantum,
      ech: this.#ech,
      versions: this.#versions.counts,
      alpn: this.#alpn.counts,
    };
  }
}

/** Counts values under fixed words: 30 at most, as they are bits. */
class Words<T> {
  readonly #bits: ReadonlyMap<T, number>;
  readonly #words: readonly string[];
  readonly #counts: number[];

  constructor(known: readonly [value: T, word: string][]) {
    this.#bits = new Map(known.map(([value], index) => [value, 1 << index]));
    this.#words = [...known.map(([, word]) => word), "other", "none"];
    this.#counts = this.#words.map(() => 0);
  }

  /** Counts each word once, however often a client says it. */
  add(values: readonly T[]): void {
    const words = this.#words.length;
    const other = 1 << words - 2;
    let seen = values.length === 0 ? 1 << words - 1 : 0;
    for (const value of values) seen |= this.#bits.get(value) ?? other;
    for (let i = 0; i < words; i++) if ((seen & 1 << i) !== 0) this.#counts[i]++;
  }

  get counts(): Record<string, number> {
    const seen = this.#words.map((word, i): [string, number] => [word, this.#counts[i]]);
    return byCount(seen.filter(([, count]) => count > 0));
  }
}

/**
 * Puts counts in order.
 *
 * @param counts How often each word was counted.
 * @returns The most frequent first.
 */
export function byCount(counts: Iterable<[word: string, count: number]>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}
