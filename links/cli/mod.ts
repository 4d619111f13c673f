/**
 * The part of `jsr:@std/cli` that this project uses, from the same sources published to npm.
 *
 * @module
 */
import * as std from "deno-std/cli/parse_args.js";

/** What {@linkcode parseArgs} can be told. */
export interface ParseOptions {
  /** Flags that are always true or false. */
  boolean?: readonly string[];
  /** Flags that always take a string. */
  string?: readonly string[];
  /** Other names of a flag. */
  alias?: Record<string, string | readonly string[]>;
  /** Values of flags that were not given. */
  default?: Record<string, unknown>;
  /** Called for every argument that no option names; `false` leaves it out of the result. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/**
 * Parses command line arguments.
 *
 * @param args The arguments, such as `Deno.args`.
 * @param options The flags there are.
 * @returns Each flag by its name, and everything else in `_`.
 */
export const parseArgs: (
  args: string[],
  options?: ParseOptions,
) => Record<string, unknown> & { _: (string | number)[] } = std.parseArgs;
