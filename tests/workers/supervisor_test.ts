import { assert, assertEquals } from "@std/assert";
import type { Config } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/load.ts";
import { BindError } from "../../src/bind.ts";
import { LineWriter } from "../../src/observe/line_writer.ts";
import { Log } from "../../src/observe/log.ts";
import type { StatusData } from "../../src/observe/status.ts";
import type { Thread } from "../../src/workers/member.ts";
import { Supervisor } from "../../src/workers/supervisor.ts";
import { freePorts, until } from "../e2e/harness.ts";
import { echo, exchange, serve, tunnelTo } from "../e2e/peers.ts";

const ping = new TextEncoder().encode("ping");

/** A supervisor whose logs are kept, and whose workers die when they are told to. */
class Stage {
  readonly log: string[] = [];
  readonly access: string[] = [];
  readonly #channel = new BroadcastChannel("mortal");
  #spawned = 0;

  start(config: Config): Promise<Supervisor> {
    const lines = collect(this.log);
    const log = new Log(lines, "info", "json");
    const spawn = (): Thread => {
      const url = new URL("./mortal_worker.ts", import.meta.url);
      url.hash = `#${++this.#spawned}`;
      return new Worker(url, { type: "module" });
    };
    return Supervisor.start(config, {
      log,
      lines,
      access: collect(this.access),
      version: "1",
      spawn,
    });
  }

  /** Has one die: the number counts all that there ever were. */
  kill(number: number): void {
    this.#channel.postMessage(`#${number}`);
  }

  [Symbol.dispose](): void {
    this.#channel.close();
  }
}

function collect(lines: string[]): LineWriter {
  const decoder = new TextDecoder();
  return new LineWriter({
    write: (bytes): Promise<number> => {
      lines.push(...decoder.decode(bytes).trimEnd().split("\n"));
      return Promise.resolve(bytes.length);
    },
  });
}

function config(port: number, backend: number, endpoint: number, more = ""): Config {
  const loaded = parseConfig(`listen_addrs: ["127.0.0.1:${port}"]
metrics: { address: "127.0.0.1:${endpoint}" }
routes: [{ name: app, hosts: ["app.test"], backends: ["127.0.0.1:${backend}"] }]
connection_pool: { preconnect: off }
${more}`);
  assert(loaded.ok, JSON.stringify(loaded));
  return loaded.config;
}

async function metric(endpoint: number, series: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${endpoint}/metrics`);
  const line = (await response.text()).split("\n").find((each) => each.startsWith(`${series} `));
  return Number(line?.split(" ").at(-1));
}

async function status(endpoint: number): Promise<StatusData> {
  return await (await fetch(`http://127.0.0.1:${endpoint}/status.json`)).json();
}

/** Tunnels, each of which has been used. */
async function tunnels(port: number, count: number): Promise<Deno.TcpConn[]> {
  const all = await Promise.all(Array.from({ length: count }, () => tunnelTo(port)));
  for (const each of all) await exchange(each, ping);
  return all;
}

