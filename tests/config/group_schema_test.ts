import { assert, assertEquals } from "@std/assert";
import type { BackendGroup, Route } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/load.ts";
import { assertProblems, type Expected, L } from "./assert_problems.ts";

/** The first route of a document. */
function route(text: string): Route {
  const loaded = parseConfig(text);
  assert(loaded.ok, JSON.stringify(loaded));
  return loaded.config.routes[0];
}

/** A route to one backend, with these lines. */
function withKeys(keys: string): string {
  return `${L}routes:\n- hosts: [a.example]\n  backends: ["b:1"]\n  ${keys}\n`;
}

const CHECK = {
  type: "tcp",
  interval: 10_000,
  fastInterval: 1_000,
  timeout: 2_000,
  rise: 2,
  fall: 3,
  method: "GET",
  path: "/",
  status: [200, 399],
} as const;

/** Keys of a route, and what differs from a route without them. */
const GOOD: Record<string, Partial<BackendGroup>> = {
  "": {},
  "balance: round_robin": {},
  "balance: least_connections": { balance: "least_connections" },
  "balance: random": { balance: "random" },
  "balance: source_ip": { balance: "source_ip" },
  "balance:": {},
  "proxy_protocol: off": {},
  "proxy_protocol: v1": { proxyProtocol: "v1" },
  "proxy_protocol: v2": { proxyProtocol: "v2" },
  'proxy_protocol: "v2"': { proxyProtocol: "v2" },
  "max_connections: 1": { maxConnections: 1 },
  "rate_limit: { connections_per_second: 100 }": { rateLimit: { perSecond: 100, burst: 100 } },
  "rate_limit: { connections_per_second: 0.1 }": { rateLimit: { perSecond: 0.1, burst: 1 } },
  "rate_limit: { connections_per_second: 2.5 }": { rateLimit: { perSecond: 2.5, burst: 3 } },
  "rate_limit: { connections_per_second: 9, burst: 1 }": { rateLimit: { perSecond: 9, burst: 1 } },
  "rate_limit: { connections_per_second: 9, burst: }": { rateLimit: { perSecond: 9, burst: 9 } },
  "retries: 0": { retries: 0 },
  "retries: 10": { retries: 10 },
  "health_check: {}": { healthCheck: CHECK },
  "health_check:": {},
  "health_check: { type: tcp }": { healthCheck: CHECK },
  "health_check: { interval: 0.5 }": {
    healthCheck: { ...CHECK, interval: 500, fastInterval: 500 },
  },
  "health_check: { interval: 5, fast_interval: 2s }": {
    healthCheck: { ...CHECK, interval: 5_000, fastInterval: 2_000 },
  },
  "health_check: { interval: 1, timeout: 3 }": {
    healthCheck: { ...CHECK, interval: 1_000, timeout: 3_000 },
  },
  "health_check: { rise: 1, fall: 100 }": { healthCheck: { ...CHECK, rise: 1, fall: 100 } },
  "health_check: { type: tls }": {
    healthCheck: { ...CHECK, type: "tls", host: "a.example" },
  },
  "health_check: { type: tls, host: }": {
    healthCheck: { ...CHECK, type: "tls", host: "a.example" },
  },
  "health_check: { type: tls, host: B.Example. }": {
    healthCheck: { ...CHECK, type: "tls", host: "b.example" },
  },
  "health_check: { type: http, method: HEAD, path: '/x?y=%20', host: b, status: 204 }": {
    healthCheck: {
      ...CHECK,
      type: "http",
      method: "HEAD",
      path: "/x?y=%20",
      host: "b",
      status: [204, 204],
    },
  },
  'health_check: { type: http, status: "200-299" }': {
    healthCheck: { ...CHECK, type: "http", host: "a.example", status: [200, 299] },
  },
  "health_check: { type: http, status: 401-401 }": {
    healthCheck: { ...CHECK, type: "http", host: "a.example", status: [401, 401] },
  },
  'health_check: { type: http, status: "404" }': {
    healthCheck: { ...CHECK, type: "http", host: "a.example", status: [404, 404] },
  },
  "outlier_detection: {}": { outlierDetection: { consecutiveFailures: 5, ejectFor: 30_000 } },
  "outlier_detection:": {},
  "outlier_detection: { consecutive_failures: 1, eject_for: 1m }": {
    outlierDetection: { consecutiveFailures: 1, ejectFor: 60_000 },
  },
};

