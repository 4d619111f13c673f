/**
 * Asks one backend whether it works.
 *
 * @module
 */
import { canonical } from "../config/address.ts";
import type { HealthCheck } from "../config/config.ts";
import { clientHello } from "./client_hello.ts";
import { isOutOfDescriptors } from "./connect.ts";
import { readServerHello } from "./server_hello.ts";
import { statusReader } from "./status_reader.ts";

/** What a check has found: that the backend works, why it does not, or nothing. */
export type Verdict =
  | { readonly kind: "up" }
  | { readonly kind: "down"; readonly reason: string }
  | { readonly kind: "unknown" };

/** Where to ask. */
export interface ProbeTarget {
  /** An IP address. */
  readonly host: string;
  /** Its port. */
  readonly port: number;
}

const UP: Verdict = { kind: "up" };
const UNKNOWN: Verdict = { kind: "unknown" };

/** Looks at all of an answer so far: true if it is good, why it is not, or `undefined` if more bytes are needed. */
type Judge = (answer: Uint8Array) => true | string | undefined;

/** Bytes of an answer that are looked at. */
const MOST_BYTES = 8192;

/** RFC 9110, 8.6: a request by one of these says that it has no content. */
const WITH_CONTENT = new Set(["POST", "PUT", "PATCH"]);

const encoder = new TextEncoder();

/**
 * Makes one check.
 *
 * @param check What is asked, and what has to be the answer.
 * @param target Where.
 * @param preface What has to be said first: a PROXY header; empty if nothing has.
 * @param signal Ends it before its time.
 * @returns The verdict; `unknown` if this process has no descriptor left for it, which is not the backend's fault.
 *   Never rejects, and holds no socket any more.
 *
 * @example
 * ```ts
 * import type { HealthCheck } from "../config/config.ts";
 * import { probe } from "./probe.ts";
 *
 * declare const check: HealthCheck;
 * const { signal } = new AbortController();
 * await probe(check, { host: "127.0.0.1", port: 8080 }, new Uint8Array(), signal);
 * ```
 */
export async function probe(
  check: HealthCheck,
  { host, port }: ProbeTarget,
  preface: Uint8Array,
  signal: AbortSignal,
): Promise<Verdict> {
  const late = new AbortController();
  const end = (): void => late.abort();
  const timer = setTimeout(end, check.timeout);
  signal.addEventListener("abort", end);
  if (signal.aborted) end();
  try {
    using conn = await Deno.connect({ hostname: host, port, signal: late.signal });
    if (check.type === "tcp") return UP;
    // Whatever waits for the backend then is told that the connection is gone.
    late.signal.addEventListener("abort", () => conn.close(), { once: true });
    await writeAll(conn, preface);
    const tls = check.type === "tls";
    await writeAll(conn, tls ? clientHello(check.host) : request(check, host, port));
    const verdict = await judge(conn, tls ? readServerHello : statusReader(check.status));
    return verdict === true ? UP : down(verdict);
  } catch (error) {
    if (isOutOfDescriptors(error)) return UNKNOWN;
    if (late.signal.aborted) return down(`no answer within ${check.timeout} ms`);
    return down(error instanceof Error ? error.message : String(error));
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
}

function request(check: HealthCheck, host: string, port: number): Uint8Array {
  const { method, path } = check;
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${check.host ?? canonical({ host, port })}`,
    "User-Agent: sniproxy-health",
    "Connection: close",
    ...(WITH_CONTENT.has(method) ? ["Content-Length: 0"] : []),
  ];
  return encoder.encode(`${lines.join("\r\n")}\r\n\r\n`);
}

async function judge(conn: Deno.TcpConn, judged: Judge): Promise<true | string> {
  const buffer = new Uint8Array(MOST_BYTES);
  for (let length = 0; length < buffer.length;) {
    const count = await conn.read(buffer.subarray(length));
    if (count === null) {
      return length === 0 ? "closed without an answer" : "closed before the answer was complete";
    }
    length += count;
    const verdict = judged(buffer.subarray(0, length));
    if (verdict !== undefined) return verdict;
  }
  return `no end of the answer in ${MOST_BYTES} bytes`;
}

async function writeAll(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

function down(reason: string): Verdict {
  return { kind: "down", reason };
}
