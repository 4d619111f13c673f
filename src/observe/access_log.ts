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

/**
 * What `JSON.stringify` makes of the facts, in a fraction of the time: there is a line for every request. Addresses in
 * canonical form, ids and protocols need no quoting.
 */
function asJson(summary: Summary, end: End): string {
  const { name, route, backend, status, helloMs, connectMs, totalMs, detail } = summary;
  let line = `{"time":"${timestamp()}","id":"${summary.id}"` +
    `,"client":"${summary.client}","listener":"${summary.listener}","protocol":"${summary.protocol}"`;
  if (name !== undefined) line += `,"name":${quote(name)}`;
  if (route !== undefined) line += `,"route":${quoteRoute(route)}`;
  if (backend !== undefined) line += `,"backend":${quoteBackend(backend)}`;
  if (status !== undefined) line += `,"status":${status}`;
  line += `,"rx":${summary.rx},"tx":${summary.tx}`;
  if (helloMs !== undefined) line += `,"hello_ms":${thousandths(helloMs)}`;
  if (connectMs !== undefined) line += `,"connect_ms":${thousandths(connectMs)}`;
  if (totalMs !== undefined) line += `,"total_ms":${thousandths(totalMs)}`;
  line += `,"end":"${end}"`;
  if (detail !== undefined) line += `,"detail":${quote(detail)}`;
  return line + "}";
}

/** Printable ASCII without the quotation mark and the backslash. */
const PLAIN = /^[ !#-\[\]-~]*$/;

function quote(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

const quoteRoute = rememberingQuote();
const quoteBackend = rememberingQuote();

/** Quotes, and knows the last one: there are few routes and backends, and many lines of each. */
function rememberingQuote(): (text: string) => string {
  let last = "";
  let quoted = quote(last);
  return (text) => {
    if (text !== last) {
      last = text;
      quoted = quote(text);
    }
    return quoted;
  };
}

/** What comes behind the whole milliseconds, for each number of microseconds. */
const FRACTIONS: readonly string[] = Array.from(
  { length: 1000 },
  (_, us) => us === 0 ? "" : `.${String(us).padStart(3, "0")}`.replace(/0+$/, ""),
);

/** A number of milliseconds with its microseconds. To write a fraction takes the runtime as long as a short line. */
function thousandths(ms: number): string {
  const us = Math.round(ms * 1000);
  return us >= 0 && us < 2 ** 31 ? `${us / 1000 | 0}${FRACTIONS[us % 1000]}` : `${us / 1000}`;
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