Deno.test("a route takes these keys for its backends, and fills in what they leave out", () => {
  const plain = route(withKeys(""));
  assertEquals([plain.balance, plain.proxyProtocol, plain.retries], ["round_robin", "off", 2]);
  for (const [keys, expected] of Object.entries(GOOD)) {
    assertEquals(route(withKeys(keys)), { ...plain, ...expected }, keys);
  }
});

Deno.test("a fallback takes the same keys, but has no host for health checks to ask for", () => {
  for (const keys of Object.keys(GOOD)) {
    const loaded = parseConfig(`${L}fallback:\n  backends: ["b:1"]\n  ${keys}\n`);
    assert(loaded.ok, JSON.stringify(loaded));
    const { name: _name, hosts: _hosts, action: _action, ...group } = route(
      withKeys(keys).replace("a.example", '"*.a.example"'),
    );
    assertEquals(loaded.config.fallback, group, keys);
  }
});

Deno.test("backends are texts or mappings, and may all be backups", () => {
  const { backends } = route(`${L}routes:
- hosts: [a]
  backends:
  - B.example:443
  - { address: "[2001:db8:0::1]:443", weight: 256 }
  - { address: :80, backup: true, weight: }
  - { address: 10.0.0.1:443, weight: 1, backup: false }
`);
  assertEquals(backends.map(({ name, weight, backup }) => [name, weight, backup]), [
    ["b.example:443", 1, false],
    ["[2001:db8::1]:443", 256, false],
    ["127.0.0.1:80", 1, true],
    ["10.0.0.1:443", 1, false],
  ]);
  const spare = route(
    `${L}routes: [{ hosts: [a], backends: [{ address: "b:1", backup: true }] }]\n`,
  );
  assertEquals(spare.backends.map(({ backup }) => backup), [true]);
});

Deno.test("health checks ask for the route's first host that is a plain name", () => {
  for (
    const [hosts, host] of [
      ['["*.a.example", "/^b$/", "C.example.", d.example]', "c.example"],
      ['["*", "*.a.example", "/^b$/"]', undefined],
      ["[localhost]", "localhost"],
    ] as const
  ) {
    for (const type of ["tls", "http", "tcp"]) {
      const { healthCheck } = route(
        `${L}routes: [{ hosts: ${hosts}, backends: ["b:1"], health_check: { type: ${type} } }]\n`,
      );
      assertEquals(healthCheck?.host, type === "tcp" ? undefined : host, `${type} ${hosts}`);
    }
  }
});

