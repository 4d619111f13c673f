import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Config } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/load.ts";
import { assertProblems, type Expected, L } from "./assert_problems.ts";

function load(text: string): Config {
  const loaded = parseConfig(text);
  assert(loaded.ok, JSON.stringify(loaded));
  return loaded.config;
}

/** Listeners, and whom they trust. */
const LISTENERS: Record<string, readonly string[] | undefined> = {
  '":443"': undefined,
  '{ address: ":443" }': undefined,
  '{ address: ":443", proxy_protocol: false }': undefined,
  '{ address: ":443", proxy_protocol: }': undefined,
  '{ address: ":443", trusted_proxies: }': undefined,
  '{ address: ":443", proxy_protocol: true }': ["0.0.0.0/0", "::/0"],
  '{ address: ":443", proxy_protocol: true, trusted_proxies: }': ["0.0.0.0/0", "::/0"],
  '{ address: ":443", proxy_protocol: true, trusted_proxies: [10.0.0.0/8] }': ["10.0.0.0/8"],
  '{ address: ":443", proxy_protocol: true, trusted_proxies: [10.0.0.1, "::1", "FD00:0::/8"] }': [
    "10.0.0.1/32",
    "::1/128",
    "fd00::/8",
  ],
};

Deno.test("a listener that expects PROXY headers trusts whom it names, or everybody", () => {
  for (const [listener, trusted] of Object.entries(LISTENERS)) {
    assertEquals(load(`listen_addrs: [${listener}]\n`).listeners, [{
      address: { host: "::", port: 443 },
      name: "[::]:443",
      ...(trusted && { trustedProxies: trusted }),
    }], listener);
  }
});

Deno.test("a listener that trusts everybody is warned of, and no other", () => {
  for (const [listener, trusted] of Object.entries(LISTENERS)) {
    const loaded = parseConfig(`# one\nlisten_addrs: [${listener}]\n`);
    assert(loaded.ok);
    if (trusted?.includes("::/0")) {
      assertEquals(loaded.warnings.map(({ path, line, column }) => [path, line, column]), [
        ["listen_addrs[0].proxy_protocol", 2, 35],
      ]);
      assertStringIncludes(loaded.warnings[0].message, "trusts everybody");
    } else {
      assertEquals(loaded.warnings, [], listener);
    }
  }
});

/** Texts after line 1, and the part of the configuration that they make. */
const DNS: Record<string, Partial<Config["dns"]>> = {
  "dns:": {},
  "dns: { servers: [] }": {},
  "dns: { servers: [10.0.0.53] }": { servers: [{ host: "10.0.0.53", port: 53 }] },
  'dns: { servers: ["10.0.0.53:5353", "[FD00::53]:53", "fd00:0::54", ":54"] }': {
    servers: [
      { host: "10.0.0.53", port: 5353 },
      { host: "fd00::53", port: 53 },
      { host: "fd00::54", port: 53 },
      { host: "127.0.0.1", port: 54 },
    ],
  },
  "dns: { cache: { negative_ttl: 0, stale: 0 } }": {
    cache: { maxEntries: 10_000, ttl: 60_000, negativeTtl: 0, stale: 0 },
  },
  "dns: { cache: { max_entries: 1, ttl: 500ms } }": {
    cache: { maxEntries: 1, ttl: 500, negativeTtl: 5_000, stale: 600_000 },
  },
};

Deno.test("dns takes servers and a cache", () => {
  const { dns } = load(L);
  for (const [text, expected] of Object.entries(DNS)) {
    assertEquals(load(`${L}${text}\n`).dns, { ...dns, ...expected }, text);
  }
});

/** Texts after line 1, and the limits that they make. */
const LIMITS: Record<string, Partial<Config["clientLimits"]>> = {
  "limits:": {},
  "limits: {}": {},
  "limits: { per_client: {} }": {},
  "limits: { per_client: { connections: 0, connections_per_second: 0, burst: 0 } }": {},
  "limits: { per_client: { connections: 7 } }": { connections: 7 },
  "limits: { per_client: { connections_per_second: 0.25 } }": { connectionsPerSecond: 0.25 },
  "limits: { per_client: { connections_per_second: 5, burst: 9 } }": {
    connectionsPerSecond: 5,
    burst: 9,
  },
};

Deno.test("limits has what one client may have", () => {
  for (const [text, expected] of Object.entries(LIMITS)) {
    const loaded = parseConfig(`${L}${text}\n`);
    assert(loaded.ok, JSON.stringify(loaded));
    assertEquals(loaded.config.clientLimits, {
      connections: 0,
      connectionsPerSecond: 0,
      burst: 0,
      ...expected,
    }, text);
    assertEquals(loaded.warnings, []);
  }
});

