import { assert, assertEquals } from "@std/assert";
import { parseConfig } from "../../src/config/load.ts";
import { summarize } from "../../src/config/summarize.ts";

function summary(text: string): string {
  const loaded = parseConfig(text);
  assert(loaded.ok, JSON.stringify(loaded));
  return summarize(loaded.config);
}

Deno.test("summarize() says in a few lines what a short file does", () => {
  assertEquals(
    summary('listen_addrs: [":443", "0.0.0.0:80"]\n'),
    `listeners: [::]:443, 0.0.0.0:80
endpoint: http://127.0.0.1:9090
allowlist: every name is allowed
routes: 0
other names: forwarded to themselves, TLS to port 443, HTTP to port 80
fallback: none, refused
descriptors: up to 20066 at max_connections, and 100 for each address of other names; compare ulimit -n, LimitNOFILE`,
  );
});

Deno.test("summarize() marks what is out of the ordinary", () => {
  assertEquals(
    summary(`listen_addrs:
- { address: ":443", proxy_protocol: true, trusted_proxies: [10.0.0.1, "fd00::/8"] }
- { address: ":444", proxy_protocol: true, trusted_proxies: [10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4] }
metrics: { enabled: false }
allowlist: [a.example]
limits: { per_client: { connections: 20, connections_per_second: 0.5 } }
dns: { servers: [10.0.0.53, "[fd00::53]:5353"] }
routes:
- hosts: [a.example, "*.a.example"]
  name: shop
  alpn: [h2, h3]
  protocols: [tls]
  listen: [":443"]
  backends: ["b:1", { address: "c:1", weight: 2 }, { address: "d:1", weight: 3, backup: true }]
  balance: least_connections
  proxy_protocol: v2
  max_connections: 1
  rate_limit: { connections_per_second: 2.5 }
  retries: 0
  health_check: { type: tls }
  outlier_detection: {}
- hosts: [plain.example]
  backends: ["b:1"]
  balance: random
- hosts: [blocked.example]
  action: reject
fallback: { backends: ["b:1"], health_check: {} }
`),
    `listeners: [::]:443 (PROXY from 10.0.0.1/32 or fd00::/8), [::]:444 (PROXY from 4 networks)
endpoint: off
allowlist: 1 pattern
routes: 3
  shop: a.example, *.a.example [alpn h2 or h3; protocol tls; on [::]:443] -> b:1, c:1 (weight 2), ` +
      "d:1 (weight 3) (backup) " +
      "[least_connections; PROXY v2; at most 1 connection; 2.5 a second; no retries; tls check; " +
      `ejected after 5 failures]
  plain.example -> b:1
  blocked.example -> reject
other names: fallback
fallback: b:1 [tcp check]
each client: at most 20 connections, 0.5 a second
descriptors: up to 20066 at max_connections and 500 in the pool, 20566 in all; compare ulimit -n, LimitNOFILE
dns: 10.0.0.53:53, [fd00::53]:5353`,
  );
});

Deno.test("summarize() counts descriptors as they are configured", () => {
  const descriptors = (more: string): string | undefined =>
    summary(`listen_addrs: [":443"]\nmax_connections: 1000\n${more}`)
      .split("\n").find((line) => line.startsWith("descriptors"));
  const routes = `routes:
- { hosts: [a.test], backends: ["b:1", "c:1"] }
- { hosts: [b.test], backends: ["b:1"], connection_pool: { max_per_host: 7 } }
- { hosts: [c.test], backends: ["b:1"], connection_pool: { enabled: false } }
- { hosts: [d.test], action: reject }
`;
  for (
    const [more, expected] of [
      [routes, "up to 2065 at max_connections and 207 in the pool, 2272 in all"],
      [`workers: 4\n${routes}`, "up to 2260 at max_connections and 207 in the pool, 2467 in all"],
      ["connection_pool: { enabled: false }", "up to 2065 at max_connections"],
    ]
  ) {
    assertEquals(descriptors(more), `descriptors: ${expected}; compare ulimit -n, LimitNOFILE`);
  }
});

Deno.test("summarize() stops after 200 routes", () => {
  const routes = Array.from({ length: 203 }, (_, i) => `- { hosts: [h${i}], action: reject }\n`);
  const lines = summary(`listen_addrs: [":443"]\nroutes:\n${routes.join("")}`).split("\n");
  assertEquals(lines.slice(202, 206), [
    "  h198 -> reject",
    "  h199 -> reject",
    "  and 3 more",
    "other names: refused",
  ]);
});
