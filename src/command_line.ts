/**
 * What the command line says.
 *
 * @module
 */
import { isIP } from "node:net";
import { parseArgs } from "@std/cli";
import type { LogLevel } from "./config/config.ts";

/** What `explain` is asked about. */
export interface Question {
  /** The name, as a client would write it, possibly with a port; `-` or nothing: no name. */
  readonly host: string;
  /** Protocols to explain it for. */
  readonly protocols: readonly ("tls" | "http")[];
  /** ALPN protocol ids that the client offers. */
  readonly alpn: readonly string[];
  /** The client's IP address; absent: anybody's. */
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

const WORDS = ["serve", "check", "explain", "permissions"];

/** Flags that only `explain` knows. */
const OF_EXPLAIN = ["protocol", "alpn", "client", "json"];

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
  if (!WORDS.includes(word)) return `unknown word "${word}"`;
  const [extra] = word === "explain" ? rest.slice(1) : rest;
  if (extra !== undefined) return `unexpected "${extra}" after ${word}`;
  const stray = OF_EXPLAIN.find((name) => flags[name] !== undefined && flags[name] !== false);
  if (word !== "explain" && stray !== undefined) return `--${stray} belongs to explain`;

  const file = flags.config ?? configured;
  if (typeof file !== "string" || file === "") return "--config needs the name of one file";
  const level = LEVELS.find((each) => each === flags["log-level"]);
  if (flags["log-level"] !== undefined && level === undefined) {
    return `--log-level needs one of ${LEVELS.join(", ")}`;
  }
  if (flags.watch === true && word !== "serve") return "--watch belongs to serve";
  if (word === "permissions") return { word, file };
  if (word !== "explain") {
    return { word: word === "check" ? word : "serve", file, level, watch: flags.watch === true };
  }
  const question = readQuestion(rest[0], flags.protocol, flags.alpn, flags.client);
  return typeof question === "string"
    ? question
    : { word, file, question, json: flags.json === true };
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
  if (alpn !== undefined && (typeof alpn !== "string" || alpn === "")) {
    return "--alpn needs protocols separated by commas, such as h2,http/1.1";
  }
  if (client !== undefined && (typeof client !== "string" || isIP(client) === 0)) {
    return "--client needs an IP address";
  }
  return {
    host,
    protocols: protocol === undefined ? ["tls", "http"] : [protocol],
    alpn: alpn === undefined ? [] : alpn.split(",").map((id) => id.trim()).filter(Boolean),
    ...(client !== undefined && { client }),
  };
}
