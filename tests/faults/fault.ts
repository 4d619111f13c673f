/**
 * A fault: a proxy, something behind or around it that breaks, what its clients see, what it counts, and that it
 * is as before when all is over.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Proxy, type ProxyOptions, until } from "../e2e/harness.ts";
import { findTool } from "../e2e/tools.ts";

/** How much more memory than before may be held in the end, in bytes: code, buffers kept for later, garbage. */
const GROWTH_BYTES = 64 * 1024 * 1024;

/** How long the proxy may take to be as before. */
const PATIENCE_MS = 40_000;

/** How often each outcome was seen. */
export type Tally = Record<string, number>;

/** What a proxy holds. */
export interface Held {
  /** Open descriptors. */
  readonly descriptors: number;
  /** Resident memory, in bytes. */
  readonly memory: number;
}

/** What breaks: where it is reached on 127.0.0.1, and how it is closed. */
export type Broken = { readonly port: number } & (Disposable | AsyncDisposable);

/** A fault, and what it is expected to do. */
export interface Fault<B extends Broken> {
  /** What breaks: the name of the test. */
  readonly name: string;
  /** Starts what breaks. */
  readonly backend: () => B | Promise<B>;
  /** How to start the proxy in front of it. */
  readonly proxy: (backend: B) => ProxyOptions;
  /** What some clients do before anything is measured, so that code and buffers are there. */
  readonly warmUp?: (proxy: Proxy) => Promise<unknown>;
  /** Breaks it; gives what each client saw, and may have something noted in the table of outcomes. */
  readonly act: (
    proxy: Proxy,
    backend: B,
    note: (text: string) => void,
  ) => Promise<readonly string[]>;
  /** What a client may see; the first of them at least one client must. */
  readonly seen: readonly string[];
  /** Each reason in `sniproxy_errors_total` that must be counted, and how often: exactly, or from and to. */
  readonly counted: Readonly<Record<string, number | readonly [least: number, most: number]>>;
  /** How much more memory than before may be kept in the end, in bytes, if it is not the usual. */
  readonly growth?: number;
  /** Whether it is too slow for the gate: then it runs with `SNIPROXY_SLOW=1` in the environment. */
  readonly slow?: boolean;
  /** Programs that it needs. */
  readonly tools?: readonly string[];
}

/**
 * Registers the test of a fault.
 *
 * @param fault The fault.
 */
export function faultTest<B extends Broken>(fault: Fault<B>): void {
  const missing = (fault.tools ?? []).filter((tool) => findTool(tool) === undefined);
  const wanted = !fault.slow || Deno.env.get("SNIPROXY_SLOW") === "1";
  const why = missing.length > 0
    ? ` (ignored: ${missing.join(" and ")} not installed)`
    : wanted
    ? ""
    : " (ignored: slow, see deno task test:faults)";
  Deno.test({ name: fault.name + why, ignore: why !== "", fn: () => run(fault) });
}

async function run<B extends Broken>(fault: Fault<B>): Promise<void> {
  await using backend = await fault.backend();
  await using proxy = await Proxy.start(fault.proxy(backend));
  const notes: string[] = [];
  const note = (text: string): void => void notes.push(text);
  await fault.warmUp?.(proxy);
  await untilIdle(proxy);
  const before = await held(proxy);
  const counted = await errors(proxy);

  const seen = tally(await fault.act(proxy, backend, note));
  await untilIdle(proxy);
  const reasons = difference(await errors(proxy), counted);
  for (const outcome of Object.keys(seen)) {
    assert(fault.seen.includes(outcome), `a client saw "${outcome}": ${JSON.stringify(seen)}`);
  }
  assert(Object.hasOwn(seen, fault.seen[0]), `nobody saw "${fault.seen[0]}"`);
  checkCounts(reasons, fault.counted);
  assertEquals(proxy.log.filter((line) => line.includes(`"level":"error"`)), []);

  // The runtime gives memory back when it has had nothing to do for a while, and not always all of it.
  let after = before;
  await until("descriptors and memory to return", async () => {
    after = await held(proxy);
    return after.descriptors <= before.descriptors &&
      after.memory <= before.memory + (fault.growth ?? GROWTH_BYTES);
  }, PATIENCE_MS);
  await report([fault.name, ...notes].join("; "), seen, reasons, before, after);
}

function checkCounts(reasons: Tally, expected: Fault<Broken>["counted"]): void {
  const ranges = Object.entries(expected).map(([reason, count]) => {
    return [reason, ...typeof count === "number" ? [count, count] : count] as const;
  });
  const allowed = new Set(ranges.map(([reason]) => reason));
  for (const reason of Object.keys(reasons)) {
    assert(allowed.has(reason), `"${reason}" was counted: ${JSON.stringify(reasons)}`);
  }
  for (const [reason, least, most] of ranges) {
    const count = reasons[reason] ?? 0;
    assert(least <= count && count <= most, `${count} times "${reason}", not ${least} to ${most}`);
  }
}

/**
 * Counts what is alike.
 *
 * @param outcomes Words.
 * @returns How often each one is among them.
 */
export function tally(outcomes: readonly string[]): Tally {
  const counts: Tally = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

/**
 * What the proxy holds now.
 *
 * @param proxy The proxy.
 * @returns Its descriptors and memory.
 */
export async function held(proxy: Proxy): Promise<Held> {
  const pid = await proxy.pid();
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const kilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]);
  return { descriptors: await proxy.descriptors(), memory: kilobytes * 1024 };
}

/** Waits until nobody is connected and no backend socket is in use or at rest. */
async function untilIdle(proxy: Proxy): Promise<void> {
  await until("all connections to end", async () => {
    const { body } = await proxy.ask("/metrics");
    return [
      "sniproxy_connections_active",
      "sniproxy_pool_active_connections",
      "sniproxy_pool_size",
    ].every((name) => sum(body, name) === 0);
  }, PATIENCE_MS);
}

/** Adds up all series of a metric. */
function sum(body: string, name: string): number {
  return body.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (.+)$`, "gm"))
    .reduce((total, [, value]) => total + Number(value), 0);
}

/**
 * Reads what was counted as an error, whatever the protocol.
 *
 * @param proxy The proxy.
 * @returns How often each reason was counted so far.
 */
export async function errors(proxy: Proxy): Promise<Tally> {
  const { body } = await proxy.ask("/metrics");
  const counts: Tally = {};
  const series = /^sniproxy_errors_total\{error_type="(\w+)".*\} (\d+)$/gm;
  for (const [, reason, count] of body.matchAll(series)) {
    counts[reason] = (counts[reason] ?? 0) + Number(count);
  }
  return counts;
}

function difference(after: Tally, before: Tally): Tally {
  return Object.fromEntries(
    Object.entries(after)
      .map(([reason, count]) => [reason, count - (before[reason] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );
}

/** Adds a row to the table of measured outcomes, if one is asked for. */
async function report(
  name: string,
  seen: Tally,
  reasons: Tally,
  before: Held,
  after: Held,
): Promise<void> {
  const file = Deno.env.get("SNIPROXY_FAULT_TABLE");
  if (file === undefined) return;
  const words = (counts: Tally): string =>
    Object.entries(counts).map(([word, count]) => `${count} ${word}`).join(", ") || "nothing";
  const megabytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(0);
  const row = [
    name,
    words(seen),
    words(reasons),
    `${before.descriptors} / ${after.descriptors}`,
    `${megabytes(before.memory)} / ${megabytes(after.memory)} MiB`,
  ];
  await Deno.writeTextFile(file, `| ${row.join(" | ")} |\n`, { append: true });
}
