import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { parse } from "@std/yaml";
import { type Schema, Validator } from "@cfworker/json-schema";
import { configSchema, type JsonSchema } from "../../src/config/json_schema.ts";
import { parseConfig } from "../../src/config/load.ts";

const root = new URL("../../", import.meta.url);

const read = (path: string): string => Deno.readTextFileSync(new URL(path, root));

/** The schema as editors get it. */
const validator = validatorOf(configSchema());

function validatorOf(schema: JsonSchema): Validator {
  const plain: Schema = JSON.parse(JSON.stringify(schema));
  return new Validator(plain, "2020-12", false);
}

/** What the schema says against a file; empty if it accepts it. */
function complaints(text: string): string[] {
  const { errors } = validator.validate(parse(text));
  return errors.map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`);
}

const L = 'listen_addrs: [":443"]\n';

/** Files that both accept, the whole of what there is to say, and the odd ways to say it. */
const GOOD: Record<string, string> = {
  "config.yaml": read("config.yaml"),
  everything: `
listen_addrs:
  - "0.0.0.0:443"
  - { address: "[::]:80", proxy_protocol: true, trusted_proxies: ["10.0.0.0/8", "fd00::1"] }
timeouts: { connect: 10, client_hello: 0.5, idle: 5m, half_closed: 1.5h }
metrics: { enabled: true, address: ":9090" }
allowlist: ["example.com", "*.example.com", "*suffix", "*", "10.0.0.1"]
max_connections: 10000
shutdown_timeout: 0
connection_pool:
  enabled: true
  max_per_host: 100
  connection_ttl: 60
  idle_timeout: 30
  cleanup_interval: 500ms
  preconnect: off
routes:
  - name: shop
    hosts: ["shop.example.com", "*.shop.example.com", "/^shop-[0-9]+\\\\.example\\\\.com$/", "*"]
    alpn: [h2]
    protocols: [tls, http]
    listen: ["0.0.0.0:443"]
    backends:
      - "10.0.0.1:443"
      - { address: "app.internal:443", weight: 2 }
      - { address: "[fd00::9]:443", backup: true }
      - ":8080"
    balance: least_connections
    proxy_protocol: off
    max_connections: 1000
    rate_limit: { connections_per_second: 0.5, burst: 200 }
    retries: 2
    health_check: { type: http, interval: 10, timeout: 2, rise: 2, fall: 3, path: /, status: 200-299 }
    outlier_detection: { consecutive_failures: 5, eject_for: 30 }
    connection_pool: { preconnect: 4 }
  - { hosts: ["blocked.example"], action: reject }
fallback: { backends: ["127.0.0.1:8443"], health_check: { type: http, status: 204 } }
forward:
  enabled: true
  ports: { tls: 443, http: 80 }
  deny_networks: [loopback, private, link_local, self, "100.64.0.0/10"]
  allow_networks: ["10.1.0.0/16"]
dns:
  servers: ["10.0.0.53", "[fd00::53]:5353"]
  hosts: { "internal.example": ["127.0.0.1"] }
  cache: { max_entries: 10000, ttl: 60, negative_ttl: 0, stale: 600 }
limits: { per_client: { connections: 0, connections_per_second: 0.1, burst: 0 } }
access_log: { enabled: false, format: text }
log: { level: debug, format: json }
`,
  "keys with nothing behind them": `${L}routes:\nallowlist:\ntimeouts:\nmetrics: { address: }
fallback: { backends: ["a:1"], balance:, health_check:, connection_pool: { preconnect: } }
log: { level: }\n`,
  "SNIProxy-rs": `${L}udp_listen_addrs: ["0.0.0.0:443"]
quic_config: { enabled: true }\nhttp3_config: {}\nprotocol_routing: [a]\nssh_routes:\n`,
};

/** What editors have to underline, and where. */
const BAD: Record<string, string> = {
  "max_connections: 5": "#",
  [`${L}max_connection: 5`]: "#/max_connection",
  [`${L}timeouts: { idel: 5 }`]: "#/timeouts/idel",
  [`${L}timeouts: { idle: 5 minutes }`]: "#/timeouts/idle",
  [`${L}timeouts: { idle: true }`]: "#/timeouts/idle",
  [`${L}timeouts: { idle: 0 }`]: "#/timeouts/idle",
  [`${L}shutdown_timeout: -1`]: "#/shutdown_timeout",
  [`${L}max_connections: "5"`]: "#/max_connections",
  [`${L}max_connections: 1.5`]: "#/max_connections",
  [`${L}metrics: { address: "127.0.0.1" }`]: "#/metrics/address",
  [`${L}metrics: { enabled: yes }`]: "#/metrics/enabled",
  [`${L}log: { level: trace }`]: "#/log/level",
  [`${L}connection_pool: { preconnect: on }`]: "#/connection_pool/preconnect",
  [`${L}routes: { hosts: [a] }`]: "#/routes",
  [`${L}routes: [{ backends: ["a:1"] }]`]: "#/routes/0",
  [`${L}routes: [{ hosts: [a], backends: [{ address: "a:1", wieght: 2 }] }]`]:
    "#/routes/0/backends/0",
  [`${L}routes: [{ hosts: [a], backends: ["a"] }]`]: "#/routes/0/backends/0",
  [`${L}routes: [{ hosts: [a], connection_pool: { cleanup_interval: 5 } }]`]:
    "#/routes/0/connection_pool/cleanup_interval",
  [`${L}fallback: {}`]: "#/fallback",
  [`${L}dns: { hosts: { a.example: 10.0.0.1 } }`]: "#/dns/hosts/a.example",
  [`${L}forward: { deny_networks: [privat] }`]: "#/forward/deny_networks/0",
  "listen_addrs: []": "#/listen_addrs",
};

Deno.test("the schema accepts what the program accepts", () => {
  for (const [name, text] of Object.entries(GOOD)) {
    assert(parseConfig(text).ok, name);
    assertEquals(complaints(text), [], name);
  }
});

Deno.test("the schema accepts every configuration in the documentation", () => {
  const pages = [...Deno.readDirSync(new URL("docs", root))].map(({ name }) => `docs/${name}`)
    .filter((path) => path.endsWith(".md"));
  let accepted = 0;
  for (const page of ["README.md", ...pages]) {
    for (const [, block] of read(page).matchAll(/^```yaml\n(.*?)^```$/gms)) {
      const text = /^listen_addrs:/m.test(block) ? block : L + block;
      if (!parseConfig(text).ok) continue;
      accepted++;
      assertEquals(complaints(text), [], `${page}: ${block}`);
    }
  }
  assertGreaterOrEqual(accepted, 5);
});

Deno.test("the schema refuses what the program refuses, at the same place", () => {
  for (const [text, place] of Object.entries(BAD)) {
    assert(!parseConfig(`${text}\n`).ok, text);
    assert(
      complaints(text).some((each) => each.startsWith(`${place}:`)),
      `${text}: ${complaints(text)}`,
    );
  }
});

Deno.test("every key says what it means, and its default and examples are what it accepts", () => {
  let keys = 0;
  const visit = (schema: JsonSchema, path: string): void => {
    const { default: preset, examples = [], properties = {}, anyOf = [], items } = schema;
    for (const value of preset === undefined ? examples : [...examples, preset]) {
      assert(validatorOf(schema).validate(value).valid, `${path}: ${JSON.stringify(value)}`);
    }
    for (const [key, inner] of Object.entries(properties)) {
      assert(inner.description !== undefined, `${path}.${key} is not described`);
      keys++;
      visit(inner, `${path}.${key}`);
    }
    for (const inner of anyOf) visit(inner, path);
    if (items !== undefined) visit(items, path);
  };
  visit(configSchema(), "");
  assertGreaterOrEqual(keys, 80);
});
