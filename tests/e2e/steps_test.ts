import { assertEquals } from "@std/assert";
import { readAll, writeAll } from "../relay/sockets.ts";
import { freePorts, Proxy, until } from "./harness.ts";
import { connectTo, hello, lastWords, request, serve } from "./peers.ts";

const ANSWER = new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");

/** A line of the log that is about a connection. */
type Step = Record<string, string | number | undefined>;

/** What the log says of each connection: message and the facts that are asked for, by id. */
function stepsOf(proxy: Proxy): Map<string, Step[]> {
  const lines: Step[] = proxy.log.map((line) => JSON.parse(line));
  return Map.groupBy(lines.filter(({ id }) => id !== undefined), ({ id }) => String(id));
}

Deno.test("at debug every step of a connection is logged, under the id of its access log lines", async () => {
  await using backend = serve(async (conn) => {
    await readAll(conn);
    await writeAll(conn, new Uint8Array(10));
  });
  await using web = serve(async (conn) => {
    const buffer = new Uint8Array(4096);
    while (await conn.read(buffer) !== null) await writeAll(conn, ANSWER);
  });
  const [down] = freePorts(1);
  await using proxy = await Proxy.start({
    args: ["--log-level", "debug"],
    config: `
listen_addrs: ["127.0.0.1:$TLS"]
metrics: { address: "127.0.0.1:$METRICS" }
routes:
  - { name: shop, hosts: [shop.test], backends: ["127.0.0.1:${down}", "127.0.0.1:${backend.port}"] }
  - { name: web, hosts: [web.test], backends: ["127.0.0.1:${web.port}"] }
connection_pool: { preconnect: off }
`,
  });
  const get = new TextDecoder().decode(request("web.test"));
  for (const said of [hello("shop.test"), new TextEncoder().encode(get + get), hello("no.test")]) {
    const conn = await connectTo(proxy.ports.tls);
    try {
      await writeAll(conn, said);
      await conn.closeWrite();
      await lastWords(conn);
    } finally {
      conn.close();
    }
  }
  const closed = (): number => proxy.log.filter((line) => line.includes('"closed"')).length;
  await until("all of both logs", () => closed() === 3 && proxy.access.length === 4);

  const steps = stepsOf(proxy);
  const told = [...steps.values()].map((each) => each.map(({ message }) => message).join(", "));
  assertEquals(told, [
    "accepted, detected, route, connecting, not connected, connecting, connected, closed",
    "accepted, detected, request, route, connecting, connected, answered, " +
    "request, route, from the pool, answered, closed",
    "accepted, detected, refused, closed",
  ]);
  const [tunnel, conversation, refused] = steps.keys();
  assertEquals(proxy.access.map(({ id }) => id), [tunnel, conversation, conversation, refused]);
  const failure = steps.get(tunnel)?.find(({ message }) => message === "not connected");
  assertEquals([failure?.backend, failure?.reason], [`127.0.0.1:${down}`, "backend_refused"]);
  const why = steps.get(refused)?.find(({ message }) => message === "refused");
  assertEquals(why?.reason, "no_route");
});
