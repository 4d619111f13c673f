import { assertEquals } from "@std/assert";
import { writeAll } from "../relay/sockets.ts";
import { latin1 } from "../sniff/hex.ts";
import { startDnsServer } from "../upstream/dns_server.ts";
import { Proxy, until } from "./harness.ts";
import { connectTo, hello, lastWords, request } from "./peers.ts";
import { ANSWER, listening } from "./proxy_headers.ts";

/** RFC 8446, 6: fatal, internal_error. */
const INTERNAL_ERROR = "\x15\x03\x01\x00\x02\x02\x50";

async function ask(port: number, text: string): Promise<string> {
  using conn = await connectTo(port);
  await writeAll(conn, latin1(text));
  await conn.closeWrite();
  return await lastWords(conn);
}

Deno.test("the permissions it prints are enough to serve, and for nothing else", async () => {
  const names = ["ip.test", "name.test", "hosts.test", "check.test", "later.test"];
  const texts = names.flatMap((name) =>
    [hello(name), request(name)].map((bytes) => String.fromCharCode(...bytes))
  );
  await using backend = listening(...texts);
  await using other = listening(...texts);
  await using dns = await startDnsServer(() => ({ addresses: ["127.0.0.1"] }));
  const route = (name: string, backend: string): string =>
    `  - { hosts: ["${name}.test"], backends: ["${backend}"], connection_pool: { preconnect: off } }\n`;
  const config = `listen_addrs: ["127.0.0.1:$HTTP"]
metrics: { address: "127.0.0.1:$METRICS" }
dns: { servers: ["127.0.0.1:${dns.port}"], hosts: { app.hosts: ["127.0.0.1"] } }
routes:
${route("ip", `127.0.0.1:${backend.port}`)}${route("name", `app.dns:${backend.port}`)}${
    route("hosts", `app.hosts:${backend.port}`)
  }`;
  await using proxy = await Proxy.start({ config, narrow: true });
  const { http } = proxy.ports;
  for (const text of texts.slice(0, 6)) assertEquals(await ask(http, text), ANSWER);
  for (const path of ["/health", "/", "/status.json", "/metrics"]) {
    assertEquals((await proxy.ask(path)).status, 200, path);
  }
  // It may read its file again, but not connect to what was not in it.
  await proxy.rewrite(config + route("later", `127.0.0.1:${other.port}`));
  proxy.signal("SIGHUP");
  await until("the reload", () => proxy.logged("configuration reloaded"));
  assertEquals(await ask(http, texts[0]), ANSWER);
  assertEquals(await ask(http, texts[8]), INTERNAL_ERROR);
  assertEquals(other.heard, []);
});
