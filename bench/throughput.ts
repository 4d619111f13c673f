/**
 * How much goes through a proxy, and for how much CPU.
 *
 * @module
 */
import type { Figures, Measure } from "./contest.ts";
import type { Metered } from "./cpu.ts";

/** The `key` of what goes through for each second of CPU time: the figure to judge by. */
export const PER_CORE = "perCore";

/**
 * The columns of {@linkcode throughput}.
 *
 * @param unit What is counted: one of it.
 * @param units Several of it.
 * @returns The measures.
 */
export function throughputMeasures(unit: string, units: string): Measure[] {
  return [
    { key: "rate", title: `${units}/s`, digits: 0, better: "more" },
    { key: PER_CORE, title: `${units}/s per core`, digits: 0, better: "more" },
    { key: "cpu", title: `CPU us/${unit}`, digits: 1 },
    { key: "busy", title: "core busy, %", digits: 0 },
  ];
}

/**
 * Says how fast it went. Where something else than the proxy was the limit, the load or a busy machine, its core was not
 * full and the rate says little: what it would have been with a full core is told by the CPU time.
 *
 * @param metered What was done, and what it took.
 * @param count How much of it.
 * @param seconds In which time.
 * @returns The figures of {@linkcode throughputMeasures}.
 */
export function throughput(
  { cpuUs, busy }: Pick<Metered<unknown>, "cpuUs" | "busy">,
  count: number,
  seconds: number,
): Figures {
  return {
    rate: count / seconds,
    [PER_CORE]: count / (cpuUs / 1e6),
    cpu: cpuUs / count,
    busy: 100 * busy,
  };
}
