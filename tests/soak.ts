/**
 * A soak: mixed traffic through the proxy for minutes, while backends are killed, stopped and started again and
 * the configuration is reloaded, all of it by a seed. It prints a report in Markdown, and ends with exit code 1 if
 * there was an error that no fault explains, or if memory or descriptors grew. The heap takes some four minutes to find
 * its size; in a shorter soak it may still be growing.
 *
 * `deno task soak [--minutes 10] [--seed 1]`
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { Proxy, until } from "./e2e/harness.ts";
import { Breakable } from "./faults/breakable.ts";
import { held } from "./faults/fault.ts";
import { generator } from "./sniff/random.ts";
import { Journal } from "./soak/journal.ts";
import { isFlat, memoryTrend, type Sample } from "./soak/samples.ts";
import { type Ground, TRAFFIC } from "./soak/traffic.ts";

const SAMPLE_MS = 2_000;
const MIB = 1024 * 1024;

function config(ports: readonly number[]): string {
  const backends = ports.map((port) => `"127.0.0.1:${port}"`).join(", ");
  return `listen_addrs: ["127.0.0.1:$HTTP", "127.0.0.1:$TLS"]
metrics: { address: "127.0.0.1:$METRICS" }
timeouts: { client_hello: 2s }
connection_pool: { idle_timeout: 3s, cleanup_interval: 1s }
routes: [{ name: app, hosts: ["app.test", "flood.test"], backends: [${backends}] }]
`;
}

/** What a soak came to. */
interface Soak {
  /** What happened. */
  readonly journal: Journal;
  /** What the proxy held. */
  readonly samples: readonly Sample[];
  /** Descriptors before the traffic, and after. */
  readonly descriptors: readonly [number, number];
  /** Memory before the traffic and after it, in bytes. */
  readonly memory: readonly [number, number];
  /** Connections that were still there at the end. */
  readonly active: number;
  /** Lines that the proxy logged as errors. */
  readonly logged: readonly string[];
}

async function soak(minutes: number, seed: number, interrupted: AbortSignal): Promise<Soak> {
  const random = generator(seed);
  const over = AbortSignal.any([interrupted, AbortSignal.timeout(minutes * 60_000)]);
  const backends = [await Breakable.start()];
  try {
    backends.push(await Breakable.start());
    const text = config(backends.map(({ port }) => port));
    await using proxy = await Proxy.start({ config: text });
    const ground: Ground = { ports: proxy.ports, random, rest: (ms) => rest(ms, over) };
    const journal = new Journal();
    const samples: Sample[] = [];

    await Promise.all(TRAFFIC.map(({ act }) => act({ ...ground, rest: () => Promise.resolve() })));
    await untilIdle(proxy);
    const before = await held(proxy);
    await Promise.all([
      ...TRAFFIC.flatMap(({ name, clients, pause, act }) =>
        Array.from({ length: clients }, async () => {
          while (!over.aborted) {
            await journal.note(name, () => act(ground));
            await rest(random(pause), over);
          }
        })
      ),
      breakThings(proxy, backends, text, journal, random, over),
      watch(proxy, samples, over),
    ]);
    interrupted.throwIfAborted();
    await untilIdle(proxy);
    const after = await held(proxy);
    return {
      journal,
      samples,
      descriptors: [before.descriptors, after.descriptors],
      memory: [before.memory, after.memory],
      active: await proxy.metric("sniproxy_connections_active"),
      logged: proxy.log.filter((line) => line.includes(`"level":"error"`)),
    };
  } finally {
    for (const each of backends) await each[Symbol.asyncDispose]();
  }
}

/** Waits until nobody is connected, and nothing rests in the pool that was not warmed for the next client. */
async function untilIdle(proxy: Proxy): Promise<void> {
  await until("all connections to end", async () => {
    return await proxy.metric("sniproxy_connections_active") === 0;
  });
  // Until the pool has closed what was left over from the traffic, as it does for a while.
  let last = -1;
  let same = 0;
  await until("the pool to be still", async () => {
    const descriptors = await proxy.descriptors();
    same = descriptors === last ? same + 1 : 0;
    last = descriptors;
    return same >= 400;
  }, 60_000);
}

