/**
 * What is compared, and how.
 *
 * @module
 */
import type { Process } from "./processes.ts";

/** What one turn gave, by the `key` of a {@linkcode Measure}; `failed` is the number of operations that failed. */
export type Figures = Readonly<Record<string, number>>;

/** One round: the figures of every contestant by its name. */
export type Round = Readonly<Record<string, Figures>>;

/** A kind of figure. */
export interface Measure {
  /** Its name in {@linkcode Figures}. */
  readonly key: string;
  /** Title of its column, with the unit. */
  readonly title: string;
  /** Digits behind the point. */
  readonly digits: number;
  /** Which is better; absent for one that is shown and not compared. */
  readonly better?: "less" | "more";
}

/** What is aimed at. */
export interface Target {
  /** The `key` of the measure. */
  readonly measure: string;
  /** The ratio to keep: at most this where less is better, at least this where more is better. */
  readonly limit: number;
  /** Names of the contestants it holds against, each of them; absent: the figure of ours itself is judged. */
  readonly against?: readonly string[];
}

/** Something that runs and can be given load. */
export interface Running {
  /** Where clients connect to. */
  readonly address: Deno.NetAddr;
  /** Its process; absent where there is no proxy on the way. */
  readonly process?: Process;
  /** Where its metrics are; ours alone has such. */
  readonly metrics?: string;
}

/** Something that takes part. */
export interface Contestant {
  /** What it is called in tables. */
  readonly name: string;
  /** Starts it, up to the moment it accepts. */
  start(): Promise<Running>;
}

/** A comparison: every contestant has its turn in every round. */
export interface Contest {
  /** What is measured, with all that matters about the load. */
  readonly title: string;
  /** Who takes part; the first is divided by each of the others. */
  readonly contestants: readonly Contestant[];
  /** What is shown, from left to right. */
  readonly measures: readonly Measure[];
  /** What is aimed at. */
  readonly targets: readonly Target[];
  /** Whether every turn gets a process of its own, that has served nobody yet. Otherwise one round warms up. */
  readonly fresh?: boolean;
  /**
   * Loads one and measures it. Nothing else is loaded meanwhile.
   *
   * @param running The one whose turn it is.
   * @param name Its name.
   * @returns What was measured.
   */
  turn(running: Running, name: string): Promise<Figures>;
}
