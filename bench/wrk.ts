/**
 * wrk, a load generator for HTTP.
 *
 * @module
 */
import { run } from "./processes.ts";
import { hostPort } from "./stage.ts";

/** What wrk says. */
export interface WrkResult {
  /** Requests that were answered. */
  readonly requests: number;
  /** As many a second. */
  readonly rate: number;
  /** Requests that were not answered, or not with success. */
  readonly failed: number;
}

/**
 * Asks a proxy for `http://bench.test/`, over and over.
 *
 * @param address The proxy.
 * @param connections How many connections do so at once.
 * @param seconds For how long; a whole number.
 * @returns What came of it.
 */
export async function wrk(
  address: Deno.NetAddr,
  connections: number,
  seconds: number,
): Promise<WrkResult> {
  return readWrk(
    await run([
      ...["wrk", "-t", "1", "-c", `${connections}`, "-d", `${seconds}`],
      ...["-H", "Host: bench.test", `http://${hostPort(address)}/`],
    ]),
  );
}

/**
 * Reads the report of wrk.
 *
 * @param text What it printed.
 * @returns Its figures.
 */
export function readWrk(text: string): WrkResult {
  const number = (pattern: RegExp): number => Number(text.match(pattern)?.[1] ?? 0);
  const errors = text.match(/Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/);
  return {
    requests: number(/(\d+) requests in/),
    rate: number(/Requests\/sec:\s+([\d.]+)/),
    failed: (errors?.slice(1) ?? []).reduce((sum, each) => sum + Number(each), 0) +
      number(/Non-2xx or 3xx responses: (\d+)/),
  };
}
