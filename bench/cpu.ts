/**
 * How much CPU time a process takes.
 *
 * @module
 */

/** Clock ticks are a hundredth of a second in all that Linux shows (proc(5), sysconf(3)). */
const TICK_US = 10_000;

/**
 * CPU time of a process up to now, in user space and in the kernel, all its threads together.
 *
 * @param pid The process.
 * @returns Microseconds, in steps of 10,000.
 * @throws {Deno.errors.NotFound} If there is no such process.
 */
export function cpuMicros(pid: number): number {
  return parseTicks(Deno.readTextFileSync(`/proc/${pid}/stat`)) * TICK_US;
}

/**
 * Reads `utime` and `stime` (proc_pid_stat(5), fields 14 and 15).
 *
 * @param stat A `/proc/PID/stat`.
 * @returns Their sum, in ticks.
 *
 * @example
 * ```ts
 * import { parseTicks } from "./cpu.ts";
 *
 * parseTicks("7 (a) b) S 1 7 7 0 -1 4194560 0 0 0 0 30 12 0 0 20 0 1 0 9 0 0"); // 42
 * ```
 */
export function parseTicks(stat: string): number {
  // The name in parentheses, field 2, may hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

/** What something took. */
export interface Metered<T> {
  /** What it gave. */
  readonly result: T;
  /** CPU time of the process that was watched, in microseconds; `NaN` where there is none. */
  readonly cpuUs: number;
  /** The share of the time in which it was on the CPU, 0 to 1 for one core; `NaN` where there is none. */
  readonly busy: number;
}

/**
 * Watches a process while something is done.
 *
 * @param process The process, if there is one.
 * @param act What is done.
 * @returns What that gave and what it took.
 */
export async function metered<T>(
  process: { readonly cpuMicros: number } | undefined,
  act: () => Promise<T>,
): Promise<Metered<T>> {
  const begin = performance.now();
  const before = process?.cpuMicros ?? NaN;
  const result = await act();
  const cpuUs = (process?.cpuMicros ?? NaN) - before;
  return { result, cpuUs, busy: cpuUs / 1000 / (performance.now() - begin) };
}
