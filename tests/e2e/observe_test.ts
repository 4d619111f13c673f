import { assert, assertEquals, assertGreaterOrEqual, assertMatch } from "@std/assert";
import { noise, readAll, writeAll } from "../relay/sockets.ts";
import { type AccessLine, freePorts, Proxy, until } from "./harness.ts";
import { connectTo, h2c, hello, lastWords, request, serve } from "./peers.ts";
import { resettingBackend } from "./resets.ts";

/** What is in every name that a client sends, and in nothing else. */
const MARK = "zebra";

const ANSWER = noise(100_000);
const MORE = noise(50_000);

/** Of an HTTP answer that the client gets as it is. */
const ANSWER_HEAD = new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** What a client sends, and what is known of it afterwards. */
interface Visit {
  readonly sends: Uint8Array;
  readonly protocol: string;
  readonly name?: string;
  readonly route?: string;
  readonly backend?: string;
  readonly end: string;
}

/** Makes a visit, and gives its line in the access log and how many bytes came back. */
async function make(proxy: Proxy, { sends }: Visit): Promise<[line: AccessLine, came: number]> {
  const before = proxy.access.length;
  const conn = await connectTo(proxy.ports.tls);
  const client = `127.0.0.1:${conn.localAddr.port}`;
  let said;
  try {
    await writeAll(conn, sends);
    await conn.closeWrite();
    said = await lastWords(conn);
  } finally {
    conn.close();
  }
  await until("the access log", () => proxy.access.length > before);
  const line = proxy.access[before];
  assertEquals([line.client, line.listener], [client, `127.0.0.1:${proxy.ports.tls}`]);
  return [line, said === "reset" ? 0 : said.length];
}

/** Sums, each under the labels it is for. */
class Tally {
  readonly #sums = new Map<string, number>();

  add(labels: Readonly<Record<string, string>>, value = 1): void {
    const key = Object.entries(labels).map(([label, value]) => `${label}="${value}"`).join();
    this.#sums.set(key, (this.#sums.get(key) ?? 0) + value);
  }

