import { assert, assertEquals, assertMatch } from "@std/assert";
import type { RouteStatus, StatusData } from "../../src/observe/status.ts";
import { chromeLike, records } from "../sniff/hello_builder.ts";
import { freePorts, Proxy, soon, until } from "./harness.ts";
import { connectTo, echo, hello, lastWords, request, serve, tunnelTo } from "./peers.ts";
import { writeAll } from "../relay/sockets.ts";
import { say } from "./raw_http.ts";

const ANSWER = new TextEncoder().encode("HTTP/1.1 204 No Content\r\n\r\n");

async function visit(port: number, sends: Uint8Array): Promise<void> {
  using conn = await connectTo(port);
  await writeAll(conn, sends);
  await conn.closeWrite();
  await lastWords(conn);
}

Deno.test("the status tells what was done, why backends are down, and how a reload went", async () => {
  await using app = serve(echo);
  await using web = serve(async (conn) => {
    await conn.read(new Uint8Array(4096));
    await writeAll(conn, ANSWER);
  });
  await using silent = serve(() => Promise.resolve());
  const [down] = freePorts(1);
  const config = `listen_addrs: ["127.0.0.1:$HTTP", "127.0.0.1:$TLS"]
metrics: { address: "127.0.0.1:$METRICS" }
connection_pool: { preconnect: off }
routes:
  - { name: app, hosts: ["app.test"], backends: ["127.0.0.1:${app.port}"] }
  - { name: web, hosts: ["web.test"], backends: ["127.0.0.1:${web.port}"] }
  - name: down
    hosts: ["down.test"]
    backends: ["127.0.0.1:${down}"]
    health_check: { type: tcp, interval: 0.1, timeout: 2, fall: 1 }
  - name: silent
    hosts: ["silent.test"]
    backends: ["127.0.0.1:${silent.port}", { address: "127.0.0.1:${app.port}", backup: true }]
    outlier_detection: { consecutive_failures: 1, eject_for: 600 }
  - { name: status, hosts: ["status.test"], backends: ["127.0.0.1:$METRICS"] }
  - { name: closed, hosts: ["closed.test"], action: reject }
shutdown_timeout: 600
`;
  await using proxy = await Proxy.start({ config });
  const { http, tls } = proxy.ports;
  const read = async (): Promise<StatusData> => JSON.parse((await proxy.ask("/status.json")).body);
  const find = ({ routes }: StatusData, name: string): RouteStatus => {
    const found = routes.find((each) => each.name === name);
    assert(found !== undefined, name);
    return found;
  };

  await visit(tls, records(chromeLike("app.test")));
  for (let i = 0; i < 2; i++) await visit(tls, hello("app.test"));
  // Its first backend closes at once, the backup serves it.
  (await tunnelTo(tls, "silent.test")).close();
  for (let i = 0; i < 3; i++) await visit(tls, hello("lost.test"));
  await visit(tls, hello("closed.test"));
  await visit(http, request("web.test"));
  await visit(http, request("elsewhere.test"));
  await until("all to be counted", async () => (await read()).totals.ended >= 10);
  await until(
    "the check",
    async () => find(await read(), "down").backends[0].places[0].state === "down",
  );

  const status = await read();
  assertEquals([status.state, status.workers, status.connections.active], ["ready", 1, 0]);
  assert(status.memory > 1_000_000 && status.at >= status.startedAt);
  assertEquals(status.listeners.map(({ accepted }) => accepted), [2, 8]);
  assertEquals([status.totals.accepted, status.totals.ended, status.totals.failed], [10, 10, 5]);
  assertEquals(status.protocols, { tls: 8, http: 2, h2c: 0, unknown: 0 });
  assertEquals([status.tls.hellos, status.tls.postQuantum, status.tls.ech], [8, 1, 1]);
  assertEquals(status.tls.versions, { "TLS 1.3": 8, "TLS 1.2": 1 });
  assertEquals(status.tls.alpn, { "none": 7, "h2": 1, "http/1.1": 1 });
  assertEquals(status.ends.map(({ end, count }) => `${end} ${count}`), [
    "no_route 4",
    "rejected 1",
  ]);
  assertEquals(status.unknownNames.map(({ name, count }) => `${name} ${count}`), [
    "lost.test 3",
    "elsewhere.test 1",
  ]);
  const last = status.recent[0];
  assertEquals([last.name, last.end, last.protocol, last.rx], [
    "elsewhere.test",
    "no_route",
    "http",
    request("elsewhere.test").length,
  ]);
  assertEquals(status.recent.length, 10);
  const appRoute = find(status, "app");
  assertEquals([appRoute.ended, appRoute.failed, appRoute.active], [3, 0, 0]);
  assertEquals([appRoute.rx, appRoute.misses], [appRoute.tx, 0]);
  assertEquals(find(status, "web").answers, [0, 1, 0, 0, 0]);
  const [checked] = find(status, "down").backends;
  assertEquals([checked.check, checked.up, checked.places[0].state], ["tcp", false, "down"]);
  assertMatch(String(checked.places[0].reason), /refused/);
  const [ejected, backup] = find(status, "silent").backends;
  const [place] = ejected.places;
  assertEquals([ejected.up, place.state, place.failures, place.failure], [
    ...[false, "ejected", 1, "backend_closed"],
  ]);
  assertMatch(String(place.reason), /has failed 1 client in a row/);
  assert(Math.abs((place.until ?? 0) - status.at - 600_000) < 60_000);
  assertEquals([backup.up, backup.backup, backup.places[0].used], [true, true, 1]);

  const { loadedAt } = status.config;
  await proxy.rewrite("routes: nonsense");
  proxy.signal("SIGHUP");
  await until("the reload to fail", async () => (await read()).config.reload?.result === "failure");
  assertEquals((await read()).config.loadedAt, loadedAt);
  await proxy.rewrite(config);
  proxy.signal("SIGHUP");
  await until("the reload", async () => (await read()).config.reload?.result === "success");
  assert((await read()).config.loadedAt > loadedAt);

  // Who watches through the proxy itself does not keep it from draining.
  const events = say(
    http,
    "GET /status.json HTTP/1.1\r\nHost: status.test\r\nAccept: text/event-stream\r\n\r\n",
  );
  await until("somebody to watch", async () => find(await read(), "status").active === 1);
  proxy.signal("SIGTERM");
  const told = await soon("the end of the events", events);
  assertMatch(told, /"state":"ready"/);
  assertMatch(told, /"state":"draining"/);
  assert(told.endsWith("\r\n0\r\n\r\n"), "the stream is ended, not cut off");
  assertEquals((await proxy.exit()).code, 0);
});
