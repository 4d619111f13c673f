/**
 * Leaves backends alone for a while that fail clients: a circuit breaker for each of them.
 *
 * @module
 */
import type { OutlierDetection } from "../config/config.ts";

/** An ejection is at most so many times as long as the first one. */
const MAX_TIMES = 10;

/** A trial that nobody reports on is over after as long as this, and somebody else tries. */
const TRIAL_MS = 30_000;

/** What is known of one backend. */
interface State {
  /** Failures in a row. */
  failures: number;
  /** Ejections in a row: how often it has failed again at the end of one. */
  ejections: number;
  /** Until when it is ejected; after that, until it has shown that it works, one client at a time tries. */
  until: number;
  /** Until when somebody is trying. */
  trialUntil: number;
}

/** That a backend is left alone. */
export interface Ejection {
  /** Failures in a row. */
  readonly failures: number;
  /** Until when, in milliseconds, or until when somebody may be trying it. */
  readonly until: number;
}

/**
 * Counts failures in a row. Closed, open and half-open, as circuit breakers call it: a backend serves; after so many
 * failures it is ejected for a time; then one client tries, and what becomes of it decides between the two. Each
 * ejection that follows another is longer. Never more than half of the backends are ejected, so a backend without
 * others never is.
 *
 * @example
 * ```ts
 * import { OutlierDetector } from "./outlier.ts";
 *
 * const outliers = new OutlierDetector({ consecutiveFailures: 1, ejectFor: 30_000 });
 * outliers.failed("a", 0, 2);
 * outliers.available("a", 0); // false
 * outliers.available("a", 30_000); // true
 * ```
 */
export class OutlierDetector<T> {
  #settings: OutlierDetection;
  /** Only those that have failed last time. */
  readonly #states = new Map<T, State>();

  /**
   * Makes it, with nobody ejected.
   *
   * @param settings When to eject, and for how long.
   */
  constructor(settings: OutlierDetection) {
    this.#settings = settings;
  }

  /**
   * Goes on with other settings; who is ejected stays so.
   *
   * @param settings When to eject, and for how long.
   */
  configure(settings: OutlierDetection): void {
    this.#settings = settings;
  }

  /**
   * Whether a backend may be chosen.
   *
   * @param backend The backend.
   * @param now The time in milliseconds.
   * @returns False while it is ejected, and while somebody else is trying it.
   */
  available(backend: T, now: number): boolean {
    const state = this.#states.get(backend);
    if (state === undefined || state.ejections === 0) return true;
    return now >= state.until && now >= state.trialUntil;
  }

  /**
   * Why a backend is not {@linkcode available}.
   *
   * @param backend The backend.
   * @param now The time in milliseconds.
   * @returns What has led to that; `undefined` if it may be chosen.
   */
  ejection(backend: T, now: number): Ejection | undefined {
    const state = this.#states.get(backend);
    if (state === undefined || this.available(backend, now)) return undefined;
    return { failures: state.failures, until: Math.max(state.until, state.trialUntil) };
  }

  /**
   * A backend was chosen. If it was ejected, this is the trial.
   *
   * @param backend The backend.
   * @param now The time in milliseconds.
   */
  claim(backend: T, now: number): void {
    const state = this.#states.get(backend);
    if (state !== undefined && state.ejections > 0) state.trialUntil = now + TRIAL_MS;
  }

  /**
   * A backend has served a client.
   *
   * @param backend The backend.
   * @param now The time in milliseconds.
   */
  succeeded(backend: T, now: number): void {
    if (this.#states.size === 0) return;
    const state = this.#states.get(backend);
    // Those who were with it when it was ejected say nothing new.
    if (state !== undefined && now >= state.until) this.#states.delete(backend);
  }

  /**
   * A backend has failed a client.
   *
   * @param backend The backend.
   * @param now The time in milliseconds.
   * @param backends How many there are.
   * @returns Until when it is ejected, if that has just happened.
   */
  failed(backend: T, now: number, backends: number): number | undefined {
    let state = this.#states.get(backend);
    if (state === undefined) {
      state = { failures: 0, ejections: 0, until: 0, trialUntil: 0 };
      this.#states.set(backend, state);
    }
    state.failures++;
    state.trialUntil = 0;
    // Those who were on their way when it was ejected say nothing new.
    if (now < state.until) return undefined;
    const { consecutiveFailures, ejectFor } = this.#settings;
    if (state.ejections === 0) {
      if (state.failures < consecutiveFailures) return undefined;
      if (this.#ejected() + 1 > Math.floor(backends / 2)) return undefined;
    }
    state.ejections++;
    state.until = now + ejectFor * Math.min(state.ejections, MAX_TIMES);
    return state.until;
  }

  /**
   * Forgets a backend that is none any more. If more than half of the others are ejected now, some come back.
   *
   * @param backend The backend.
   * @param backends How many are left.
   */
  forget(backend: T, backends: number): void {
    this.#states.delete(backend);
    let tooMany = this.#ejected() - Math.floor(backends / 2);
    for (const [each, { ejections }] of this.#states) {
      if (tooMany <= 0) return;
      if (ejections === 0) continue;
      this.#states.delete(each);
      tooMany--;
    }
  }

  #ejected(): number {
    let count = 0;
    for (const { ejections } of this.#states.values()) if (ejections > 0) count++;
    return count;
  }
}