Deno.test("a burst without a rate is warned of", () => {
  for (const rate of ["", "connections_per_second: 0, "]) {
    const loaded = parseConfig(`${L}limits:\n  per_client: { ${rate}burst: 5 }\n`);
    assert(loaded.ok, JSON.stringify(loaded));
    assertEquals(loaded.warnings, [{
      path: "limits.per_client.burst",
      line: 3,
      column: 17 + rate.length,
      message: "has no effect without connections_per_second",
    }]);
  }
});

const BAD: Record<string, Expected[]> = {
  'listen_addrs: [{ address: ":1", trusted_proxies: [10.0.0.1] }]': [
    [
      1,
      33,
      "listen_addrs[0].trusted_proxies",
      "has no effect without proxy_protocol: true",
    ],
  ],
  'listen_addrs: [{ address: ":1", proxy_protocol: false, trusted_proxies: [10.0.0.1] }]': [
    [1, 56, "listen_addrs[0].trusted_proxies", "has no effect without proxy_protocol: true"],
  ],
  'listen_addrs: [{ address: ":1", proxy_protocol: v2, trusted_proxies: [10.0.0.1] }]': [
    [1, 49, "listen_addrs[0].proxy_protocol", 'found "v2", expected true or false'],
  ],
  'listen_addrs: [{ address: ":1", proxy_protocol: true, trusted_proxies: [] }]': [
    [
      1,
      72,
      "listen_addrs[0].trusted_proxies",
      'found an empty list, expected a list of networks such as ["10.0.0.0/8"], at least one',
    ],
  ],
  'listen_addrs: [{ address: ":1", proxy_protocol: true, trusted_proxies: 10.0.0.1 }]': [
    [1, 72, "listen_addrs[0].trusted_proxies", 'found "10.0.0.1", expected a list of networks'],
  ],
  'listen_addrs: [{ address: ":1", proxy_protocol: true, trusted_proxies: [lb, 10.0.0.0/33, 5] }]':
    [
      [1, 73, "listen_addrs[0].trusted_proxies[0]", 'found "lb", expected a network such as'],
      [1, 77, "listen_addrs[0].trusted_proxies[1]", "expected a prefix length from 0 to 32"],
      [1, 90, "listen_addrs[0].trusted_proxies[2]", "found 5, expected a text"],
    ],
  'listen_addrs: [{ address: ":1", proxy_protcol: true }]': [
    [1, 33, "listen_addrs[0].proxy_protcol", 'did you mean "proxy_protocol"?'],
  ],
  [`${L}dns: { servers: 10.0.0.53 }`]: [
    [2, 17, "dns.servers", 'found "10.0.0.53", expected a list of DNS servers such as'],
  ],
  [`${L}dns: { servers: [dns.example, "dns.example:53", "10.0.0.53:0", "[fd00::1]", 53] }`]: [
    [2, 18, "dns.servers[0]", 'found "dns.example", expected an IP address such as "10.0.0.53"'],
    [2, 31, "dns.servers[1]", 'found "dns.example:53", expected an IP address'],
    [2, 49, "dns.servers[2]", 'found "10.0.0.53:0", expected an IP address'],
    [2, 64, "dns.servers[3]", 'found "[fd00::1]", expected an IP address'],
    [2, 77, "dns.servers[4]", "found 53, expected a text"],
  ],
  [`${L}dns: { cache: { ttl: 0, negative_ttl: -1, stale: x, max_entries: 0 } }`]: [
    [2, 22, "dns.cache.ttl", "found 0, expected a duration from 1ms"],
    [2, 39, "dns.cache.negative_ttl", "found -1, expected a duration from 0"],
    [2, 50, "dns.cache.stale", 'found "x", expected a duration from 0'],
    [2, 66, "dns.cache.max_entries", "found 0, expected a whole number from 1"],
  ],
  [`${L}dns: { cache: true, server: 10.0.0.53 }`]: [
    [2, 15, "dns.cache", "found true, expected a mapping with max_entries, ttl"],
    [2, 21, "dns.server", 'unknown key "server", did you mean "servers"?'],
  ],
  [`${L}limits: { per_client: 5, per_server: 5 }`]: [
    [2, 23, "limits.per_client", "found 5, expected a mapping with connections"],
    [2, 26, "limits.per_server", 'unknown key "per_server"'],
  ],
  [`${L}limits: { per_client: { connections: -1, connections_per_second: -0.5, burst: 1.5 } }`]: [
    [2, 38, "limits.per_client.connections", "found -1, expected a whole number from 0"],
    [
      2,
      66,
      "limits.per_client.connections_per_second",
      "found -0.5, expected a number of connections per second, from 0 up to 1000000",
    ],
    [2, 79, "limits.per_client.burst", "found 1.5, expected a whole number from 0"],
  ],
  [`${L}limits: { connections: 5 }`]: [
    [2, 11, "limits.connections", 'unknown key "connections", expected per_client'],
  ],
};

Deno.test("listeners, dns and limits say where and what is wrong", () => {
  for (const [text, expected] of Object.entries(BAD)) assertProblems(`${text}\n`, expected);
});
