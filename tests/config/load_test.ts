import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Backend } from "../../src/config/config.ts";
import { formatProblem, parseConfig } from "../../src/config/load.ts";
import { assertProblems, type Expected, L } from "./assert_problems.ts";

/** Documents that do not load, with everything that is to be said about each. */
const CASES: Record<string, [string, ...Expected[]]> = {
  "an empty file": ["", [1, 1, "", "found an empty document, expected at least listen_addrs"]],
  "a file of comments": ["# a\n# b\n", [1, 1, "", "found an empty document"]],
  "a null document": ["---\n~\n", [1, 1, "", "found an empty document"]],
  "a list": ["- a\n", [1, 1, "", "found a list, expected a mapping with listen_addrs, timeouts"]],
  "a text": ["\n hello\n", [2, 2, "", 'found "hello", expected a mapping with']],
  "several documents": [`${L}---\na: 1\n`, [3, 1, "", "found a second document, expected one"]],
  "an unclosed quote": ['a: "b', [1, 6, "", "not valid YAML: unexpected end of the stream"]],
  "a tab as indentation": ["a:\n\tb: 1\n", [2, 1, "", "not valid YAML: tab characters"]],
  "a colon too many": ["a: b: c\n", [1, 5, "", "not valid YAML: bad indentation"]],
  "an undefined alias": [`${L}log: *x\n`, [
    2,
    6,
    "log",
    'found the alias "*x", expected the name of',
  ]],
  "an alias of itself": ["a: &a [*a]\n", [1, 8, "a[0]", 'found the alias "*a" inside of what it']],
  "an alias of false": [
    `${L}metrics: { enabled: &off false }\naccess_log: { enabled: *off }\n`,
    [3, 24, "access_log.enabled", 'found the alias "*off" of false, zero or nothing'],
  ],
  "a tag": [`${L}log: !!set {}\n`, [
    2,
    6,
    "log",
    'found the tag "!!set", expected a value without',
  ]],
  "a key that is a list": [`${L}? [a]\n: b\n`, [
    2,
    3,
    "",
    "found a list as a key, expected a text",
  ]],
  "duplicate keys in block style": [
    `${L}log:\n  level: info\n  format: json\n  level: warn\n`,
    [5, 3, "log.level", 'found the key "level" again, expected every key once'],
  ],
  "duplicate keys in flow style and in quotes": [
    `${L}log: { level: info, "level": warn, 'level': info }\n`,
    [2, 21, "log.level", 'found the key "level" again'],
    [2, 36, "log.level", 'found the key "level" again'],
  ],
  "a key of prototypes": [`${L}__proto__: 1\n`, [2, 1, "", 'unknown key "__proto__"']],
  "nothing but other keys": [
    "# comment\n\nlog: {}\n",
    [3, 1, "listen_addrs", 'missing, expected a list of listen addresses such as ["0.0.0.0:443"]'],
  ],
  "listen_addrs without a value": ["log: {}\nlisten_addrs:\n", [2, 1, "listen_addrs", "missing"]],
  "empty listen_addrs": ["listen_addrs: []\n", [
    1,
    15,
    "listen_addrs",
    "found an empty list, expected",
  ]],
  "listen_addrs that are no list": ['listen_addrs: ":443"\n', [
    1,
    15,
    "listen_addrs",
    'found ":443"',
  ]],
  "bad listen_addrs": [
    'listen_addrs:\n- ":443"\n-\n- 10.0.0.1\n- ::1:80\n- "[::1]:0"\n- "a b:1"\n- 443\n- {}\n- [x]\n',
    [2, 1, "listen_addrs[1]", "found nothing, expected host:port"],
    [4, 3, "listen_addrs[2]", 'found "10.0.0.1", expected host:port, such as "0.0.0.0:443"'],
    [5, 3, "listen_addrs[3]", 'expected an IPv6 address in brackets, such as "[::1]:443"'],
    [6, 3, "listen_addrs[4]", "expected host:port with a port from 1 to 65535"],
    [7, 3, "listen_addrs[5]", "expected an IP address or a host name before the port"],
    [8, 3, "listen_addrs[6]", "found 443, expected host:port"],
    [9, 3, "listen_addrs[7].address", "missing, expected host:port"],
    [10, 3, "listen_addrs[8]", "found a list, expected host:port"],
  ],
  "a listener with an unknown key": [
    'listen_addrs: [{ address: ":1", workers: 2 }]\n',
    [1, 33, "listen_addrs[0].workers", 'unknown key "workers", expected address'],
  ],
  "the same listener twice": [
    'listen_addrs: [":443", { address: "[0::0]:443" }, "LOCALHOST:1", "localhost:1"]\n',
    [1, 24, "listen_addrs[1]", 'found "[::]:443" again, expected every address once'],
    [1, 66, "listen_addrs[3]", 'found "localhost:1" again'],
  ],
  "an unknown key, nearly right": [
    `${L}max_conections: 5\n`,
    [2, 1, "max_conections", 'unknown key "max_conections", did you mean "max_connections"?'],
  ],
  "an unknown key, not at all right": [
    `${L}log: { colour: red }\n`,
    [2, 8, "log.colour", 'unknown key "colour", expected level, format'],
  ],
  "several unknown keys, without values too": [
    `${L}route:\n"listen addrs": 1\nlog: { levle: info }\n`,
    [2, 1, "route", 'did you mean "routes"?'],
    [3, 1, '["listen addrs"]', 'unknown key "listen addrs", did you mean "listen_addrs"?'],
    [4, 8, "log.levle", 'did you mean "level"?'],
  ],
  "an unknown key with control characters": [
    `${L}"a\\n\\x9b": 1\n`,
    [2, 1, '["a\\n\\u009b"]', 'unknown key "a\\n\\u009b", expected listen_addrs'],
  ],
  "a bad number of workers": [
    `${L}workers: 0\n`,
    [2, 10, "workers", "found 0, expected auto, or a whole number from 1 to 64"],
  ],
  "sections that are no mappings": [
    `${L}timeouts: 10\nmetrics: []\nforward: off\ndns: { hosts: [a] }\n`,
    [
      2,
      11,
      "timeouts",
      "found 10, expected a mapping with connect, client_hello, idle, half_closed",
    ],
    [3, 10, "metrics", "found an empty list, expected a mapping with enabled, address"],
    [4, 10, "forward", 'found "off", expected a mapping with enabled'],
    [5, 15, "dns.hosts", "found a list, expected a mapping of names to IP addresses"],
  ],
  "bad durations": [
    `${L}timeouts:\n  connect: 0\n  client_hello: -1 # s\n  idle: 1d\n  half_closed: "10"\n`,
    [3, 12, "timeouts.connect", "found 0, expected a duration from 1ms to 365 days"],
    [4, 17, "timeouts.client_hello", "found -1, expected a duration"],
    [5, 9, "timeouts.idle", 'found "1d", expected a duration'],
    [6, 16, "timeouts.half_closed", 'found "10", expected a duration'],
  ],
  "durations that are too long or too short": [
    `${L}timeouts: { connect: 31536001, idle: 0.0004, client_hello: 8761h }\nshutdown_timeout: -1s\n`,
    [2, 22, "timeouts.connect", "found 31536001"],
    [2, 38, "timeouts.idle", "found 0.0004"],
    [2, 60, "timeouts.client_hello", 'found "8761h"'],
    [3, 19, "shutdown_timeout", 'found "-1s", expected a duration from 0 to 365 days'],
  ],
  "numbers that YAML reads as others": [
    `${L}timeouts: { connect: 017, client_hello: 1_000, idle: 0x1F, half_closed: 0b1 }\n` +
    "max_connections: 1e3\nshutdown_timeout: .inf\n",
    [
      2,
      22,
      "timeouts.connect",
      "found 017, which YAML reads as something else: write it in decimal",
    ],
    [2, 41, "timeouts.client_hello", "found 1_000, which YAML"],
    [2, 54, "timeouts.idle", "found 0x1F, which YAML"],
    [2, 73, "timeouts.half_closed", "found 0b1, which YAML"],
    [3, 18, "max_connections", "found 1e3, which YAML"],
    [4, 19, "shutdown_timeout", "found .inf, which YAML"],
  ],
  "dates": [
    `${L}routes:\n- name: 2024-01-01\n  hosts: [2024-01-01 10:00:00]\n  action: reject\n`,
    [3, 9, "routes[0].name", "found 2024-01-01, which YAML reads as something else"],
    [4, 11, "routes[0].hosts[0]", "found 2024-01-01 10:00:00, which YAML reads as something else"],
  ],
  "what was a number in base 60": [`${L}shutdown_timeout: 1:30\n`, [
    2,
    19,
    "shutdown_timeout",
    '"1:30"',
  ]],
  "words that are no booleans": [
    `${L}metrics: { enabled: yes }\naccess_log: { enabled: "true" }\nforward: { enabled: 1 }\n`,
    [2, 21, "metrics.enabled", 'found "yes", expected true or false'],
    [3, 24, "access_log.enabled", 'found "true", expected true or false'],
    [4, 21, "forward.enabled", "found 1, expected true or false"],
  ],
  "bad numbers": [
    `${L}max_connections: 0\nforward: { ports: { tls: 65536, http: "80" } }\n`,
    [2, 18, "max_connections", "found 0, expected a whole number from 1 to"],
    [3, 26, "forward.ports.tls", "found 65536, expected a whole number from 1 to 65535"],
    [3, 39, "forward.ports.http", 'found "80", expected a whole number'],
  ],
  "a fraction of a connection": [`${L}max_connections: 1.5\n`, [
    2,
    18,
    "max_connections",
    "found 1.5",
  ]],
  "a metrics address of a listener": [
    'listen_addrs: ["127.0.0.1:9090"]\n',
    [
      1,
      1,
      "metrics.address",
      'found "127.0.0.1:9090", expected an address that is not in listen_addrs',
    ],
  ],
  "a metrics address of a listener, in another spelling": [
    'metrics: { address: ":80" }\nlisten_addrs: ["127.0.0.1:80"]\n',
    [1, 21, "metrics.address", 'found "127.0.0.1:80", expected an address that is not in'],
  ],
  "a metrics address without a port": [
    `${L}metrics: { address: localhost }\n`,
    [2, 21, "metrics.address", 'found "localhost", expected host:port, such as "127.0.0.1:9090"'],
  ],
  "bad patterns on the allowlist": [
    `${L}allowlist: ["a.*.b", "", "/^a$/", "*.", 5, "*a b"]\n`,
    [2, 13, "allowlist[0]", 'found "a.*.b", expected a name such as "www.example.com"'],
    [2, 22, "allowlist[1]", 'found "", expected a name'],
    [2, 26, "allowlist[2]", 'found "/^a$/", expected a name'],
    [2, 35, "allowlist[3]", 'found "*.", expected a name'],
    [2, 41, "allowlist[4]", "found 5, expected a host pattern in quotes"],
    [2, 44, "allowlist[5]", 'found "*a b", expected a name'],
  ],
  "a route that is a text": [`${L}routes: [a]\n`, [
    2,
    10,
    "routes[0]",
    'found "a", expected a mapping with',
  ]],
  "an empty route": [
    `${L}routes:\n  - {}\n`,
    [3, 5, "routes[0].hosts", "missing, expected a list of host patterns"],
    [3, 5, "routes[0].backends", "missing, expected a list of backends, or action: reject"],
  ],
  "a route that goes nowhere": [
    `${L}routes:\n  # first\n  - name: a\n    hosts: [a]\n`,
    [4, 5, "routes[0].backends", "missing, expected a list of backends, or action: reject"],
  ],
  "a route that rejects and proxies": [
    `${L}routes: [{ hosts: [a], action: reject, backends: ["a:1"] }]\n`,
    [2, 40, "routes[0].backends", "found backends, expected none with action: reject"],
  ],
  "empty lists in a route": [
    `${L}routes: [{ hosts: [], alpn: [], protocols: [], listen: [], backends: [] }]\n`,
    [2, 19, "routes[0].hosts", "found an empty list, expected a list of host patterns"],
    [2, 29, "routes[0].alpn", "found an empty list, expected a list of ALPN protocol ids"],
    [2, 44, "routes[0].protocols", "found an empty list, expected a list of protocols"],
    [2, 56, "routes[0].listen", "found an empty list, expected a list of listen addresses"],
    [2, 70, "routes[0].backends", "found an empty list, expected a list of backends"],
  ],
  "bad words in a route": [
    `${L}routes: [{ hosts: [a], protocols: [tls, quic], action: drop, alpn: [""], name: "" }]\n`,
    [2, 41, "routes[0].protocols[1]", 'found "quic", expected "tls" or "http"'],
    [2, 56, "routes[0].action", 'found "drop", expected "proxy" or "reject"'],
    [2, 69, "routes[0].alpn[0]", 'found "", expected an ALPN protocol id of 1 to 255 bytes'],
    [2, 80, "routes[0].name", 'found "", expected a text of 1 to 253'],
  ],
  "bad host patterns": [
    `${L}routes:\n- action: reject\n  hosts: ["a.*.b", "*foo.com", "", "[::1]", "a:443", "*.10.0.0.1", .]\n`,
    [4, 11, "routes[0].hosts[0]", 'found "a.*.b", expected a name such as'],
    [4, 20, "routes[0].hosts[1]", 'found "*foo.com", expected a name'],
    [4, 32, "routes[0].hosts[2]", 'found "", expected a name'],
    [4, 36, "routes[0].hosts[3]", "since clients cannot ask for an IP address by name"],
    [4, 45, "routes[0].hosts[4]", 'found "a:443", expected a name'],
    [4, 54, "routes[0].hosts[5]", 'found "*.10.0.0.1", expected a name'],
    [4, 68, "routes[0].hosts[6]", 'found ".", expected a name'],
  ],
  "bad regexes": [
    `${L}routes:\n- action: reject\n  hosts:\n` +
    `  - /a/\n  - /^a\n  - '/^a\\$/'\n  - /^(a$/\n  - /^(a+)+$/\n  - /^(a|a)*$/\n`,
    [5, 5, "routes[0].hosts[0]", 'expected a regex between "/^" and "$/"'],
    [6, 5, "routes[0].hosts[1]", 'expected a regex between "/^" and "$/"'],
    [7, 5, "routes[0].hosts[2]", 'expected a regex between "/^" and "$/"'],
    [8, 5, "routes[0].hosts[3]", "expected a valid regex (Unterminated group)"],
    [9, 5, "routes[0].hosts[4]", "expected a regex without a repetition inside of another"],
    [10, 5, "routes[0].hosts[5]", "expected a regex without a choice inside of a repeated group"],
  ],
  "bad backends": [
    `${L}routes: [{ hosts: [a], backends: [10.0.0.1, { addres: "a:1" }, "a:x"] }]\n`,
    [
      2,
      35,
      "routes[0].backends[0]",
      'found "10.0.0.1", expected host:port, such as "10.0.0.1:443"',
    ],
    [2, 45, "routes[0].backends[1].address", "missing, expected host:port"],
    [2, 47, "routes[0].backends[1].addres", 'did you mean "address"?'],
    [2, 64, "routes[0].backends[2]", "expected host:port with a port from 1 to 65535"],
  ],
  "a listener that is not there": [
    'listen_addrs: [":443", "0.0.0.0:80"]\n' +
    'routes: [{ hosts: [a], action: reject, listen: ["[::]:443", "0.0.0.0:443"] }]\n',
    [
      2,
      61,
      "routes[0].listen[1]",
      'found "0.0.0.0:443", expected one of listen_addrs: [::]:443, 0.0.0.0:80',
    ],
  ],
  "a fallback without backends": [`${L}fallback: {}\n`, [
    2,
    11,
    "fallback.backends",
    "missing, expected",
  ]],
  "a fallback to nobody": [`${L}fallback: { backends: [] }\n`, [
    2,
    23,
    "fallback.backends",
    "an empty list",
  ]],
  "bad networks": [
    `${L}forward:\n  deny_networks: [loopbak, 10.0.0.0/33, "::/x"]\n  allow_networks: [10.0.0.1, private]\n`,
    [3, 19, "forward.deny_networks[0]", 'found "loopbak", expected one of loopback, private'],
    [3, 28, "forward.deny_networks[1]", "expected a prefix length from 0 to 32 after the slash"],
    [3, 41, "forward.deny_networks[2]", "expected a prefix length from 0 to 128"],
    [4, 20, "forward.allow_networks[0]", 'expected a network such as "10.0.0.1/32" for this one'],
    [4, 30, "forward.allow_networks[1]", 'found "private", expected a network such as'],
  ],
  "bad dns.hosts": [
    `${L}dns:\n  hosts:\n    "a b": [1.2.3.4]\n    *.c: [::1]\n`.replace("*.c", '"*.c"') +
    "    d: []\n    e: [localhost, 1.2.3]\n    D.: [::1]\n    f:\n",
    [4, 5, 'dns.hosts["a b"]', 'found "a b", expected a host name such as "internal.example"'],
    [5, 5, 'dns.hosts["*.c"]', 'found "*.c", expected a host name'],
    [6, 8, "dns.hosts.d", "found an empty list, expected a list of IP addresses"],
    [7, 9, "dns.hosts.e[0]", 'found "localhost", expected an IP address such as'],
    [7, 20, "dns.hosts.e[1]", 'found "1.2.3", expected an IP address'],
    [8, 5, 'dns.hosts["D."]', 'found "d" again, expected every name once'],
    [9, 5, "dns.hosts.f", "missing, expected a list of IP addresses"],
  ],
  "names that are numbers": [
    `${L}dns:\n  hosts:\n    017: [::1]\n`,
    [4, 5, "dns.hosts.15", 'found "15", expected a host name'],
    [4, 5, "dns.hosts.15", "found an unusual key or value, which YAML reads as something else"],
  ],
  "bad log settings": [
    `${L}log: { level: warning, format: xml }\naccess_log: { format: JSON }\n`,
    [2, 15, "log.level", 'found "warning", expected "debug" or "info" or "warn" or "error"'],
    [2, 32, "log.format", 'found "xml", expected "json" or "text"'],
    [3, 23, "access_log.format", 'found "JSON", expected "json" or "text"'],
  ],
  "values after characters of several bytes": [
    `${L}routes: [{ name: "\u00fc\ud83d\ude00", hosts: ["\u00e9"], action: x }] # \u00fc\nlog: 5\n`,
    [2, 32, "routes[0].hosts[0]", 'found "\u00e9", expected a name'],
    [2, 46, "routes[0].action", 'found "x"'],
    [3, 6, "log", "found 5"],
  ],
  "a byte order mark and CRLF": [
    `\ufefflisten_addrs:\r\n- :443\r\n\r\nlog:\r\n  level: x\r\n  foo: 1\r\n`,
    [5, 10, "log.level", 'found "x"'],
    [6, 3, "log.foo", 'unknown key "foo"'],
  ],
  "lines that end in CR": ["listen_addrs: [':1']\rlog:\r  level: x\r", [
    3,
    10,
    "log.level",
    'found "x"',
  ]],
  "values in quotes, over lines, and in blocks": [
    `${L}log:\n  level: 'x'\n  format: >-\n    y\nshutdown_timeout:\n  "a\n  b"\n`,
    [3, 10, "log.level", 'found "x"'],
    [5, 5, "log.format", 'found "y"'],
    [7, 3, "shutdown_timeout", 'found "a b"'],
  ],
  "values of aliases, at the alias, and inside, at the anchor": [
    `${L}routes:\n- { hosts: [a], backends: &b [x] }\n- { hosts: &h [a b], backends: *b }\n` +
    "- { hosts: *h, action: reject }\ntimeouts: { idle: &t x, connect: *t }\n",
    [3, 31, "routes[0].backends[0]", 'found "x"'],
    [3, 31, "routes[1].backends[0]", 'found "x"'],
    [4, 16, "routes[1].hosts[0]", 'found "a b"'],
    [4, 16, "routes[2].hosts[0]", 'found "a b"'],
    [6, 22, "timeouts.idle", 'found "x"'],
    [6, 34, "timeouts.connect", 'found "x"'],
  ],
  "values of merge keys, where they stand": [
    `${L}timeouts: &t { idle: 017, connect: 1 }\nlog:\n  <<: { level: x, foo: 1 }\n  level: info\n`,
    [2, 22, "timeouts.idle", "found 017"],
    [4, 19, "log.foo", 'unknown key "foo"'],
  ],
  "a merge of no mapping": [`${L}log:\n  <<: [5]\n`, [
    3,
    8,
    'log["<<"]',
    "found no mapping to merge",
  ]],
  "lists at the indentation of their key": [
    `${L}routes:\n- hosts:\n  - a\n  - "b c"\n  backends:\n  - x\n`,
    [5, 5, "routes[0].hosts[1]", 'found "b c"'],
    [7, 5, "routes[0].backends[0]", 'found "x"'],
  ],
  "a very long value": [
    `${L}log: { level: ${"x".repeat(1000)} }\n`,
    [2, 15, "log.level", `found "${"x".repeat(80)}...", expected`],
  ],
};

