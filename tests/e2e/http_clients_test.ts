import { assertEquals } from "@std/assert";
import { curl } from "./clients.ts";
import { fullBackend } from "./full_backend.ts";
import { freePorts, Proxy } from "./harness.ts";
import { startNginx } from "./nginx.ts";
import { e2eTest } from "./tools.ts";

const SITES = { "one.test": ["one.test"], "star.test": ["*.star.test"] } as const;

/** The same rules for both kinds of HTTP, but that each goes where nginx speaks it. */
const PROTOCOLS = {
  "HTTP/1.1": { flag: "--http1.1", version: "1.1", listener: "$HTTP", backend: "http" },
  "h2c": { flag: "--http2-prior-knowledge", version: "2", listener: "$TLS", backend: "h2c" },
} as const;

for (const [protocol, { flag, version, listener, backend }] of Object.entries(PROTOCOLS)) {
  e2eTest(
    `curl gets the right answers over ${protocol}, on every listener that has routes for it`,
    ["nginx", "openssl", "curl"],
    async () => {
      await using nginx = await startNginx(SITES);
      const one = nginx.sites["one.test"][backend];
      const star = nginx.sites["star.test"][backend];
      await using proxy = await Proxy.start({
        config: `
listen_addrs: ["127.0.0.1:$HTTP", "127.0.0.1:$TLS"]
metrics: { address: "127.0.0.1:$METRICS" }
routes:
  - { hosts: ["one.test"], listen: ["127.0.0.1:${listener}"], backends: ["127.0.0.1:${one}"] }
  - { hosts: ["*.star.test"], backends: ["127.0.0.1:${star}"] }
`,
      });
      const ports = { $HTTP: proxy.ports.http, $TLS: proxy.ports.tls };
      const port = ports[listener];
      const asked = {
        "http://one.test/name": "one.test one.test",
        "http://ONE.test:1234/name": "one.test one.test",
        "http://one.test./name": "one.test one.test",
        "http://a.b.star.test/name": "star.test a.b.star.test",
      };
      for (const [url, body] of Object.entries(asked)) {
        const answer = await curl(port, url, [flag]);
        assertEquals(answer, { status: 200, version, body, error: "" }, url);
      }
      const other = port === proxy.ports.http ? proxy.ports.tls : proxy.ports.http;
      assertEquals((await curl(other, "http://one.test/name", [flag])).status, 421);
      assertEquals((await curl(other, "http://x.star.test/name", [flag])).status, 200);
    },
  );

  e2eTest(
    `curl is told over ${protocol} why it is refused, by the status`,
    ["curl"],
    async () => {
      using full = await fullBackend();
      const [down, inside] = freePorts(2);
      await using proxy = await Proxy.start({
        config: `
listen_addrs: ["127.0.0.1:$HTTP", "127.0.0.1:$TLS"]
metrics: { address: "127.0.0.1:$METRICS" }
timeouts: { connect: 300ms, client_hello: 5s }
allowlist: ["*.test"]
routes:
  - { hosts: ["blocked.test"], action: reject }
  - { hosts: ["down.test"], backends: ["127.0.0.1:${down}"] }
  - { hosts: ["full.test"], backends: ["127.0.0.1:${full.port}"] }
dns: { hosts: { "inside.test": ["127.0.0.1"], "mapped.test": ["::ffff:127.0.0.1"] } }
forward: { enabled: true, ports: { http: ${inside} } }
`,
      });
      const cases: Record<string, [status: number, url: string, ...args: string[]]> = {
        "a route that rejects": [403, "http://blocked.test/"],
        "a name that is not on the allowlist": [403, "http://example.com/"],
        "a name in a denied network": [403, "http://inside.test/"],
        "a name in a denied network, mapped to IPv6": [403, "http://mapped.test/"],
        "a backend that is down": [502, "http://down.test/"],
        "a backend that does not accept": [504, "http://full.test/"],
        "no name, but an address": [421, "http://127.0.0.1/"],
      };
      const got: Record<string, number> = {};
      const expected: Record<string, number> = {};
      for (const [what, [status, url, ...args]] of Object.entries(cases)) {
        expected[what] = status;
        got[what] = (await curl(proxy.ports.http, url, [flag, ...args])).status;
      }
      assertEquals(got, expected);
      assertEquals(
        (await curl(proxy.ports.http, "http://down.test/", [flag, "--head"])).status,
        502,
      );
    },
  );

  e2eTest(
    `curl is told over ${protocol} what is wrong with its request, by the status`,
    ["curl"],
    async () => {
      await using proxy = await Proxy.start({
        config: `
listen_addrs: ["127.0.0.1:$HTTP"]
metrics: { address: "127.0.0.1:$METRICS" }
routes: [{ hosts: ["one.test"], backends: ["127.0.0.1:1"] }]
`,
      });
      const ask = async (...args: string[]): Promise<number> => {
        const { status } = await curl(proxy.ports.http, "http://one.test/", [flag, ...args]);
        return status;
      };
      assertEquals(await ask("-X", "CONNECT", "--request-target", "one.test:1"), 405);
      assertEquals(await ask("-H", "Host: user@one.test"), 400);
      // Over HTTP/2, curl itself refuses to send a head of such a length.
      if (version === "1.1") assertEquals(await ask("-H", `X: ${"x".repeat(70_000)}`), 431);
    },
  );

  e2eTest(
    `a name without a route or an allowlist gets 421 over ${protocol}`,
    ["curl"],
    async () => {
      await using proxy = await Proxy.start({
        config: `
listen_addrs: ["127.0.0.1:$HTTP"]
metrics: { address: "127.0.0.1:$METRICS" }
routes: [{ hosts: ["one.test"], backends: ["127.0.0.1:1"] }]
`,
      });
      const answer = await curl(proxy.ports.http, "http://two.test/", [flag]);
      assertEquals([answer.status, answer.version], [421, version]);
    },
  );
}
