/**
 * The access log: one line for every connection, when it has ended.
 *
 * @module
 */
import type { LogFormat } from "../config/config.ts";
import type { End, Summary } from "./summary.ts";
import type { LineWriter } from "./line_writer.ts";
import { asText, type Facts } from "./log.ts";

/**
 * Writes a connection's line.
 *
 * @param writer Where to.
 * @param format How it looks.
 * @param summary The connection.
 * @param end How it ended.
 */
export function logAccess(
  writer: LineWriter,
  format: LogFormat,
  summary: Summary,
  end: End,
): void {
  const line: Facts = {
    time: timestamp(),
    client: summary.client,
    listener: summary.listener,
    protocol: summary.protocol,
    name: summary.name,
    route: summary.route,
    backend: summary.backend,
    status: summary.status,
    rx: summary.rx,
    tx: summary.tx,
    hello_ms: round(summary.helloMs),
    connect_ms: round(summary.connectMs),
    total_ms: round(summary.totalMs),
    end,
    detail: summary.detail,
  };
  writer.write(format === "json" ? JSON.stringify(line) : asText(line));
}

let stampedAt = 0;
let stamp = "";

/** Now, as of RFC 3339. Lines of the same millisecond share it, for writing it costs as much as all the rest. */
function timestamp(): string {
  const now = Date.now();
  if (now !== stampedAt) {
    stampedAt = now;
    stamp = new Date(now).toISOString();
  }
  return stamp;
}

/** Microseconds are as fine as it gets. */
function round(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * 1000) / 1000;
}
