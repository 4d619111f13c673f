/**
 * What the proxy holds, every few seconds, and whether it grows.
 *
 * @module
 */

/** One look at the proxy. */
export interface Sample {
  /** Seconds since the beginning. */
  readonly seconds: number;
  /** Resident memory, in bytes. */
  readonly memory: number;
  /** Open descriptors. */
  readonly descriptors: number;
  /** Connections of clients. */
  readonly active: number;
}

/** How fast something grows. */
export interface Trend {
  /** The mean of its values. */
  readonly mean: number;
  /** How much it grows a minute, by the least squares. */
  readonly perMinute: number;
}

/** How much of its mean memory may grow in ten minutes. */
const FLAT = 0.1;
/** What counts as flat in any case, in bytes in all: garbage comes and goes. */
const NOISE_BYTES = 24 * 1024 * 1024;

/**
 * The trend of resident memory in the second half.
 *
 * @param samples All samples, in their order.
 * @returns The trend.
 */
export function memoryTrend(samples: readonly Sample[]): Trend {
  const half = secondHalf(samples);
  const mean = (of: (sample: Sample) => number): number =>
    half.reduce((sum, sample) => sum + of(sample), 0) / half.length;
  const [seconds, memory] = [mean((each) => each.seconds), mean((each) => each.memory)];
  const spread = mean((each) => (each.seconds - seconds) ** 2);
  const together = mean((each) => (each.seconds - seconds) * (each.memory - memory));
  return { mean: memory, perMinute: spread === 0 ? 0 : together / spread * 60 };
}

/**
 * Whether memory stayed as it was in the second half.
 *
 * @param samples All samples, in their order.
 * @returns False if it grew by more than noise.
 */
export function isFlat(samples: readonly Sample[]): boolean {
  const { mean, perMinute } = memoryTrend(samples);
  const half = secondHalf(samples);
  const minutes = (half[half.length - 1].seconds - half[0].seconds) / 60;
  return perMinute * minutes <= NOISE_BYTES || perMinute * 10 <= mean * FLAT;
}

function secondHalf(samples: readonly Sample[]): readonly Sample[] {
  return samples.slice(Math.floor(samples.length / 2));
}
