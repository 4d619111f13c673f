/**
 * The words, flags and exit codes.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import type { LogLevel } from "./src/config/config.ts";
import { readConfig } from "./src/config/read.ts";
import { summarize } from "./src/config/summarize.ts";
import { BindError } from "./src/bind.ts";
import { runService } from "./src/service.ts";
import meta from "./deno.json" with { type: "json" };

/** The first version on which `close()` lets go of a write that is waiting. */
const OLDEST_DENO = [2, 9, 5];

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

const HELP = `sniproxy ${meta.version}
Routes TLS and HTTP by the name a client asks for, without terminating TLS.

  sniproxy [serve] [-c FILE]   run
  sniproxy check [-c FILE]     validate the configuration and print what it says

  -c, --config FILE            the configuration (default: config.yaml)
      --log-level LEVEL        ${LEVELS.join(", ")}; overrides the configuration
  -h, --help                   print this
  -V, --version                print the version

Signals: SIGHUP re-reads the configuration; SIGTERM and SIGINT drain and stop, a second one stops
at once. Exit codes: 0 clean; 1 cannot listen, or a permission is missing; 2 wrong words or
configuration.`;

/** What the command line says. */
type Command =
  | { readonly word: "help" | "version" }
  | { readonly word: "serve" | "check"; readonly file: string; readonly level?: LogLevel };

/** @returns The command, or what is wrong with it. */
function readCommand(args: string[]): Command | string {
  const unknown: string[] = [];
  const flags = parseArgs(args, {
    string: ["config", "log-level"],
    boolean: ["help", "version"],
    alias: { config: "c", help: "h", version: "V" },
    unknown: (arg, key) => {
      if (key !== undefined) unknown.push(arg);
    },
  });
  if (unknown.length > 0) return `unknown flag ${unknown[0]}`;
  if (flags.help) return { word: "help" };
  if (flags.version) return { word: "version" };
  const [word = "serve", extra] = flags._.map(String);
  if (word !== "serve" && word !== "check") return `unknown word "${word}"`;
  if (extra !== undefined) return `unexpected "${extra}" after ${word}`;
  const file = flags.config ?? "config.yaml";
  if (typeof file !== "string" || file === "") return "--config needs the name of one file";
  const level = LEVELS.find((each) => each === flags["log-level"]);
  if (flags["log-level"] !== undefined && level === undefined) {
    return `--log-level needs one of ${LEVELS.join(", ")}`;
  }
  return { word, file, level };
}

/** @returns The exit code. */
async function main(args: string[]): Promise<number> {
  if (isOlder(Deno.version.deno, OLDEST_DENO)) {
    console.error(
      `sniproxy needs Deno ${OLDEST_DENO.join(".")} or newer, this is ${Deno.version.deno}`,
    );
    return 1;
  }
  const command = readCommand(args);
  if (typeof command === "string") {
    console.error(`sniproxy: ${command}, see --help`);
    return 2;
  }
  if (!("file" in command)) {
    console.log(command.word === "help" ? HELP : `sniproxy ${meta.version}`);
    return 0;
  }
  const { word, file, level } = command;
  const loaded = await readConfig(file);
  if (!loaded.ok) {
    for (const problem of loaded.problems) console.error(problem);
    return loaded.permission ? 1 : 2;
  }
  if (word === "check") {
    for (const warning of loaded.warnings) console.error(`warning: ${warning}`);
    console.log(summarize(loaded.config));
    return 0;
  }
  try {
    await runService({ file, loaded, level, version: meta.version });
    return 0;
  } catch (error) {
    if (!(error instanceof BindError)) throw error;
    console.error(`sniproxy: ${error.message}`);
    return 1;
  }
}

function isOlder(version: string, than: readonly number[]): boolean {
  const parts = version.split(".").map((part) => parseInt(part, 10));
  const index = than.findIndex((part, i) => parts[i] !== part);
  return index !== -1 && parts[index] < than[index];
}

if (import.meta.main) Deno.exit(await main(Deno.args));
