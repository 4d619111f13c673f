/**
 * What the command line says.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import type { LogLevel } from "./config/config.ts";
import { parseIpLiteral } from "./config/host_name.ts";
import { unmapped } from "./sniff/unmapped.ts";

/** What `explain` is asked about. */
export interface Question {
  /** The name, as a client would write it, possibly with a port; `-` or nothing: no name. */
  readonly host: string;
  /** Protocols to explain it for. */
  readonly protocols: readonly ("tls" | "http")[];
  /** ALPN protocol ids that the client offers. */
  readonly alpn: readonly string[];
  /** The client's IP address, spelled as the proxy would see it; absent: anybody's. */
  readonly client?: string;
}

/** A command, with all that belongs to it. */
export type Command =
  | { readonly word: "help" | "version" }
  | {
    readonly word: "serve" | "check";
    readonly file: string;
    readonly level?: LogLevel;
    /** Whether a change of the file is a reload. */
    readonly watch: boolean;
  }
  | { readonly word: "permissions"; readonly file: string }
  | {
    readonly word: "explain";
    readonly file: string;
    readonly question: Question;
    readonly json: boolean;
  };

/** The levels of `--log-level`. */
export const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

type Word = Exclude<Command["word"], "help" | "version">;

type Flag = "config" | "log-level" | "protocol" | "alpn" | "client" | "json" | "watch";

/** The flags that each word takes. */
const TAKES: Readonly<Record<Word, readonly Flag[]>> = {
  serve: ["config", "log-level", "watch"],
  check: ["config", "log-level"],
  explain: ["config", "log-level", "protocol", "alpn", "client", "json"],
  permissions: ["config", "log-level"],
};

/** A whole line would be too long for what it is good for. */
const MAX_HOST = 1_024;

/**
 * Reads the command line.
 *
 * @param args The arguments behind the program.
 * @param configured The configuration file if none is named.
 * @returns The command, or what is wrong, in one line. Never throws.
 *
 * @example
 * ```ts
 * import { readCommand } from "./command_line.ts";
 *
 * readCommand(["check", "-c", "other.yaml"]); // { word: "check", file: "other.yaml" }
 * readCommand(["frobnicate"]); // 'unknown word "frobnicate"'
 * ```
 */
export function readCommand(
  args: readonly string[],
  configured = "config.yaml",
): Command | string {
  const unknown: string[] = [];
  const flags = parseArgs([...args], {
    string: ["_", "config", "log-level", "protocol", "alpn", "client"],
    boolean: ["help", "version", "json", "watch"],
    alias: { config: "c", help: "h", version: "V" },
    unknown: (arg, key) => {
      if (key !== undefined) unknown.push(arg);
    },
  });
  if (unknown.length > 0) return `unknown flag ${unknown[0]}`;
  if (flags.help) return { word: "help" };
  if (flags.version) return { word: "version" };
  const [word = "serve", ...rest] = flags._.map(String);
  // A variable that is not set, as in `-c "$FILE"`; to `explain`, it is a client that sends an empty name.
  if (word === "" || (word === "explain" ? rest.slice(1) : rest).includes("")) {
    return `an argument is "", perhaps the value of a flag`;
  }
  if (!isWord(word)) return `unknown word "${word}"`;
  const [extra] = word === "explain" ? rest.slice(1) : rest;
  if (extra !== undefined) return `unexpected "${extra}" after ${word}`;
  for (const flag of Object.values(TAKES).flat()) {
    const given = flags[flag] !== undefined && flags[flag] !== false;
    if (given && !TAKES[word].includes(flag)) return `--${flag} belongs to ${takersOf(flag)}`;
  }

  const file = flags.config ?? configured;
  if (typeof file !== "string" || file === "") return "--config needs the name of one file";
  const level = LEVELS.find((each) => each === flags["log-level"]);
  if (flags["log-level"] !== undefined && level === undefined) {
    return `--log-level needs one of ${LEVELS.join(", ")}`;
  }
  if (word === "permissions") return { word, file };
  if (word !== "explain") return { word, file, level, watch: flags.watch === true };
  const question = readQuestion(rest[0], flags.protocol, flags.alpn, flags.client);
  return typeof question === "string"
    ? question
    : { word, file, question, json: flags.json === true };
}

function isWord(text: string): text is Word {
  return Object.hasOwn(TAKES, text);
}

function takersOf(flag: Flag): string {
  return Object.entries(TAKES).flatMap(([word, flags]) => flags.includes(flag) ? [word] : [])
    .join(" and ");
}

function readQuestion(
  host: string | undefined,
  protocol: unknown,
  alpn: unknown,
  client: unknown,
): Question | string {
  if (host === undefined) return "explain needs a HOST; - is a client that names none";
  if (host.length > MAX_HOST) return `HOST is longer than ${MAX_HOST} characters`;
  if (protocol !== undefined && protocol !== "tls" && protocol !== "http") {
    return "--protocol needs tls or http";
  }
  const ids = String(alpn ?? "").split(",").map((id) => id.trim()).filter(Boolean);
  if (alpn !== undefined && ids.length === 0) {
    return "--alpn needs protocols separated by commas, such as h2,http/1.1";
  }
  const ip = parseIpLiteral(String(client ?? ""));
  if (client !== undefined && ip === undefined) return "--client needs an IP address";
  return {
    host,
    protocols: protocol === undefined ? ["tls", "http"] : [protocol],
    alpn: ids,
    ...(ip !== undefined && { client: unmapped(ip) }),
  };
}