for (const [name, [text, ...expected]] of Object.entries(CASES)) {
  Deno.test(`parseConfig() says where and what about ${name}`, () => {
    assertProblems(text, expected);
  });
}

Deno.test("parseConfig() fills in every default", () => {
  assertEquals(parseConfig('listen_addrs: [":443"]'), {
    ok: true,
    config: {
      listeners: [{ address: { host: "::", port: 443 }, name: "[::]:443" }],
      timeouts: { connect: 10_000, clientHello: 10_000, idle: 300_000, halfClosed: 30_000 },
      metrics: { enabled: true, address: { host: "127.0.0.1", port: 9090 } },
      maxConnections: 10_000,
      shutdownTimeout: 30_000,
      workers: 1,
      pool: {
        enabled: true,
        maxPerHost: 100,
        connectionTtl: 60_000,
        idleTimeout: 30_000,
        preconnect: "auto",
      },
      poolSweep: 10_000,
      routes: [],
      forward: {
        enabled: true,
        ports: { tls: 443, http: 80 },
        denyNetworks: NETWORKS,
        allowNetworks: [],
      },
      dns: {
        servers: [],
        hosts: new Map(),
        cache: { maxEntries: 10_000, ttl: 60_000, negativeTtl: 5_000, stale: 600_000 },
      },
      clientLimits: { connections: 0, connectionsPerSecond: 0, burst: 0 },
      accessLog: { enabled: true, format: "json" },
      log: { level: "info", format: "json" },
    },
    warnings: [],
  });
});