/** Keys of a route, with everything that is to be said about each; they stand on line 5. */
const BAD: Record<string, Expected[]> = {
  "balance: roundrobin": [[
    5,
    12,
    "routes[0].balance",
    'found "roundrobin", expected "round_robin" or',
  ]],
  "balance: [random]": [[5, 12, "routes[0].balance", "found a list, expected"]],
  "ballance: random": [[5, 3, "routes[0].ballance", 'did you mean "balance"?']],
  "proxy_protocol: true": [
    [5, 19, "routes[0].proxy_protocol", 'found true, expected "off" or "v1" or "v2"'],
  ],
  "proxy_protocol: V2": [[5, 19, "routes[0].proxy_protocol", 'found "V2", expected "off" or']],
  "proxy_protocol: 2": [[5, 19, "routes[0].proxy_protocol", "found 2"]],
  "max_connections: 0": [
    [5, 20, "routes[0].max_connections", "found 0, expected a whole number from 1 to 10000000"],
  ],
  "rate_limit: 100": [
    [5, 15, "routes[0].rate_limit", "found 100, expected a mapping with connections_per_second"],
  ],
  "rate_limit: {}": [
    [
      5,
      15,
      "routes[0].rate_limit.connections_per_second",
      "missing, expected a number of connections per second, more than 0 and up to 1000000",
    ],
  ],
  "rate_limit: { connections_per_second: 0, burst: 0 }": [
    [5, 41, "routes[0].rate_limit.connections_per_second", "found 0, expected a number"],
    [5, 51, "routes[0].rate_limit.burst", "found 0, expected a whole number from 1 to 1000000"],
  ],
  "rate_limit: { connections_per_second: -1, burst: 1.5 }": [
    [5, 41, "routes[0].rate_limit.connections_per_second", "found -1, expected a number"],
    [5, 52, "routes[0].rate_limit.burst", "found 1.5, expected a whole number"],
  ],
  'rate_limit: { connections_per_second: "5", per_second: 5 }': [
    [5, 41, "routes[0].rate_limit.connections_per_second", 'found "5", expected a number'],
    [5, 46, "routes[0].rate_limit.per_second", 'unknown key "per_second", expected connections'],
  ],
  "rate_limit: { connections_per_second: .nan }": [
    [5, 41, "routes[0].rate_limit.connections_per_second", "found .nan, which YAML reads as"],
  ],
  "rate_limit: { connections_per_second: 1000000.5 }": [
    [5, 41, "routes[0].rate_limit.connections_per_second", "found 1000000.5, expected a number"],
  ],
  "retries: 11": [[5, 12, "routes[0].retries", "found 11, expected a whole number from 0 to 10"]],
  "retries: -1": [[5, 12, "routes[0].retries", "found -1"]],
  "retrys: 1": [[5, 3, "routes[0].retrys", 'did you mean "retries"?']],
  "health_check: tcp": [
    [5, 17, "routes[0].health_check", 'found "tcp", expected a mapping with type, interval'],
  ],
  "health_check: true": [[5, 17, "routes[0].health_check", "found true, expected a mapping"]],
  "health_check: { typ: tls }": [
    [5, 19, "routes[0].health_check.typ", 'unknown key "typ", did you mean "type"?'],
  ],
  'health_check: { type: "x\\ny", path: / }': [
    [5, 25, "routes[0].health_check.type", 'found "x\\ny", expected "tcp" or "tls" or "http"'],
  ],
  "health_check: { interval: 0, timeout: 0, fast_interval: 0 }": [
    [5, 29, "routes[0].health_check.interval", "found 0, expected a duration from 1ms"],
    [5, 41, "routes[0].health_check.timeout", "found 0, expected a duration from 1ms"],
    [5, 59, "routes[0].health_check.fast_interval", "found 0, expected a duration from 1ms"],
  ],
  "health_check: { rise: 0, fall: 101 }": [
    [5, 25, "routes[0].health_check.rise", "found 0, expected a whole number from 1 to 100"],
    [5, 34, "routes[0].health_check.fall", "found 101, expected a whole number from 1 to 100"],
  ],
  "health_check: { host: a, method: GET, path: /, status: 200 }": [
    [5, 19, "routes[0].health_check.host", "no effect with type: tcp, only with tls and http"],
    [5, 28, "routes[0].health_check.method", "has no effect with type: tcp, only with http"],
    [5, 41, "routes[0].health_check.path", "has no effect with type: tcp, only with http"],
    [5, 50, "routes[0].health_check.status", "has no effect with type: tcp, only with http"],
  ],
  "health_check: { type: tls, host: a, method: GET, path: /, status: 200 }": [
    [5, 39, "routes[0].health_check.method", "has no effect with type: tls, only with http"],
    [5, 52, "routes[0].health_check.path", "has no effect with type: tls, only with http"],
    [5, 61, "routes[0].health_check.status", "has no effect with type: tls, only with http"],
  ],
  'health_check: { type: http, host: "a:80", method: get, path: health, status: 99 }': [
    [5, 37, "routes[0].health_check.host", 'found "a:80", expected a host name such as'],
    [5, 53, "routes[0].health_check.method", 'found "get", expected a method in capitals'],
    [5, 64, "routes[0].health_check.path", 'found "health", expected a path that begins with'],
    [5, 80, "routes[0].health_check.status", "found 99, expected a status such as 200, or a range"],
  ],
  'health_check: { type: http, host: "*.a", method: CONNECT, path: "/a b", status: 399-200 }': [
    [5, 37, "routes[0].health_check.host", 'found "*.a", expected a host name'],
    [5, 52, "routes[0].health_check.method", 'found "CONNECT", expected a method'],
    [5, 67, "routes[0].health_check.path", 'found "/a b", expected a path'],
    [5, 83, "routes[0].health_check.status", 'found "399-200", expected a status'],
  ],
  'health_check: { type: http, host: 10.0.0.1, path: "/\\r\\nX: y", status: [200] }': [
    [5, 37, "routes[0].health_check.host", 'found "10.0.0.1", expected a host name'],
    [5, 53, "routes[0].health_check.path", 'found "/\\r\\nX: y", expected a path'],
    [5, 74, "routes[0].health_check.status", "found a list, expected a status"],
  ],
  "health_check: { type: http, status: 200.5 }": [
    [5, 39, "routes[0].health_check.status", "found 200.5, expected a status"],
  ],
  "health_check: { type: http, status: 200-600 }": [
    [5, 39, "routes[0].health_check.status", 'found "200-600", expected a status'],
  ],
  "outlier_detection: true": [
    [5, 22, "routes[0].outlier_detection", "found true, expected a mapping with consecutive_fail"],
  ],
  "outlier_detection: { consecutive_failures: 0, eject_for: 0 }": [
    [5, 46, "routes[0].outlier_detection.consecutive_failures", "found 0, expected a whole number"],
    [5, 60, "routes[0].outlier_detection.eject_for", "found 0, expected a duration from 1ms"],
  ],
  "outlier_detection: { consecutive_failure: 5 }": [
    [
      5,
      24,
      "routes[0].outlier_detection.consecutive_failure",
      'did you mean "consecutive_failures"?',
    ],
  ],
  "connection_pool: { cleanup_interval: 5 }": [
    [5, 22, "routes[0].connection_pool.cleanup_interval", 'unknown key "cleanup_interval"'],
  ],
};

