/**
 * The same faults through nginx `stream`, HAProxy and ours, with the same clients and the same patience. Prints a
 * table: `deno task faults:beside`.
 *
 * @module
 */
import { writeAll } from "../relay/sockets.ts";
import { freePorts, Proxy, until } from "../e2e/harness.ts";
import { type Daemon, startDaemon } from "../e2e/daemon.ts";
import { fullBackend } from "../e2e/full_backend.ts";
import { close, connectTo, echo, hello, serve, tunnelTo } from "../e2e/peers.ts";
import { Breakable } from "./breakable.ts";
import { dripping, mute, refusing, resetting } from "./broken.ts";
import { type Broken, tally } from "./fault.ts";
import { crowd, tunnel } from "./visitors.ts";

/** A proxy with the fault behind it. */
interface Contestant extends AsyncDisposable {
  /** Where it takes TLS. */
  readonly port: number;
  /** Has it read its configuration again. */
  reload(): Promise<void>;
  /** All of its processes. */
  pids(): Promise<number[]>;
}

/** Starts a proxy that leads `app.test` and `flood.test` to these ports, if need be with few descriptors. */
type Start = (backends: readonly number[], descriptors?: number) => Promise<Contestant>;

const MIB = 1024 * 1024;

/** A limit that is never reached. */
const MANY = 20_000;

