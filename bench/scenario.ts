/**
 * A thing to measure.
 *
 * @module
 */
import type { Contest } from "./contest.ts";
import type { Stage } from "./stage.ts";

/** Something to measure. */
export interface Scenario {
  /** The word for it on the command line. */
  readonly name: string;
  /** A line about it. */
  readonly about: string;
  /** Programs it uses. */
  readonly programs: readonly string[];
  /** Whether it needs root. */
  readonly root: boolean;
  /**
   * Sets it up.
   *
   * @param stage Where it takes place.
   * @returns Its contests, run one after the other.
   */
  contests(stage: Stage): Promise<Contest[]>;
}
