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
  writer.write(format === "json" ? asJson(summary, end) : asText(facts(summary, end)));
}

function facts(summary: Summary, end: End): Facts {
  return {
    time: timestamp(),
    id: summary.id,
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
}

/** What `JSON.stringify` makes of the facts, in half the time: there is a line for every request. */
function asJson(summary: Summary, end: End): string {
  const { name, route, backend, status, helloMs, connectMs, totalMs, detail } = summary;
  let line = `{"time":"${timestamp()}","id":"${summary.id}"` +
    `,"client":${quote(summary.client)},"listener":${
      quote(summary.listener)
    },"protocol":"${summary.protocol}"`;
  if (name !== undefined) line += `,"name":${quote(name)}`;
  if (route !== undefined) line += `,"route":${quote(route)}`;
  if (backend !== undefined) line += `,"backend":${quote(backend)}`;
  if (status !== undefined) line += `,"status":${status}`;
  line += `,"rx":${summary.rx},"tx":${summary.tx}`;
  if (helloMs !== undefined) line += `,"hello_ms":${round(helloMs)}`;
  if (connectMs !== undefined) line += `,"connect_ms":${round(connectMs)}`;
  if (totalMs !== undefined) line += `,"total_ms":${round(totalMs)}`;
  line += `,"end":"${end}"`;
  if (detail !== undefined) line += `,"detail":${quote(detail)}`;
  return line + "}";
}

/** Printable ASCII without the quotation mark and the backslash. */
const PLAIN = /^[ !#-\[\]-~]*$/;

function quote(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
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