const NETWORKS = [
  "loopback",
  "private",
  "link_local",
  "unique_local",
  "multicast",
  "unspecified",
  "self",
];

/** One of several that are alike, and no backup. */
function backend(host: string, port: number, name = `${host}:${port}`): Backend {
  return { address: { host, port }, name, weight: 1, backup: false };
}

/** Says everything that can be said. */
const FULL = String.raw`# everything
listen_addrs:
  - 0.0.0.0:80
  - { address: "[::]:443", proxy_protocol: true, trusted_proxies: [10.0.0.0/8, "FD00:0::1"] }
  - "LocalHost:8443"
timeouts: { connect: 0.5, client_hello: 500ms, idle: 5m, half_closed: 1h }
metrics: { enabled: false, address: ":9091" }
allowlist: ["Example.com.", "*.Example.com", "*suffix", "*"]
max_connections: 5
shutdown_timeout: 0
workers: 3
connection_pool: { enabled: false, max_per_host: 7, connection_ttl: 2m, idle_timeout: 1.5, cleanup_interval: 1, preconnect: off }
routes:
  - name: shop
    hosts: ["Shop.example.com.", "*.shop.example.com", '/^shop-[0-9]+\.example\.com$/', "*"]
    alpn: [h2, "http/1.1"]
    protocols: [tls, http]
    listen: [":443", "0.0.0.0:80"]
    action: proxy
    backends:
      - 10.0.0.1:443
      - { address: "App_1.internal.:8443", weight: 256 }
      - { address: "[2001:DB8:0::1]:443", backup: true }
      - ":9000"
    balance: source_ip
    proxy_protocol: v2
    max_connections: 50
    rate_limit: { connections_per_second: 0.5, burst: 20 }
    retries: 0
    health_check:
      type: http
      interval: 5
      timeout: 500ms
      rise: 1
      fall: 4
      fast_interval: 250ms
      method: HEAD
      path: /health?full=1
      host: Check.Example.com.
      status: 200-204
    outlier_detection: { consecutive_failures: 3, eject_for: 1m }
    connection_pool: { enabled: true, preconnect: 4 }
  - { hosts: [blocked.example, also.example], action: reject }
fallback: { backends: ["127.0.0.1:8443"], balance: random, connection_pool: { max_per_host: 9 } }
forward:
  enabled: true
  ports: { tls: 8443, http: 8080 }
  deny_networks: [loopback, self, "10.1.2.3/8", "FD00:0::/8"]
  allow_networks: ["::/0", "10.0.0.0/32"]
dns:
  servers: [10.0.0.53, 10.0.0.53:5353, "[FD00:0::53]:54"]
  hosts: { "Internal.Example.": ["127.0.0.1", "0:0::1"] }
  cache: { max_entries: 100, ttl: 1m, negative_ttl: 0, stale: 1h }
limits: { per_client: { connections: 20, connections_per_second: 2.5, burst: 10 } }
access_log: { enabled: false, format: text }
log: { level: debug, format: text }
`;

