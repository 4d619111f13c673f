/**
 * A time of day that jumps, as it does when a machine wakes up or finds its time server. Only the proxy sees the
 * jump, through a library that is preloaded.
 *
 * @module
 */
import { assert, assertLessOrEqual } from "@std/assert";
import type { Proxy } from "../e2e/harness.ts";
import { appConfig, close, exchange, tunnelTo } from "../e2e/peers.ts";
import { run } from "../e2e/tools.ts";
import { until } from "../e2e/harness.ts";
import { Breakable } from "./breakable.ts";
import { faultTest } from "./fault.ts";
import { crowd, page, tunnel } from "./visitors.ts";

const CLIENTS = 20;
const DAY_SECONDS = 86_400;
const PING = new TextEncoder().encode("ping");

/** A backend, and a clock that can be set. */
interface Timed extends AsyncDisposable {
  /** Where the backend listens. */
  readonly port: number;
  /** Where the clock is. */
  readonly folder: string;
  /** Moves the proxy's time of day. */
  jump(seconds: number): Promise<void>;
}

async function timed(): Promise<Timed> {
  const folder = await Deno.makeTempDir({ prefix: "sniproxy-clock-" });
  const jump = (seconds: number): Promise<void> => {
    return Deno.writeFile(
      `${folder}/offset`,
      new Uint8Array(BigInt64Array.of(BigInt(seconds)).buffer),
    );
  };
  try {
    await jump(0);
    const source = new URL("clock.c", import.meta.url).pathname;
    const { code, stderr } = await run("gcc", [
      ...["-O2", "-Wall", "-shared", "-fPIC", "-o", `${folder}/clock.so`, source],
    ]);
    assert(code === 0, stderr);
    const backend = await Breakable.start();
    return {
      port: backend.port,
      folder,
      jump,
      async [Symbol.asyncDispose](): Promise<void> {
        await backend[Symbol.asyncDispose]();
        await Deno.remove(folder, { recursive: true });
      },
    };
  } catch (error) {
    await Deno.remove(folder, { recursive: true });
    throw error;
  }
}

/** Half of the clients with a tunnel, the others with a page. */
function visit({ ports }: Proxy): Promise<string[]> {
  return crowd(CLIENTS, (i) => i % 2 === 0 ? tunnel(ports.tls) : page(ports.http));
}

faultTest({
  name: `${3 * CLIENTS} clients while the time of day jumps a day forward and two back`,
  tools: ["gcc"],
  backend: timed,
  proxy: ({ port, folder }) => ({
    // With a clock that jumps, each of these would be over, or would never come.
    config: appConfig(port, "timeouts: { idle: 60s, client_hello: 5s }")
      .replace("off", "off, idle_timeout: 1s, cleanup_interval: 200ms"),
    through: ["env", `LD_PRELOAD=${folder}/clock.so`, `CLOCK_FILE=${folder}/offset`],
  }),
  warmUp: visit,
  async act(proxy: Proxy, clock: Timed): Promise<string[]> {
    const old = await Promise.all(Array.from({ length: CLIENTS }, () => tunnelTo(proxy.ports.tls)));
    const seen: string[] = [];
    const lines = proxy.access.length;
    const jumps: number[] = [];
    try {
      for (const days of [1, -1]) {
        await clock.jump(days * DAY_SECONDS);
        seen.push(...await visit(proxy));
        for (const each of old) await exchange(each, PING);
        const heard = lines + jumps.length * CLIENTS + CLIENTS;
        await until("the access log", () => proxy.access.length >= heard);
        jumps.push(Date.parse(String(proxy.access.at(-1)?.time)) - Date.now());
      }
    } finally {
      for (const each of old) close(each);
    }
    // It did see the jump: its log has the new time.
    for (const [i, days] of [1, -1].entries()) {
      assertLessOrEqual(Math.abs(jumps[i] - days * DAY_SECONDS * 1000), 60_000, "milliseconds off");
    }
    return [...seen, ...old.map(() => "served")];
  },
  seen: ["served", "200"],
  counted: {},
});