  get sums(): Record<string, number> {
    return Object.fromEntries(this.#sums);
  }
}

/** All series of a metric, by their labels. */
function series(exposed: string, metric: string): Record<string, number> {
  const lines = exposed.matchAll(new RegExp(`^${metric}\\{(.*)\\} (\\d+)$`, "gm"));
  return Object.fromEntries(lines.map(([, labels, value]) => [labels, Number(value)]));
}

Deno.test("access log and metrics tell what was done, and no label holds what a client sent", async () => {
  await using backend = serve(async (conn) => {
    await readAll(conn);
    await writeAll(conn, ANSWER);
  });
  await using web = serve(async (conn) => {
    await conn.read(new Uint8Array(4096));
    await writeAll(conn, join(ANSWER_HEAD, ANSWER));
  });
  await using breaking = await resettingBackend();
  const [down] = freePorts(1);
  await using proxy = await Proxy.start({
    config: `
listen_addrs: ["127.0.0.1:$TLS"]
metrics: { address: "127.0.0.1:$METRICS" }
routes:
  - { name: shop, hosts: ["*.shop.test"], backends: ["127.0.0.1:${backend.port}"] }
  - { name: web, hosts: ["*.web.test"], backends: ["127.0.0.1:${web.port}"] }
  - { name: breaking, hosts: ["*.breaking.test"], backends: ["127.0.0.1:${breaking.port}"] }
  - { name: down, hosts: ["/^down-.*$/"], backends: ["127.0.0.1:${down}"] }
  - { name: closed, hosts: ["*.closed.test"], action: reject }
connection_pool: { preconnect: off }
`,
  });
  const shop = { route: "shop", backend: `127.0.0.1:${backend.port}`, end: "done" };
  const none = new Uint8Array();
  const visits: Visit[] = [
    { protocol: "tls", name: "zebra.shop.test", sends: hello("Zebra.SHOP.test."), ...shop },
    {
      protocol: "tls",
      name: "zebra.shop.test",
      sends: join(hello("zebra.shop.test"), MORE),
      ...shop,
    },
    {
      ...{ protocol: "http", name: "zebra.web.test", sends: request("zebra.web.test:8080") },
      ...{ route: "web", backend: `127.0.0.1:${web.port}`, end: "done" },
    },
    {
      protocol: "h2c",
      name: "zebra.shop.test",
      sends: join(h2c("zebra.shop.test"), MORE),
      ...shop,
    },
    {
      ...{ protocol: "tls", name: "zebra.breaking.test", sends: hello("zebra.breaking.test") },
      ...{ route: "breaking", backend: `127.0.0.1:${breaking.port}`, end: "backend_reset" },
    },
    {
      ...{ protocol: "tls", name: "down-zebra", sends: join(hello("down-zebra"), MORE) },
      ...{ route: "down", end: "backend_refused" },
    },
    { protocol: "tls", name: "zebra.test", sends: hello("zebra.test"), end: "no_route" },
    { protocol: "http", name: "zebra.test", sends: request("zebra.test"), end: "no_route" },
    { protocol: "h2c", name: "zebra.test", sends: h2c("zebra.test"), end: "no_route" },
    {
      ...{ protocol: "http", name: "zebra.closed.test", sends: request("zebra.closed.test") },
      end: "rejected",
    },
    { protocol: "tls", sends: hello("*.zebra.test"), end: "no_name" },
    { protocol: "http", sends: request("zebra test"), end: "malformed" },
    { protocol: "unknown", sends: none, end: "left" },
    { protocol: "tls", sends: hello("zebra.shop.test").subarray(0, -1), end: "left" },
  ];
  const connections = new Tally();
  const errors = new Tally();
  const protocols = new Tally();
  const bytes = new Tally();
  const durations = new Tally();
  const connects = new Tally();
  for (const visit of visits) {
    const [line, came] = await make(proxy, visit);
    const { protocol, name, route: found, backend, end, sends } = visit;
    const { rx, tx, hello_ms, connect_ms, total_ms } = line;
    assertEquals(
      [line.protocol, line.name, line.route, line.end, rx, tx],
      [protocol, name, found, end, sends.length, came],
    );
    // Who was asked in vain is named, too.
    if (end === "backend_refused") assertMatch(String(line.backend), /^127\.0\.0\.1:\d+$/);
    else assertEquals(line.backend, backend);
    const head = protocol === "http" ? ANSWER_HEAD.length : 0;
    if (end === "done") assertEquals(came, head + ANSWER.length);
    assertEquals(connect_ms === undefined, backend === undefined);
    assertGreaterOrEqual(Number(total_ms), Number(hello_ms) + Number(connect_ms ?? 0));
    assertEquals(String(line.time), new Date(String(line.time)).toISOString());

    const failed = ["left", "backend_reset"].includes(end);
    const status = end === "done" ? "success" : failed ? "failure" : "refused";
    const route = found ?? "none";
    connections.add({ protocol, status });
    if (end !== "done") errors.add({ error_type: end, protocol });
    protocols.add({ protocol });
    bytes.add({ route, direction: "rx" }, sends.length);
    bytes.add({ route, direction: "tx" }, came);
    durations.add({ protocol, route });
    if (backend !== undefined) connects.add({ route });
  }

  assertEquals(await proxy.metric("sniproxy_connections_active"), 0);
  const { body } = await proxy.ask("/metrics");
  const told: Record<string, Tally> = {
    sniproxy_connections_total: connections,
    sniproxy_errors_total: errors,
    sniproxy_protocol_distribution_total: protocols,
    sniproxy_bytes_transferred_total: bytes,
    sniproxy_connection_duration_seconds_count: durations,
    sniproxy_backend_connect_seconds_count: connects,
  };
  for (const [metric, { sums }] of Object.entries(told)) {
    assertEquals(series(body, metric), sums, metric);
  }
  assert(!body.toLowerCase().includes(MARK), "a label holds what a client sent");
  assert(!proxy.log.some((line) => line.includes('"id":')), "the log tells of single connections");
});
