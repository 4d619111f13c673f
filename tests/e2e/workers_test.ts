import { assert, assertEquals } from "@std/assert";
import type { StatusData } from "../../src/observe/status.ts";
import { writeAll } from "../relay/sockets.ts";
import { latin1 } from "../sniff/hex.ts";
import { Proxy, soon, until } from "./harness.ts";
import {
  appConfig,
  close,
  connectTo,
  echo,
  exchange,
  hello,
  isRefused,
  lastWords,
  request,
  serve,
  tunnelTo,
} from "./peers.ts";
import { ANSWER, listening } from "./proxy_headers.ts";

const TEXTS = [hello("app.test"), request("app.test")].map((bytes) =>
  String.fromCharCode(...bytes)
);

async function ask(port: number, text: string): Promise<string> {
  using conn = await connectTo(port);
  await writeAll(conn, latin1(text));
  await conn.closeWrite();
  return await lastWords(conn);
}

Deno.test("two workers serve as one, and nothing is lost between them", async () => {
  await using backend = listening(...TEXTS);
  const config = appConfig(backend.port, "workers: 2");
  await using proxy = await Proxy.start({ config });
  const { tls } = proxy.ports;
  let asked = 0;
  const load = async (clients: number): Promise<void> => {
    const visitor = async (): Promise<void> => {
      for (let i = 0; i < clients / 10; i++) {
        assertEquals(await ask(tls, TEXTS[asked++ % 2]), ANSWER);
      }
    };
    await Promise.all(Array.from({ length: 10 }, visitor));
  };
  await load(200);
  // Reloads under load: nobody is turned away by either of them.
  let reloading = true;
  const reloads = (async (): Promise<void> => {
    for (let count = 1; reloading && count <= 5; count++) {
      proxy.signal("SIGHUP");
      const series = `sniproxy_config_reloads_total{result="success"}`;
      await until("the reload", async () => await proxy.metric(series) === count);
    }
  })();
  await load(100);
  reloading = false;
  await reloads;

  await until("the access log", () => proxy.access.length >= asked);
  assertEquals(proxy.access.length, asked);
  const ids = proxy.access.map(({ id }) => String(id));
  assertEquals(new Set(ids).size, asked);
  assertEquals(new Set(ids.map((id) => id.split("-")[0])).size, 2, "both have served");
  for (const line of proxy.access) assertEquals([line.end, line.route], ["done", "app"]);
  const { body } = await proxy.ask("/metrics");
  const sum = (pattern: RegExp): number =>
    [...body.matchAll(pattern)].reduce((total, [, value]) => total + Number(value), 0);
  assertEquals(sum(/^sniproxy_connections_total\{.*\} (\d+)$/gm), asked);
  assertEquals(sum(/^sniproxy_connection_duration_seconds_count\{.*\} (\d+)$/gm), asked);
  assertEquals(sum(/^sniproxy_connections_active (\d+)$/gm), 0);
  assertEquals(sum(/^sniproxy_connections_max (\d+)$/gm), 10_000);
  assertEquals(sum(/^sniproxy_build_info\{.*\} (\d+)$/gm), 1);
  const status: StatusData = JSON.parse((await proxy.ask("/status.json")).body);
  assertEquals([status.state, status.workers, status.connections], [
    ...["ready", 2],
    { active: 0, max: 10_000 },
  ]);
  const [{ ended, failed, backends }] = status.routes;
  assertEquals([ended, failed, backends[0].upIn, backends[0].knownTo], [asked, 0, 2, 2]);
  assertEquals([status.totals.accepted, status.recent.length], [asked, 50]);
  assertEquals(status.config.reload?.result, "success");
  const rx = TEXTS.reduce((total, { length }) => total + length * asked / 2, 0);
  assertEquals(sum(/^sniproxy_bytes_transferred_total\{route="app",direction="rx"\} (\d+)$/gm), rx);
});

Deno.test("SIGTERM drains all workers", async () => {
  await using backend = serve(echo);
  const config = appConfig(backend.port, "workers: 2");
  await using proxy = await Proxy.start({ config });
  const clients = await Promise.all(Array.from({ length: 8 }, () => tunnelTo(proxy.ports.tls)));
  try {
    proxy.signal("SIGTERM");
    await until("new clients to be refused", () => isRefused(proxy.ports.tls));
    assertEquals((await proxy.ask("/ready")).status, 503);
    assertEquals((await proxy.ask("/health")).status, 200);
    const status: StatusData = JSON.parse((await proxy.ask("/status.json")).body);
    assertEquals([status.state, status.connections.active], ["draining", 8]);
    assertEquals(await proxy.metric("sniproxy_connections_active"), 8);
    assertEquals(await proxy.metric("sniproxy_connections_max"), 10_000);
    assertEquals(await proxy.metric(`sniproxy_protocol_distribution_total{protocol="tls"}`), 8);
    for (const each of clients) await exchange(each, new TextEncoder().encode("ping"));
  } finally {
    for (const each of clients) close(each);
  }
  const { code } = await soon("its end", proxy.exit());
  assertEquals(code, 0);
  assertEquals(proxy.access.filter(({ name }) => name === "app.test").length, 8);
  assert(proxy.log.some((line) => line.includes(`"worker":2`)));
});
