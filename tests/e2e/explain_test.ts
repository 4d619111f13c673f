import { assert, assertEquals } from "@std/assert";
import { readConfig } from "../../src/config/read.ts";
import { explain } from "../../src/explain.ts";
import { writeAll } from "../relay/sockets.ts";
import { Proxy, until } from "./harness.ts";
import { connectTo, hello, lastWords, request } from "./peers.ts";
import { listening } from "./proxy_headers.ts";

/** What a client sees, in the words of `explain`; `null` if it was led to a backend. */
function seen(said: string): string | null {
  // RFC 8446, 6: a fatal alert.
  if (said === "\x15\x03\x01\x00\x02\x02\x70") return "fatal alert unrecognized_name (112)";
  if (said === "\x15\x03\x01\x00\x02\x02\x50") return "fatal alert internal_error (80)";
  return /^HTTP\/1\.1 ([45].*)\r\n/.exec(said)?.[1] ?? null;
}

Deno.test("what explain says is what the proxy does", async () => {
  const hosts = [
    ...["exact.test", "EXACT.Test.", "a.wild.test", "wild.test", "re7.test", "rex.test", "no.test"],
    ...["spread.test", "denied.test", "nowhere.test", "other.net", "127.0.0.1", "a..test", "", "-"],
  ];
  const bytes = hosts.map((host) =>
    host === "-"
      ? { tls: hello(""), http: new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n") }
      : { tls: hello(host), http: request(host) }
  );
  const texts = bytes.flatMap(({ tls, http }) =>
    [tls, http].map((each) => String.fromCharCode(...each))
  );
  await using one = listening(...texts);
  await using two = listening(...texts);
  await using proxy = await Proxy.start({
    config: `listen_addrs: ["127.0.0.1:$HTTP"]
metrics: { address: "127.0.0.1:$METRICS" }
allowlist: ["*test"]
dns: { hosts: { denied.test: ["127.0.0.1"] } }
connection_pool: { enabled: false }
routes:
  - { hosts: ["exact.test", "a.wild.test"], protocols: [tls], backends: ["127.0.0.1:${one.port}"] }
  - { hosts: ["*.wild.test", "/^re[0-9]\\\\.test$/"], backends: ["127.0.0.1:${two.port}"] }
  - { hosts: ["no.test"], action: reject }
  - { hosts: ["nowhere.test"], backends: ["nowhere.invalid:1"] }
  - hosts: ["spread.test"]
    backends: ["127.0.0.1:${one.port}", "127.0.0.1:${two.port}"]
    balance: source_ip
forward: { enabled: true }
`,
  });
  const read = await readConfig(proxy.file);
  assert(read.ok);
  for (const [i, host] of hosts.entries()) {
    for (const protocol of ["tls", "http"] as const) {
      const question = { host, protocols: [protocol], alpn: [], client: "127.0.0.1" };
      const { outcomes: [said, ...more] } = await explain(read.config, question);
      assertEquals(more, []);
      // Names without a rule are forwarded, and where to is nothing for a test.
      if (said.verdict === "forward") continue;
      const lines = proxy.access.length;
      using conn = await connectTo(proxy.ports.http);
      await writeAll(conn, bytes[i][protocol]);
      await conn.closeWrite();
      const saw = seen(await lastWords(conn));
      await until("the access log", () => proxy.access.length > lines);
      const { end, backend, route } = proxy.access[lines];
      const what = `${protocol} ${host}`;
      assertEquals(saw, said.client_sees, what);
      if (said.reason === null) assertEquals([backend, route], [said.target?.chosen, said.route]);
      else assertEquals(end, said.reason, what);
    }
  }
});
