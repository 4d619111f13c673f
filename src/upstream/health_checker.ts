/**
 * Asks backends again and again whether they work.
 *
 * @module
 */
import type { HealthCheck } from "../config/config.ts";
import type { Failure } from "./endpoint.ts";
import type { ProbeTarget, Verdict } from "./probe.ts";

/** A backend that is checked, and what is known of it. */
export interface Checked extends ProbeTarget {
  /** Whether it works. */
  up: boolean;
  /** Why it does not; absent while it does. */
  reason?: string;
  /** The last check that has failed, whether it works or not. */
  failure?: Failure;
}

/** What is to be checked. */
export interface CheckTarget<T extends Checked> {
  /** The backend. */
  readonly endpoint: T;
  /** How. */
  readonly check: HealthCheck;
  /** What has to be said before anything else. */
  readonly preface: Uint8Array;
}

/** What a checker needs from outside. */
export interface CheckerOutside<T extends Checked> {
  /** Makes one check. */
  probe(
    check: HealthCheck,
    target: ProbeTarget,
    preface: Uint8Array,
    signal: AbortSignal,
  ): Promise<Verdict>;
  /** Told when a backend goes up or down. */
  changed(endpoint: T): void;
  /** The time in milliseconds. */
  now(): number;
  /** A number from 0 to 1. */
  random(): number;
}

/** One backend between two checks. */
interface Round<T extends Checked> {
  target: CheckTarget<T>;
  dueAt: number;
  running: boolean;
  /** Checks in a row that contradict what is said of it. */
  against: number;
}

/** How often it is looked whose turn it is, in milliseconds. */
const TICK_MS = 50;

/** The first check of a backend comes within this time, at some moment of its own. */
const FIRST_MS = 1_000;

/** Checks at a time. */
const MAX_RUNNING = 64;

/** An interval is longer or shorter by up to this part of itself, so that checks don't come all at once. */
const JITTER = 0.1;

/**
 * Checks backends. A backend is up until as many checks in a row have failed as `fall` says, and down until as many
 * have succeeded as `rise` says. While it is down, or about to be, the next check comes after the fast interval.
 *
 * @example
 * ```ts
 * import { HealthChecker } from "./health_checker.ts";
 * import { probe } from "./probe.ts";
 *
 * using checker = new HealthChecker({
 *   probe,
 *   changed: ({ host, up, reason }) => console.log(host, up, reason),
 *   now: () => performance.now(),
 *   random: Math.random,
 * });
 * checker.configure([]);
 * ```
 */
export class HealthChecker<T extends Checked> implements Disposable {
  readonly #outside: CheckerOutside<T>;
  #rounds = new Map<T, Round<T>>();
  readonly #end = new AbortController();
  #running = 0;
  #timer?: ReturnType<typeof setInterval>;

  /**
   * Makes one with nothing to check.
   *
   * @param outside What it needs.
   */
  constructor(outside: CheckerOutside<T>) {
    this.#outside = outside;
  }

  /**
   * Checks these from now on, and no others. What is known of those that stay is kept; those that go count as up.
   *
   * @param targets What to check.
   */
  configure(targets: Iterable<CheckTarget<T>>): void {
    const rounds = new Map<T, Round<T>>();
    const { now, random } = this.#outside;
    for (const target of targets) {
      const { endpoint, check: { interval } } = target;
      const known = this.#rounds.get(endpoint);
      if (known !== undefined) {
        known.target = target;
        known.dueAt = Math.min(known.dueAt, now() + interval);
      }
      const dueAt = now() + random() * Math.min(FIRST_MS, interval);
      rounds.set(endpoint, known ?? { target, dueAt, running: false, against: 0 });
    }
    for (const endpoint of this.#rounds.keys()) {
      if (rounds.has(endpoint)) continue;
      endpoint.up = true;
      endpoint.reason = undefined;
    }
    this.#rounds = rounds;
    if (rounds.size === 0) this.#rest();
    else this.#timer ??= setInterval(() => this.tick(), TICK_MS);
  }

  /** Begins the checks that are due. */
  tick(): void {
    const now = this.#outside.now();
    for (const round of this.#rounds.values()) {
      if (this.#running >= MAX_RUNNING) return;
      if (round.running || now < round.dueAt) continue;
      // To the end, or else those in front would have all the checks there are room for.
      this.#rounds.delete(round.target.endpoint);
      this.#rounds.set(round.target.endpoint, round);
      this.#check(round);
    }
  }

  /** Ends all checks, for good. */
  [Symbol.dispose](): void {
    this.#rest();
    this.#rounds.clear();
    this.#end.abort();
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #check(round: Round<T>): Promise<void> {
    const { endpoint, check, preface } = round.target;
    round.running = true;
    this.#running++;
    const verdict = await this.#outside.probe(check, endpoint, preface, this.#end.signal);
    this.#running--;
    round.running = false;
    if (this.#rounds.get(endpoint) !== round) return;
    this.#judge(round, verdict);
    const { interval, fastInterval } = round.target.check;
    const pause = endpoint.up && round.against === 0 ? interval : Math.min(interval, fastInterval);
    const { now, random } = this.#outside;
    round.dueAt = now() + pause * (1 - JITTER + 2 * JITTER * random());
  }

  #judge(round: Round<T>, verdict: Verdict): void {
    const { endpoint, check } = round.target;
    if (verdict.kind === "unknown") return;
    if (verdict.kind === "down") {
      endpoint.failure = { reason: verdict.reason, at: this.#outside.now() };
    }
    const up = verdict.kind === "up";
    if (up === endpoint.up) {
      round.against = 0;
      if (verdict.kind === "down") endpoint.reason = verdict.reason;
      return;
    }
    if (++round.against < (up ? check.rise : check.fall)) return;
    round.against = 0;
    endpoint.up = up;
    endpoint.reason = verdict.kind === "down" ? verdict.reason : undefined;
    this.#outside.changed(endpoint);
  }
}