Deno.test("parseConfig() reads every key and normalises names and addresses", () => {
  assertEquals(parseConfig(FULL), {
    ok: true,
    config: {
      listeners: [
        { address: { host: "0.0.0.0", port: 80 }, name: "0.0.0.0:80" },
        {
          address: { host: "::", port: 443 },
          name: "[::]:443",
          trustedProxies: ["10.0.0.0/8", "fd00::1/128"],
        },
        { address: { host: "localhost", port: 8443 }, name: "localhost:8443" },
      ],
      timeouts: { connect: 500, clientHello: 500, idle: 300_000, halfClosed: 3_600_000 },
      metrics: { enabled: false, address: { host: "127.0.0.1", port: 9091 } },
      allowlist: ["example.com", "*.example.com", "*suffix", "*"],
      maxConnections: 5,
      shutdownTimeout: 0,
      workers: 3,
      pool: {
        enabled: false,
        maxPerHost: 7,
        connectionTtl: 120_000,
        idleTimeout: 1_500,
        preconnect: "off",
      },
      poolSweep: 1_000,
      routes: [
        {
          name: "shop",
          hosts: [
            "shop.example.com",
            "*.shop.example.com",
            "/^shop-[0-9]+\\.example\\.com$/",
            "*",
          ],
          alpn: ["h2", "http/1.1"],
          protocols: ["tls", "http"],
          listen: ["[::]:443", "0.0.0.0:80"],
          action: "proxy",
          backends: [
            backend("10.0.0.1", 443),
            { ...backend("app_1.internal", 8443), weight: 256 },
            { ...backend("2001:db8::1", 443, "[2001:db8::1]:443"), backup: true },
            backend("127.0.0.1", 9000),
          ],
          balance: "source_ip",
          proxyProtocol: "v2",
          maxConnections: 50,
          rateLimit: { perSecond: 0.5, burst: 20 },
          retries: 0,
          healthCheck: {
            type: "http",
            interval: 5_000,
            fastInterval: 250,
            timeout: 500,
            rise: 1,
            fall: 4,
            method: "HEAD",
            path: "/health?full=1",
            host: "check.example.com",
            status: [200, 204],
          },
          outlierDetection: { consecutiveFailures: 3, ejectFor: 60_000 },
          pool: {
            enabled: true,
            maxPerHost: 7,
            connectionTtl: 120_000,
            idleTimeout: 1_500,
            preconnect: 4,
          },
        },
        {
          name: "blocked.example",
          hosts: ["blocked.example", "also.example"],
          action: "reject",
          backends: [],
          balance: "round_robin",
          proxyProtocol: "off",
          retries: 2,
        },
      ],
      fallback: {
        backends: [backend("127.0.0.1", 8443)],
        balance: "random",
        proxyProtocol: "off",
        retries: 2,
        pool: {
          enabled: false,
          maxPerHost: 9,
          connectionTtl: 120_000,
          idleTimeout: 1_500,
          preconnect: "off",
        },
      },
      forward: {
        enabled: true,
        ports: { tls: 8443, http: 8080 },
        denyNetworks: ["loopback", "self", "10.1.2.3/8", "fd00::/8"],
        allowNetworks: ["::/0", "10.0.0.0/32"],
      },
      dns: {
        servers: [
          { host: "10.0.0.53", port: 53 },
          { host: "10.0.0.53", port: 5353 },
          { host: "fd00::53", port: 54 },
        ],
        hosts: new Map([["internal.example", ["127.0.0.1", "::1"]]]),
        cache: { maxEntries: 100, ttl: 60_000, negativeTtl: 0, stale: 3_600_000 },
      },
      clientLimits: { connections: 20, connectionsPerSecond: 2.5, burst: 10 },
      accessLog: { enabled: false, format: "text" },
      log: { level: "debug", format: "text" },
    },
    warnings: [],
  });
});

