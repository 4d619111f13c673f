/**
 * A health checker in fake time.
 *
 * @module
 */
import type { HealthCheck } from "../../src/config/config.ts";
import { type Checked, HealthChecker } from "../../src/upstream/health_checker.ts";
import type { Verdict } from "../../src/upstream/probe.ts";

const check: HealthCheck = {
  ...{ type: "tcp", interval: 10_000, fastInterval: 1_000, timeout: 2_000, rise: 2, fall: 3 },
  ...{ method: "GET", path: "/", status: [200, 399] },
} as const;

const preface = new Uint8Array();

/**
 * Makes backends that are up.
 *
 * @param count How many.
 * @returns The backends.
 */
export function endpoints(count: number): Checked[] {
  return Array.from({ length: count }, (_, i) => ({ host: `192.0.2.${i}`, port: 80, up: true }));
}

/** A checker in fake time, whose checks end when they are told to. */
export class Fake implements Disposable {
  /** The time. */
  now = 0;
  /** The random number. */
  random = 0.5;
  /** What is being asked now. */
  readonly asked: { host: string; check: HealthCheck; answer: (verdict: Verdict) => void }[] = [];
  /** What would end the checks so far. */
  readonly signals: AbortSignal[] = [];
  /** What was told. */
  readonly changes: string[] = [];
  /** The checker. */
  readonly checker = new HealthChecker<Checked>({
    probe: (check, { host }, _preface, signal) => {
      const { promise, resolve } = Promise.withResolvers<Verdict>();
      this.asked.push({ host, check, answer: resolve });
      this.signals.push(signal);
      return promise;
    },
    changed: ({ host, up, reason }) => this.changes.push(`${host} ${up ? "up" : reason}`),
    now: () => this.now,
    random: () => this.random,
  });

  /** Checks these. */
  configure(list: readonly Checked[], more: Partial<HealthCheck> = {}): void {
    const each = { ...check, ...more };
    this.checker.configure(list.map((endpoint) => ({ endpoint, check: each, preface })));
  }

  /** Lets time pass up to a moment, and says who is asked then. */
  at(now: number): string[] {
    this.now = now;
    this.checker.tick();
    return this.asked.map(({ host }) => host);
  }

  /** Answers all that is asked. */
  async answer(verdict: Verdict): Promise<void> {
    for (const { answer } of this.asked.splice(0)) answer(verdict);
    // What waits for an answer goes on in between.
    await Promise.resolve();
    await Promise.resolve();
  }

  /** Says when somebody is asked next, give or take 50 ms. */
  next(): number {
    const start = this.now;
    while (this.asked.length === 0 && this.now < start + 20_000) this.at(this.now + 50);
    return this.now - start;
  }

  /** Disposes of the checker. */
  [Symbol.dispose](): void {
    this.checker[Symbol.dispose]();
  }
}
