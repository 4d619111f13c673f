/**
 * The program's own log, on stderr: what an operator should know, one line each.
 *
 * @module
 */
import type { LogFormat, LogLevel } from "../config/config.ts";
import type { LineWriter } from "./line_writer.ts";

const ORDER: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** Facts beside the message; a value of `undefined` is left out. */
export type Facts = Record<string, string | number | boolean | undefined>;

/** Writes lines of one log. Level and format may be changed while it is in use. */
export class Log {
  /** The least level that is written. */
  level: LogLevel;
  /** How lines look. */
  format: LogFormat;
  readonly #writer: LineWriter;
  readonly #common: Facts;

  /**
   * Makes a log.
   *
   * @param writer Where lines go.
   * @param level The least level that is written.
   * @param format How lines look.
   * @param common What stands in every line.
   */
  constructor(writer: LineWriter, level: LogLevel, format: LogFormat, common: Facts = {}) {
    this.#common = common;
    this.#writer = writer;
    this.level = level;
    this.format = format;
  }

  /** What helps to find a fault. */
  debug(message: string, facts?: Facts): void {
    this.#write("debug", message, facts);
  }

  /** What happened, as it should. */
  info(message: string, facts?: Facts): void {
    this.#write("info", message, facts);
  }

  /** What somebody should look at. */
  warn(message: string, facts?: Facts): void {
    this.#write("warn", message, facts);
  }

  /** What did not work. */
  error(message: string, facts?: Facts): void {
    this.#write("error", message, facts);
  }

  #write(level: LogLevel, message: string, facts: Facts = {}): void {
    if (ORDER.indexOf(level) < ORDER.indexOf(this.level)) return;
    const line = { time: new Date().toISOString(), level, message, ...this.#common, ...facts };
    this.#writer.write(this.format === "json" ? JSON.stringify(line) : asText(line));
  }
}

/**
 * A line for people: values in order, facts as `key=value`.
 *
 * @param line The facts; `time`, `level` and `message` go without their keys.
 * @returns One line: control characters are escaped, for names and messages can come from anybody.
 */
export function asText(line: Facts): string {
  const bare = new Set(["time", "level", "message"]);
  const parts: string[] = [];
  for (const [key, value] of Object.entries(line)) {
    if (value === undefined) continue;
    const text = /^[\w.:/@\[\]*+-]+$/.test(String(value)) || key === "message"
      ? JSON.stringify(String(value)).slice(1, -1)
      : JSON.stringify(value);
    parts.push(bare.has(key) ? text : `${key}=${text}`);
  }
  return parts.join(" ");
}