Deno.test("a route says where and what is wrong with these keys", () => {
  for (const [keys, expected] of Object.entries(BAD)) assertProblems(withKeys(keys), expected);
});

Deno.test("a fallback says the same", () => {
  for (const [keys, expected] of Object.entries(BAD)) {
    assertProblems(
      `${L}#\nfallback:\n  backends: ["b:1"]\n  ${keys}\n`,
      expected.map(([line, column, path, piece]) => [
        line,
        column,
        path.replace("routes[0]", "fallback"),
        piece,
      ]),
    );
  }
});

/** Backends, with everything that is to be said about each; they stand on line 5. */
const BAD_BACKENDS: Record<string, Expected[]> = {
  '{ address: "b:1", weight: 0 }': [
    [5, 31, "backends[0].weight", "found 0, expected a whole number from 1 to 256"],
  ],
  '{ address: "b:1", weight: 257 }': [[5, 31, "backends[0].weight", "found 257"]],
  '{ address: "b:1", weight: 1.5, backup: yes }': [
    [5, 31, "backends[0].weight", "found 1.5"],
    [5, 44, "backends[0].backup", 'found "yes", expected true or false'],
  ],
  '{ address: "b:1", wieght: 2 }': [
    [5, 23, "backends[0].wieght", 'unknown key "wieght", did you mean "weight"?'],
  ],
  "{ weight: 2 }": [
    [5, 5, "backends[0].address", 'missing, expected host:port, such as "10.0.0.1:443"'],
  ],
  '"b:1", "c:1", { address: "B.:1", weight: 2 }': [
    [5, 19, "backends[2]", 'found "b:1" again, expected every backend once'],
  ],
  '":1", "127.0.0.1:1", "[::1]:1", "[0:0::1]:1", "[::1]:1"': [
    [5, 11, "backends[1]", 'found "127.0.0.1:1" again, expected every backend once'],
    [5, 37, "backends[3]", 'found "[::1]:1" again'],
    [5, 51, "backends[4]", 'found "[::1]:1" again'],
  ],
  '"b", "b", { address: "b" }': [
    [5, 5, "backends[0]", 'found "b", expected host:port'],
    [5, 10, "backends[1]", 'found "b", expected host:port'],
    [5, 26, "backends[2].address", 'found "b", expected host:port'],
  ],
};

Deno.test("routes and fallback say where and what is wrong with backends", () => {
  for (const [backends, expected] of Object.entries(BAD_BACKENDS)) {
    for (const [path, before] of [["routes[0]", "- hosts: [a]"], ["fallback", "  retries: 1"]]) {
      assertProblems(
        `${L}${path.replace("[0]", "")}:\n${before}\n  backends:\n   [${backends}]\n`,
        expected.map(([line, column, at, piece]) => [line, column, `${path}.${at}`, piece]),
      );
    }
  }
});

Deno.test("the same backend may stand in several routes and in the fallback", () => {
  const loaded = parseConfig(`${L}routes:
- { hosts: [a], backends: ["b:1"] }
- { hosts: [b], backends: ["b:1"] }
fallback: { backends: ["b:1"] }
`);
  assert(loaded.ok, JSON.stringify(loaded));
});

Deno.test("a route that rejects has none of these keys", () => {
  assertProblems(
    `${L}routes:
- hosts: [a]
  action: reject
  backends: ["b:1"]
  balance: random
  proxy_protocol: off
  max_connections: 1
  rate_limit: { connections_per_second: 1 }
  retries: 0
  health_check: {}
  outlier_detection: {}
  connection_pool: {}
`,
    [
      "backends",
      "balance",
      "proxy_protocol",
      "max_connections",
      "rate_limit",
      "retries",
      "health_check",
      "outlier_detection",
      "connection_pool",
    ].map((key, i) => [
      5 + i,
      3,
      `routes[0].${key}`,
      `found ${key}, expected none with action: reject`,
    ]),
  );
  assert(parseConfig(`${L}routes: [{ hosts: [a], action: reject, retries: }]\n`).ok);
});