Deno.test("parseConfig() forwards names to themselves unless there are routes or a fallback", () => {
  for (
    const [text, enabled] of [
      ["", true],
      ["routes: []\n", true],
      ["routes: [{ hosts: [a], action: reject }]\n", false],
      ['fallback: { backends: ["a:1"] }\n', false],
      ['fallback: { backends: ["a:1"] }\nforward: { enabled: true }\n', true],
      ["forward: { enabled: false }\n", false],
    ] as const
  ) {
    const loaded = parseConfig(L + text);
    assert(loaded.ok, text);
    assertEquals(loaded.config.forward.enabled, enabled, text);
  }
});

Deno.test("parseConfig() warns of addresses that are part of others", () => {
  const cases: [string, string[]][] = [
    ['listen_addrs: ["0.0.0.0:80", "[::]:443", "127.0.0.1:8080", "127.0.0.2:8080"]\n', []],
    ['listen_addrs: ["0.0.0.0:443", "[::]:443"]\n', ["listen_addrs[0]"]],
    ['listen_addrs: ["0.0.0.0:443", "10.0.0.1:443", "[::1]:443"]\n', ["listen_addrs[1]"]],
    ['listen_addrs: [":9090", "[::1]:9090"]\n', ["metrics.address", "listen_addrs[1]"]],
    ['listen_addrs: [":9090"]\nmetrics: { enabled: false }\n', []],
  ];
  for (const [text, paths] of cases) {
    const loaded = parseConfig(text);
    assert(loaded.ok, text);
    assertEquals(loaded.warnings.map(({ path }) => path), paths, text);
  }
});