/** Breaks something every few seconds, but never both backends at a time. */
async function breakThings(
  proxy: Proxy,
  backends: Breakable[],
  text: string,
  journal: Journal,
  random: (below: number) => number,
  over: AbortSignal,
): Promise<void> {
  for (let round = 0; !over.aborted; round++) {
    await rest(2_000 + random(3_000), over);
    if (over.aborted) return;
    const which = random(2);
    switch (random(3)) {
      case 0: {
        journal.fault("backend killed");
        const { port } = backends[which];
        await backends[which][Symbol.asyncDispose]();
        await rest(500 + random(2_500), over);
        backends[which] = await Breakable.start(port);
        break;
      }
      case 1:
        journal.fault("backend stopped");
        backends[which].signal("SIGSTOP");
        await rest(200 + random(1_500), over);
        backends[which].signal("SIGCONT");
        break;
      default:
        journal.fault("reload");
        await proxy.rewrite(`${text}max_connections: ${5_000 + round}\n`);
        proxy.signal("SIGHUP");
    }
  }
}

/** Looks at the proxy every few seconds. */
async function watch(proxy: Proxy, samples: Sample[], over: AbortSignal): Promise<void> {
  const began = performance.now();
  while (!over.aborted) {
    const active = await proxy.metric("sniproxy_connections_active");
    const seconds = (performance.now() - began) / 1000;
    samples.push({ seconds, ...await held(proxy), active });
    // Nobody reads them here, and there are hundreds a second.
    proxy.access.length = 0;
    await rest(SAMPLE_MS, over);
  }
}

/** Waits, though not beyond the end. */
async function rest(ms: number, over: AbortSignal): Promise<void> {
  if (over.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const wake = (): void => resolve();
  over.addEventListener("abort", wake);
  await promise;
  clearTimeout(timer);
  over.removeEventListener("abort", wake);
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [head, head.map(() => "---"), ...rows]
    .map((row) => `| ${row.map((each) => String(each).replaceAll(/\s+/g, " ")).join(" | ")} |`)
    .join("\n");
}

/** What makes a soak fail; empty if nothing does. */
function verdict({ journal, samples, descriptors, active, logged }: Soak): string[] {
  return [
    ...journal.unexplained > 0 ? [`${journal.unexplained} errors are unexplained`] : [],
    ...isFlat(samples) ? [] : ["memory grew"],
    ...descriptors[1] > descriptors[0] ? ["descriptors were left open"] : [],
    ...active > 0 ? [`${active} connections never ended`] : [],
    ...logged.map((line) => `the proxy logged ${line}`),
  ];
}

function report(minutes: number, seed: number, result: Soak): string {
  const { journal, samples, descriptors, memory } = result;
  const { mean, perMinute } = memoryTrend(samples);
  const most = (of: (sample: Sample) => number): number => Math.max(...samples.map(of));
  const mib = (bytes: number): string => (bytes / MIB).toFixed(1);
  const failures = journal.failures.map(({ traffic, what, why, count }) => [
    ...[traffic, what, why, count],
  ]);
  const found = verdict(result);
  return `# Soak: ${minutes} minutes, seed ${seed}

${table(["Traffic", "Went well"], Object.entries(journal.done))}

${table(["Fault", "Times"], Object.entries(journal.faults))}

${
    failures.length === 0
      ? "No errors."
      : table(["Traffic", "Error", "Explained by", "Times"], failures)
  }

${
    table(["", "Before", "Most", "After"], [
      ["Descriptors", descriptors[0], most((each) => each.descriptors), descriptors[1]],
      ["Memory (MiB)", mib(memory[0]), mib(most((each) => each.memory)), mib(memory[1])],
      ["Connections", 0, most((each) => each.active), result.active],
    ])
  }

Second half: ${mib(mean)} MiB on average, ${mib(perMinute)} MiB more a minute.
Unexplained errors: ${journal.unexplained}.
${found.length === 0 ? "Passed." : `Failed: ${found.join("; ")}.`}
`;
}

if (import.meta.main) {
  let understood = true;
  const { minutes, seed } = parseArgs(Deno.args, {
    string: ["minutes", "seed"],
    default: { minutes: "10", seed: "1" },
    unknown: () => understood = false,
  });
  const [length, start] = [Number(minutes), Number(seed)];
  if (!understood || !(length > 0) || !Number.isInteger(start)) {
    console.error("usage: deno task soak [--minutes N] [--seed N]");
    Deno.exit(2);
  }
  const interrupt = new AbortController();
  const stop = (): void => interrupt.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, stop);
  try {
    const result = await soak(length, start, interrupt.signal);
    console.log(report(length, start, result));
    Deno.exit(verdict(result).length === 0 ? 0 : 1);
  } catch (error) {
    // By now everything that was started has ended.
    if (!interrupt.signal.aborted) throw error;
    console.error("interrupted");
    Deno.exit(130);
  }
}
