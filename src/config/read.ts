/**
 * A configuration from a file, with everything there is to say about it in lines for people.
 *
 * @module
 */
import type { Config } from "./config.ts";
import { formatProblem, parseConfig } from "./load.ts";

/** A configuration that holds, with its warnings; or why there is none. */
export type ReadResult =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly string[] }
  | {
    readonly ok: false;
    /** Every problem, one line each. */
    readonly problems: readonly string[];
    /** Whether it is the program that may not read the file, rather than the file that is wrong. */
    readonly permission: boolean;
  };

/** Names the configuration file, or is the configuration itself: for containers. */
const VARIABLE = "SNIPROXY_CONFIG";

/**
 * Where the configuration is if the command line names no file: `SNIPROXY_CONFIG`, if the program may read that and it
 * is set.
 *
 * @returns The path of a file, or a whole document, which has more than one line.
 */
export function configured(): string {
  return environment() || "config.yaml";
}

/**
 * Whether a configuration is found only by whoever may read the environment.
 *
 * @param file Its path, or a whole document.
 * @returns The variable that names it or is it; `undefined` if none does.
 */
export function variableOf(file: string): string | undefined {
  return environment() === file ? VARIABLE : undefined;
}

function environment(): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: VARIABLE });
  return state === "granted" ? Deno.env.get(VARIABLE) : undefined;
}

/**
 * What a configuration is called in messages.
 *
 * @param file Its path, or a whole document.
 * @returns The path, or the variable that a document comes from.
 */
export function configName(file: string): string {
  return isDocument(file) ? VARIABLE : file;
}

function isDocument(file: string): boolean {
  return file.includes("\n");
}

/**
 * Reads and validates a configuration file.
 *
 * @param file Its path, or a whole document.
 * @returns The configuration or its problems. Never rejects.
 *
 * @example
 * ```ts
 * import { readConfig } from "./read.ts";
 *
 * const read = await readConfig("config.yaml");
 * if (!read.ok) console.error(read.problems.join("\n"));
 * ```
 */
export async function readConfig(file: string): Promise<ReadResult> {
  const name = configName(file);
  let text: string;
  try {
    text = isDocument(file) ? file : await Deno.readTextFile(file);
  } catch (error) {
    const permission = error instanceof Deno.errors.NotCapable;
    return { ok: false, permission, problems: [`${file}: ${whyUnread(file, error)}`] };
  }
  const loaded = parseConfig(text);
  return loaded.ok
    ? {
      ok: true,
      config: loaded.config,
      warnings: loaded.warnings.map((each) => formatProblem(name, each)),
    }
    : {
      ok: false,
      permission: false,
      problems: loaded.problems.map((each) => formatProblem(name, each)),
    };
}

function whyUnread(file: string, error: unknown): string {
  if (error instanceof Deno.errors.NotCapable) {
    return `missing permission, add --allow-read=${file}`;
  }
  if (error instanceof Deno.errors.NotFound) {
    // Such as `listen_addrs: [":443"]` in SNIPROXY_CONFIG.
    return /:\s/.test(file)
      ? "no such file, and no document, which has more than one line"
      : "no such file, name one with -c FILE";
  }
  if (error instanceof Deno.errors.PermissionDenied) return "not allowed to read it";
  if (error instanceof Deno.errors.IsADirectory) return "a folder, name a file with -c FILE";
  return error instanceof Error ? error.message : String(error);
}