Deno.test("parseConfig() takes a key without a value for an absent one", () => {
  const empty = [
    "allowlist:\n  # - example.com\n",
    "timeouts:\nroutes:\nfallback:\nforward: ~\ndns: { hosts: }\nlog: null\nssh_routes:\n",
    "timeouts: { idle:, connect: }\nmetrics: { enabled: , address: }\n",
    "limits: { per_client: }\n",
    "limits: { per_client: { connections:, burst: } }\ndns: { servers:, cache: { ttl: } }\n",
  ];
  for (const text of empty) assertEquals(parseConfig(L + text), parseConfig(L), text);
});

Deno.test("parseConfig() follows anchors, aliases and merge keys", () => {
  const loaded = parseConfig(`${L}timeouts: &t { idle: 5, connect: 1 }
routes:
- &r { hosts: [a], backends: &b ["x:1"], name: r }
- <<: *r
  hosts: [b]
- <<: [{ hosts: [c] }, *r]
fallback: { backends: *b }
`);
  assert(loaded.ok);
  assertEquals(loaded.config.timeouts.idle, 5_000);
  assertEquals(loaded.config.routes.map(({ name, hosts }) => [name, ...hosts]), [
    ["r", "a"],
    ["r", "b"],
    ["r", "c"],
  ]);
  assertEquals(loaded.config.fallback?.backends, [backend("x", 1)]);
});

