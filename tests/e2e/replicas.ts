/**
 * Three proxies that share nothing, behind an HAProxy that tells them who the client is: one is killed, one is
 * drained, and clients keep coming. Prints what they saw: `deno task scaling`.
 *
 * @module
 */
import { crowd, tunnel } from "../faults/visitors.ts";
import { tally } from "../faults/fault.ts";
import { Breakable } from "../faults/breakable.ts";
import { startDaemon } from "./daemon.ts";
import { freePorts, Proxy, until } from "./harness.ts";
import { exchange, tunnelTo } from "./peers.ts";

/** What happens when. */
export interface Phase {
  /** What is done at its beginning. */
  readonly name: string;
  /** New connections. */
  readonly clients: number;
  /** What they saw, and how often. */
  readonly seen: Readonly<Record<string, number>>;
  /** Tunnels that were there before, and how many of them still carry bytes at its end. */
  readonly kept: string;
  /** New connections that each proxy has had up to its end, by its access log; none for one that is gone. */
  readonly served: readonly number[];
}

const REPLICAS = 3;
const PING = new TextEncoder().encode("ping");

function config(backend: number): string {
  return `listen_addrs: [{ address: "127.0.0.1:$TLS", proxy_protocol: true, trusted_proxies: ["127.0.0.0/8"] }]
metrics: { address: "127.0.0.1:$METRICS" }
shutdown_timeout: 10
routes: [{ name: app, hosts: [app.test], backends: ["127.0.0.1:${backend}"] }]
`;
}

function haproxy(port: number, proxies: readonly Proxy[]): string {
  const servers = proxies.map(({ ports }, i) =>
    `  server p${i} 127.0.0.1:${ports.tls} send-proxy-v2 check port ${ports.metrics} inter 200ms fall 1 rise 1`
  );
  return `defaults
  mode tcp
  retries 3
  option redispatch 1
  timeout connect 1s
  timeout check 5s
  timeout client 60s
  timeout server 60s
listen all
  bind 127.0.0.1:${port}
  option httpchk GET /ready
${servers.join("\n")}
`;
}

/**
 * Runs it.
 *
 * @param seconds How long each of its three phases takes.
 * @param rate New connections a second.
 * @returns What was seen in each.
 */
export async function runReplicas(seconds: number, rate: number): Promise<Phase[]> {
  await using owned = new AsyncDisposableStack();
  const backend = owned.use(await Breakable.start());
  const proxies: Proxy[] = [];
  for (let i = 0; i < REPLICAS; i++) {
    proxies.push(owned.use(await Proxy.start({ config: config(backend.port) })));
  }
  const [port] = freePorts(1);
  owned.use(
    await startDaemon({
      tool: "haproxy",
      args: (home) => ["-db", "-f", `${home}/haproxy.cfg`],
      files: () => ({ "haproxy.cfg": haproxy(port, proxies) }),
      ports: [port],
    }),
  );
  const kept = await Promise.all(Array.from({ length: 30 }, () => tunnelTo(port)));
  owned.defer(() => {
    for (const each of kept) each.close();
  });
  const phases: Phase[] = [];
  const phase = async (name: string, begin: () => unknown): Promise<void> => {
    await begin();
    const visits = await arrivals(port, seconds, rate);
    phases.push({
      name,
      clients: visits.length,
      seen: tally(visits),
      kept: `${await alive(kept)} of ${kept.length}`,
      served: proxies.map((proxy) => proxy.access.filter(({ route }) => route === "app").length),
    });
  };
  await phase("all three", () => {});
  await phase("one is killed (SIGKILL)", async () => Deno.kill(await proxies[0].pid(), "SIGKILL"));
  await phase("another one is drained (SIGTERM)", () => proxies[1].signal("SIGTERM"));
  await until("the log of clients", () => proxies[2].access.length > 0);
  return phases;
}

/** New clients at a steady rate; gives what each one saw. */
async function arrivals(port: number, seconds: number, rate: number): Promise<string[]> {
  const visits: Promise<string>[] = [];
  const started = performance.now();
  while (visits.length < rate * seconds) {
    const due = Math.min(rate * seconds, (performance.now() - started) / 1000 * rate);
    while (visits.length < due) visits.push(tunnel(port));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return await Promise.all(visits);
}

/** How many tunnels still carry bytes. */
async function alive(tunnels: readonly Deno.TcpConn[]): Promise<number> {
  const seen = await crowd(
    tunnels.length,
    (i) => exchange(tunnels[i], PING).then(() => "alive", () => "gone"),
  );
  return tally(seen).alive ?? 0;
}

if (import.meta.main) {
  console.log("| phase | new clients | what they saw | tunnels from before | served by each |");
  console.log("| --- | --- | --- | --- | --- |");
  for (const { name, clients, seen, kept, served } of await runReplicas(5, 200)) {
    const words = Object.entries(seen).map(([what, count]) => `${count} ${what}`).join(", ");
    console.log(`| ${name} | ${clients} | ${words} | ${kept} | ${served.join(" / ")} |`);
  }
}