Deno.test("a worker that dies is reported and replaced, and the others don't notice", async () => {
  using stage = new Stage();
  await using backend = serve(echo);
  const [port, endpoint] = freePorts(2);
  const supervisor = await stage.start(config(port, backend.port, endpoint, "workers: 2"));
  const before = await tunnels(port, 16);
  const after: Deno.TcpConn[] = [];
  try {
    assertEquals(await metric(endpoint, "sniproxy_connections_active"), 16);
    const counted = `sniproxy_protocol_distribution_total{protocol="tls"}`;
    assertEquals(await metric(endpoint, counted), 16);
    const whole = await status(endpoint);
    assertEquals([whole.workers, whole.totals.accepted, whole.routes[0].active], [2, 16, 16]);
    stage.kill(1);
    await until("the report", () => stage.log.some((line) => line.includes("a worker has died")));
    const ready = await fetch(`http://127.0.0.1:${endpoint}/ready`);
    assertEquals([ready.status, (await ready.json()).status], [200, "ready"]);
    await until("another one", () => {
      return stage.log.filter((line) => line.includes(`"message":"listening"`)).length === 3;
    });
    after.push(...await tunnels(port, 16));
    // Nothing that was counted is lost with who has counted it.
    assertEquals(await metric(endpoint, counted), 32);
    const alive = await metric(endpoint, "sniproxy_connections_active");
    assert(alive > 16 && alive < 32, `${alive} of 32 tunnels are left`);
    const left = await status(endpoint);
    assertEquals([left.state, left.workers, left.protocols.tls], ["ready", 2, 32]);
    assertEquals([left.connections.active, left.totals.accepted], [alive, 32]);
    assertEquals([left.routes[0].active, left.routes[0].backends[0].knownTo], [alive, 2]);
    let served = 0;
    for (const each of before) served += await exchange(each, ping).then(() => 1, () => 0);
    assertEquals(served, alive - 16);
  } finally {
    for (const each of [...before, ...after]) each.close();
    await supervisor.stop(0);
  }
  // Whoever was with the one that died has no line; everybody else has one, whole.
  for (const line of stage.access) assertEquals(JSON.parse(line).name, "app.test");
});

Deno.test("a reload changes how many there are, and tunnels of those that go end by themselves", async () => {
  using stage = new Stage();
  await using backend = serve(echo);
  const [port, endpoint] = freePorts(2);
  const supervisor = await stage.start(config(port, backend.port, endpoint, "workers: 2"));
  const all = await tunnels(port, 8);
  try {
    await supervisor.reload(
      config(port, backend.port, endpoint, "workers: 3\nmax_connections: 71"),
    );
    assertEquals(await metric(endpoint, "sniproxy_connections_max"), 71);
    await supervisor.reload(
      config(port, backend.port, endpoint, "workers: 1\nmax_connections: 51"),
    );
    assertEquals(await metric(endpoint, "sniproxy_connections_max"), 51);
    for (const each of all) await exchange(each, ping);
    // Those that take nobody new count all the same, and when one of them dies nobody is replaced.
    const counted = `sniproxy_protocol_distribution_total{protocol="tls"}`;
    assertEquals(await metric(endpoint, counted), 8);
    assertEquals(await metric(endpoint, "sniproxy_connections_active"), 8);
    stage.kill(2);
    await until("its end", async () => await metric(endpoint, "sniproxy_connections_active") < 8);
    all.push(...await tunnels(port, 1));
    assertEquals(await metric(endpoint, counted), 9);
    assert(!stage.log.some((line) => line.includes("is replaced")), "somebody was replaced");
  } finally {
    for (const each of all) each.close();
    await supervisor.stop(0);
  }
});

Deno.test("an address in use keeps all of them from starting, and from going by a new configuration", async () => {
  using stage = new Stage();
  await using backend = serve(echo);
  const [port, endpoint] = freePorts(2);
  const taken = config(backend.port, backend.port, endpoint, "workers: 2");
  const refused = async (what: Promise<unknown>): Promise<unknown> =>
    await what.catch((error) => error);
  const error = await refused(stage.start(taken));
  assert(error instanceof BindError, String(error));
  assertEquals(error.message, `cannot listen on 127.0.0.1:${backend.port}: the address is in use`);
  const supervisor = await stage.start(config(port, backend.port, endpoint, "workers: 2"));
  try {
    assert(await refused(supervisor.reload(taken)) instanceof BindError);
    const [tunnel] = await tunnels(port, 1);
    tunnel.close();
    // Two supervisors share no port, whatever their workers do.
    const other = config(port, backend.port, freePorts(1)[0], "workers: 2");
    assert(await refused(stage.start(other)) instanceof BindError);
  } finally {
    await supervisor.stop(0);
  }
});