/** Files in the shape of SNIProxy-rs, with the lines that they get warnings for. */
const RUST: Record<string, [string, number[]]> = {
  minimal: [
    `listen_addrs:
  - "0.0.0.0:443"
timeouts:
  connect: 5
  client_hello: 5
  idle: 60
metrics:
  enabled: false
  address: "127.0.0.1:9000"
`,
    [],
  ],
  basic: [
    `listen_addrs: ["0.0.0.0:80", "[::]:443"]
timeouts: { connect: 10, client_hello: 10, idle: 300 }
metrics: { enabled: true, address: "127.0.0.1:9090" }
max_connections: 20000
shutdown_timeout: 15
allowlist:
  - "shop.example"
  - "*.cdn.example"
connection_pool:
  enabled: false
`,
    [],
  ],
  full: [
    `listen_addrs:
  - "0.0.0.0:8443"
udp_listen_addrs:
  - "0.0.0.0:443"
timeouts:
  connect: 10
  client_hello: 10
  idle: 300
metrics:
  enabled: true
  address: "0.0.0.0:9090"
# allowlist:
max_connections: 10000
shutdown_timeout: 30
connection_pool:
  enabled: true
  max_per_host: 100
  connection_ttl: 60
  idle_timeout: 30
  cleanup_interval: 10
quic_config: { enabled: true, max_concurrent_streams: 1_000, since: 2024-01-01 }
http3_config:
  enabled: true
protocol_routing:
  ssh: { enabled: true }
ssh_routes:
  - { hosts: ["a.*.b"], backend: 10.0.0.1 }
`,
    [3, 21, 22, 24, 26],
  ],
};

for (const [name, [text, lines]] of Object.entries(RUST)) {
  Deno.test(`parseConfig() loads a ${name} file of SNIProxy-rs, with warnings where it has no effect`, () => {
    const loaded = parseConfig(text);
    assert(loaded.ok, JSON.stringify(loaded));
    assertEquals(loaded.warnings.map(({ line }) => line), lines);
    for (const { path, column, message } of loaded.warnings) {
      assertStringIncludes(message, "has no effect here: ", path);
      assertEquals(column, 1);
    }
    assertEquals(loaded.config.forward.enabled, true);
  });
}

Deno.test("parseConfig() warns of addresses on the allowlist, which match nothing", () => {
  const loaded = parseConfig(`${L}allowlist: ["10.0.0.1", "a.example", "[::1]"]\n`);
  assert(loaded.ok, JSON.stringify(loaded));
  assertEquals(loaded.config.allowlist, ["10.0.0.1", "a.example", "[::1]"]);
  assertEquals(loaded.warnings.map(({ path, column }) => [path, column]), [
    ["allowlist[0]", 13],
    ["allowlist[2]", 38],
  ]);
});