async function ours(backends: readonly number[], descriptors = MANY): Promise<Contestant> {
  const proxy = await Proxy.start({
    config: `listen_addrs: ["127.0.0.1:$TLS"]
metrics: { address: "127.0.0.1:$METRICS" }
timeouts: { connect: 300ms, client_hello: 1s, idle: 2s, half_closed: 2s }
routes:
  - name: app
    hosts: [app.test, flood.test]
    backends: [${backends.map((port) => `"127.0.0.1:${port}"`).join(", ")}]
    outlier_detection: { consecutive_failures: 3, eject_for: 10 }
`,
    through: ["prlimit", `--nofile=${descriptors}:${descriptors}`],
  });
  return {
    port: proxy.ports.tls,
    reload: (): Promise<void> => {
      proxy.signal("SIGHUP");
      return Promise.resolve();
    },
    pids: async () => [await proxy.pid()],
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}

async function nginx(backends: readonly number[], descriptors = MANY): Promise<Contestant> {
  const [port] = freePorts(1);
  const daemon = await startDaemon({
    tool: "nginx",
    args: (home) => ["-p", home, "-c", `${home}/nginx.conf`, "-e", "stderr"],
    files: (home) => ({
      "nginx.conf": `load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
error_log stderr crit;
pid ${home}/pid;
worker_processes 1;
worker_rlimit_nofile ${descriptors};
events { worker_connections ${descriptors}; }
stream {
  upstream app {
${
        backends.map((backend) => `    server 127.0.0.1:${backend} max_fails=3 fail_timeout=10s;`)
          .join("\n")
      }
  }
  map $ssl_preread_server_name $to { app.test app; flood.test app; }
  server {
    listen 127.0.0.1:${port};
    ssl_preread on;
    preread_timeout 1s;
    proxy_connect_timeout 300ms;
    proxy_timeout 2s;
    proxy_pass $to;
  }
}
`,
    }),
    ports: [port],
  });
  const master = async (): Promise<number> => Number(await Deno.readTextFile(`${daemon.home}/pid`));
  return {
    port,
    reload: async (): Promise<void> => Deno.kill(await master(), "SIGHUP"),
    pids: async () => family(await master()),
    [Symbol.asyncDispose]: () => stop(daemon, master),
  };
}

async function haproxy(backends: readonly number[], descriptors = MANY): Promise<Contestant> {
  const [port] = freePorts(1);
  const daemon = await startDaemon({
    tool: "haproxy",
    args: (home) => ["-W", "-db", "-p", `${home}/pid`, "-f", `${home}/haproxy.cfg`],
    files: () => ({
      "haproxy.cfg": `global
  nbthread 1
  fd-hard-limit ${descriptors}
defaults
  mode tcp
  retries 2
  option redispatch 1
  timeout connect 300ms
  timeout client 2s
  timeout server 2s
listen in
  bind 127.0.0.1:${port}
  tcp-request inspect-delay 1s
  tcp-request content accept if { req.ssl_sni -i app.test flood.test }
  tcp-request content reject
${
        backends.map((backend, i) =>
          `  server s${i} 127.0.0.1:${backend} observe layer4 error-limit 3 on-error mark-down check inter 1s`
        ).join("\n")
      }
`,
    }),
    ports: [port],
  });
  const master = async (): Promise<number> =>
    parseInt(await Deno.readTextFile(`${daemon.home}/pid`), 10);
  return {
    port,
    reload: async (): Promise<void> => Deno.kill(await master(), "SIGUSR2"),
    pids: async () => family(await master()),
    [Symbol.asyncDispose]: () => stop(daemon, master),
  };
}

/** A process and all that it has started. */
async function family(pid: number): Promise<number[]> {
  const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`).catch(() => "");
  const all = await Promise.all(
    children.split(" ").filter(Boolean).map((each) => family(Number(each))),
  );
  return [pid, ...all.flat()];
}

/** Ends a server with its workers, which would outlive a master that is killed. */
async function stop(daemon: Daemon, master: () => Promise<number>): Promise<void> {
  const pid = await master();
  Deno.kill(pid, "SIGTERM");
  const isGone = (): boolean => {
    const stat = readText(`/proc/${pid}/stat`);
    return stat === "" || /\) Z /.test(stat);
  };
  await until("a server to end", isGone);
  await daemon[Symbol.asyncDispose]();
}

function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

/** Resident memory of its processes that is their own, in bytes. */
async function memory(contestant: Contestant): Promise<number> {
  let total = 0;
  for (const pid of await contestant.pids()) {
    const rollup = await Deno.readTextFile(`/proc/${pid}/smaps_rollup`).catch(() => "");
    for (const [, kb] of rollup.matchAll(/^Private_\w+:\s+(\d+)/gm)) total += Number(kb) * 1024;
  }
  return total;
}

function words(seen: readonly string[]): string {
  return Object.entries(tally(seen)).map(([what, count]) => `${count} ${what}`).join(", ");
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A fault: what it needs behind the proxy, and what is to be said of it. */
interface Fault {
  /** What is done. */
  readonly name: string;
  /** Starts what is behind the proxy. */
  readonly backends: readonly (() => Broken | Promise<Broken>)[];
  /** Descriptors the proxy may have. */
  readonly descriptors?: number;
  /** Does it, and says what came of it. */
  act(contestant: Contestant, backends: readonly Broken[]): Promise<string>;
}

const CLIENTS = 40;
const works = (): Promise<Broken> => Breakable.start();

/** Clients that want so many bytes, and how long the slowest of them took. */
function visit(wanted?: number): Fault["act"] {
  return async ({ port }) => {
    const started = performance.now();
    const seen = await crowd(CLIENTS, () => tunnel(port, "app.test", wanted));
    return `${words(seen)} (${((performance.now() - started) / 1000).toFixed(1)} s)`;
  };
}

/** New connections at a steady rate, and what came of those before and after the first second of trouble. */
async function steady(
  port: number,
  seconds: number,
  trouble: () => void,
): Promise<string> {
  const RATE = 200;
  const visits: Promise<string>[] = [];
  const started = performance.now();
  let troubled: number | undefined;
  while (visits.length < RATE * seconds) {
    const now = performance.now();
    const due = Math.floor((now - started) / 1000 * RATE);
    const late = troubled !== undefined && now - troubled > 1_000;
    while (visits.length < due) {
      visits.push(
        tunnel(port).then((seen) => seen === "served" ? seen : late ? `${seen} later` : seen),
      );
    }
    if (troubled === undefined && due >= RATE) {
      trouble();
      troubled = now;
    }
    await rest(5);
  }
  return words(await Promise.all(visits));
}

const FAULTS: readonly Fault[] = [
  { name: "a backend that refuses", backends: [refusing], act: visit() },
  { name: "a backend whose backlog is full", backends: [fullBackend], act: visit() },
  { name: "a backend that says nothing", backends: [mute], act: visit() },
  { name: "a backend that resets at the first byte", backends: [() => resetting(0)], act: visit() },
  {
    name: "a backend that resets after 500,000 bytes",
    backends: [() => resetting(500_000)],
    act: visit(1_000_000),
  },
  { name: "a backend that drips 43 bytes", backends: [dripping], act: visit(43) },
  { name: "one that refuses, and one that works", backends: [refusing, works], act: visit() },
  {
    name: "one whose backlog is full, and one that works",
    backends: [fullBackend, works],
    act: visit(),
  },
  {
    name: "one that resets at the first byte, and one that works",
    backends: [() => resetting(0), works],
    act: visit(),
  },
  {
    name: "200 connections/s for 4 s, one of two backends killed after the first",
    backends: [works, works],
    act: ({ port }, [first]) =>
      steady(port, 4, () => {
        if (first instanceof Breakable) first.signal("SIGKILL");
      }),
  },
  {
    name: "200 connections/s for 4 s, and 20 reloads after the first",
    backends: [works],
    async act(contestant): Promise<string> {
      let reloads = Promise.resolve();
      const seen = await steady(contestant.port, 4, () => {
        reloads = (async (): Promise<void> => {
          for (let i = 0; i < 20; i++) {
            await contestant.reload();
            await rest(100);
          }
        })();
      });
      await reloads;
      return seen;
    },
  },
  {
    name: "300 clients at a limit of 256 descriptors",
    backends: [(): Broken => serve(echo)],
    descriptors: 256,
    async act({ port }): Promise<string> {
      const seen = await crowd(300, () => tunnel(port).catch(() => "no answer in 30 s"));
      return `${words(seen)}; then ${words(await crowd(20, () => tunnel(port)))}`;
    },
  },
  {
    name: "2,000 idle tunnels",
    backends: [(): Broken => serve(echo)],
    async act(contestant): Promise<string> {
      await crowd(50, () => tunnel(contestant.port));
      const before = await memory(contestant);
      const all: Deno.TcpConn[] = [];
      try {
        // Quickly, for they are idle already.
        await Promise.all(Array.from({ length: 40 }, async () => {
          for (let i = 0; i < 50; i++) all.push(await tunnelTo(contestant.port));
        }));
        const each = (await memory(contestant) - before) / all.length / 1024;
        return `${each.toFixed(0)} KB each`;
      } finally {
        for (const each of all) close(each);
      }
    },
  },
  {
    name: "three times 100 clients that ask for everything and read nothing",
    backends: [works],
    async act(contestant): Promise<string> {
      await crowd(50, () => tunnel(contestant.port));
      const figures = [await memory(contestant)];
      for (let round = 0; round < 3; round++) {
        const clients: Deno.TcpConn[] = [];
        for (let i = 0; i < 100; i++) {
          const conn = await connectTo(contestant.port);
          clients.push(conn);
          await writeAll(conn, hello("flood.test"));
        }
        await rest(1_500);
        figures.push(await memory(contestant));
        for (const each of clients) close(each);
      }
      await rest(10_000);
      figures.push(await memory(contestant));
      return `${figures.map((each) => (each / MIB).toFixed(0)).join(" / ")} MiB`;
    },
  },
];

const CONTESTANTS: Readonly<Record<string, Start>> = { ours, HAProxy: haproxy, nginx };

if (import.meta.main) {
  console.log(`| fault | ${Object.keys(CONTESTANTS).join(" | ")} |\n| --- | --- | --- | --- |`);
  for (const { name, backends, descriptors, act } of FAULTS) {
    const cells: string[] = [];
    for (const start of Object.values(CONTESTANTS)) {
      await using owned = new AsyncDisposableStack();
      const behind: Broken[] = [];
      for (const backend of backends) behind.push(owned.use(await backend()));
      const contestant = owned.use(await start(behind.map(({ port }) => port), descriptors));
      cells.push(await act(contestant, behind));
    }
    console.log(`| ${name} | ${cells.join(" | ")} |`);
  }
}
