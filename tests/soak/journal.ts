/**
 * What happened in a soak: operations, faults, errors, and which fault explains which error.
 *
 * @module
 */

/** How long after a backend was killed an error may be its doing, in milliseconds. */
const WAKE_MS = 2_000;

/** After this long no operation may begin that the kill makes fail. */
const BLIND_MS = 1_000;

/** The kinds of faults. */
export type FaultKind = "backend killed" | "backend stopped" | "reload";

/** An error. */
interface Failure {
  /** What was going on. */
  readonly traffic: string;
  /** What was seen. */
  readonly what: string;
  /** When it began, as of `performance.now()`. */
  readonly began: number;
  /** When it failed. */
  readonly at: number;
}

/** Errors of one kind. */
export interface FailureCount {
  /** What was going on. */
  readonly traffic: string;
  /** What was seen. */
  readonly what: string;
  /** What explains it; it begins with `unexplained` if nothing does. */
  readonly why: string;
  /** How often. */
  count: number;
}

/** Takes down what happens. */
export class Journal {
  /** Operations that went as they should, by kind of traffic. */
  readonly done: Record<string, number> = {};
  /** Faults, by kind. */
  readonly faults: Record<string, number> = {};
  readonly #kills: number[] = [];
  readonly #failures: Failure[] = [];

  /**
   * Runs an operation and takes down how it went.
   *
   * @param traffic What kind it is.
   * @param act The operation, which throws if it goes wrong.
   */
  async note(traffic: string, act: () => Promise<void>): Promise<void> {
    const began = performance.now();
    try {
      await act();
      this.done[traffic] = (this.done[traffic] ?? 0) + 1;
    } catch (error) {
      this.#failures.push({ traffic, what: inShort(error), began, at: performance.now() });
    }
  }

  /**
   * Takes down a fault, just before it happens.
   *
   * @param kind Its kind.
   */
  fault(kind: FaultKind): void {
    this.faults[kind] = (this.faults[kind] ?? 0) + 1;
    if (kind === "backend killed") this.#kills.push(performance.now());
  }

  /** Errors by what was going on, what was seen, and what explains it. */
  get failures(): FailureCount[] {
    const counts = new Map<string, FailureCount>();
    for (const failure of this.#failures) {
      const { traffic, what } = failure;
      const why = this.#explain(failure);
      const key = [traffic, what, why].join("\n");
      const known = counts.get(key);
      if (known === undefined) counts.set(key, { traffic, what, why, count: 1 });
      else known.count++;
    }
    return [...counts.values()];
  }

  /** How many errors no fault explains. */
  get unexplained(): number {
    return this.failures.filter(({ why }) => why.startsWith(UNEXPLAINED))
      .reduce((sum, { count }) => sum + count, 0);
  }

  #explain({ began, at }: Failure): string {
    const kill = this.#kills.findLast((each) => each <= at);
    if (kill !== undefined && at <= kill + WAKE_MS && began <= kill + BLIND_MS) {
      return "its backend was killed";
    }
    if (kill === undefined) return UNEXPLAINED;
    const seconds = (ms: number): string => (ms / 1000).toFixed(0);
    return `${UNEXPLAINED}: the last kill was ${seconds(at - kill)} s before it and ` +
      `${seconds(began - kill)} s before it began`;
  }
}

const UNEXPLAINED = "unexplained";

/** So much of an error is kept. */
const KEPT = 80;

/** What is alike in errors of one kind: neither colours, nor numbers, nor what was sent. */
function inShort(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  // deno-lint-ignore no-control-regex -- what colours text begins with it
  const plain = text.replaceAll(/\x1b\[[0-9;]*m/g, "").replaceAll(/\s+/g, " ").trim();
  return plain.replaceAll(/"\d+"/g, "...").replaceAll(/\d{4,}/g, "N")
    .replaceAll(/\d+ of \d+ bytes/g, "N of N bytes").slice(0, KEPT);
}