Deno.test("parseConfig() loads 10,000 routes", () => {
  const routes = Array.from(
    { length: 10_000 },
    (_, i) =>
      `- { hosts: [h${i}.example, "*.h${i}.example"], backends: ["b${i}:1"], listen: [":443"] }\n`,
  );
  const loaded = parseConfig(`${L}routes:\n${routes.join("")}`);
  assert(loaded.ok);
  assertEquals(loaded.config.routes.length, 10_000);
  assertEquals(loaded.config.routes[9_999].backends, [backend("b9999", 1)]);
});

Deno.test("parseConfig() refuses what is too large, also by aliases and merges of aliases", () => {
  const lists = Array.from("bcdefg", (name, i) => {
    const alias = `*${"abcdef"[i]}`;
    return `- &${name} [${Array.from({ length: 10 }, () => alias).join(", ")}]\n`;
  });
  const keys = Array.from({ length: 1000 }, (_, i) => `k${i}: 1`).join(", ");
  const deep = Array.from({ length: 60 }, (_, i) => `- &a${i + 1} [[*a${i}]]\n`);
  for (
    const [text, piece] of [
      ["#".repeat(16 * 1024 * 1024 + 1), "found 16777217 characters, expected at most 16777216"],
      [`- &a [x, y]\n${lists.join("")}`, "found more than 1000000 nodes, aliases included"],
      [`- &a { ${keys} }\n${"- <<: *a\n".repeat(1000)}`, "found more than 1000000 nodes"],
      [`- &a0 x\n${deep.join("")}`, "found more than 100 levels, aliases included"],
      ["[".repeat(1_000_000), "not valid YAML: nesting exceeded"],
    ]
  ) {
    const loaded = parseConfig(text);
    assert(!loaded.ok);
    assertStringIncludes(loaded.problems[0].message, piece);
  }
});

Deno.test("parseConfig() needs no permission", async () => {
  const url = new URL("../../src/config/load.ts", import.meta.url);
  const program = `
    import { parseConfig } from "${url}";
    console.log(parseConfig("listen_addrs: [':443']").ok, parseConfig("listen_addrs: [x").ok);
  `;
  const directory = await Deno.makeTempDir();
  try {
    const file = `${directory}/program.ts`;
    await Deno.writeTextFile(file, program);
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-lock", "--config", config, file],
      env: { NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    assertEquals(decoder.decode(stdout), "true false\n", decoder.decode(stderr));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("formatProblem() gives one line", () => {
  const problem = { line: 12, column: 5, message: "found 5, expected 6" };
  assertEquals(
    formatProblem("config.yaml", { ...problem, path: "routes[0].backends[1]" }),
    "config.yaml:12:5: routes[0].backends[1]: found 5, expected 6",
  );
  assertEquals(
    formatProblem("config.yaml", { ...problem, path: "" }),
    "config.yaml:12:5: found 5, expected 6",
  );
});

/** Park and Miller's generator: the same numbers in every run. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = state * 48271 % 0x7fffffff;
    return state % below;
  };
}

/** Pieces that mean something to YAML. */
const PIECES = Array.from(":,-?&*!|>'\"%@`[]{}# \n\t\r\0\u0085\ufeff\ud83d\ude00").concat(
  [
    "- ",
    ": ",
    "\n  ",
    "\r\n",
    "<<: ",
    "*t",
    "&t ",
    "---\n",
    "...\n",
    "~",
    "017",
    "2024-01-01",
    "!!set ",
    "\\x",
  ],
);

Deno.test("parseConfig() never throws, and every problem of a mutated file is inside the file", () => {
  const random = createRandom(2);
  const files = [FULL, ...Object.values(RUST).map(([text]) => text)];
  for (let round = 0; round < 2_000; round++) {
    let text = files[random(files.length)];
    for (let edits = 1 + random(4); edits > 0; edits--) {
      const at = random(text.length + 1);
      const from = random(text.length + 1);
      const piece = random(2) === 0
        ? PIECES[random(PIECES.length)]
        : text.slice(from, from + random(30));
      text = text.slice(0, at) + piece + text.slice(at + random(8));
    }
    const loaded = parseConfig(text);
    // A byte order mark is not part of the text.
    const lines = text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/);
    let last = [1, 1];
    for (const { line, column, message } of loaded.ok ? loaded.warnings : loaded.problems) {
      const inside = line >= 1 && line <= lines.length && column >= 1 &&
        column <= Array.from(lines[line - 1]).length + 1;
      assert(inside, `${line}:${column}: ${message} in ${JSON.stringify(text)}`);
      assert(!/[\r\n]/.test(message), message);
      assert(last[0] < line || (last[0] === line && last[1] <= column), "in order");
      last = [line, column];
    }
    assert(loaded.ok || loaded.problems.length > 0);
  }
});
