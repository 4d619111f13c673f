import { assert, assertEquals } from "@std/assert";
import type { BackendGroup, Config, Route } from "../../src/config/config.ts";
import { compileRules, decide, type Decision, type Wish } from "../../src/route/decide.ts";

/** A group of backends, by their hosts. */
function group(...hosts: string[]): BackendGroup {
  return {
    backends: hosts.map((host) => ({
      address: { host, port: 443 },
      name: `${host}:443`,
      weight: 1,
      backup: false,
    })),
    balance: "round_robin",
    proxyProtocol: "off",
    retries: 2,
  };
}

const SHOP = group("10.0.0.1");
const LAST = group("127.0.0.1");
const BOTH = group("10.0.0.1", "127.0.0.1");

const ROUTES: Route[] = [
  { name: "shop", hosts: ["shop.example", "*.shop.example"], action: "proxy", ...SHOP },
  { name: "h2", hosts: ["h2.example"], alpn: ["h2"], action: "proxy", ...BOTH },
  { name: "blocked", hosts: ["blocked.example", "*.bad.example"], action: "reject", ...group() },
];

interface Setup {
  readonly routes?: readonly Route[];
  readonly allowlist?: readonly string[];
  readonly fallback?: boolean;
  readonly forward?: boolean;
}

function config({ routes = ROUTES, allowlist, fallback = false, forward = false }: Setup): Config {
  return {
    listeners: [{ address: { host: "0.0.0.0", port: 443 }, name: "0.0.0.0:443" }],
    timeouts: { connect: 1, clientHello: 1, idle: 1, halfClosed: 1 },
    metrics: { enabled: false, address: { host: "127.0.0.1", port: 9090 } },
    allowlist,
    maxConnections: 1,
    shutdownTimeout: 1,
    workers: 1,
    pool: { enabled: true, maxPerHost: 1, connectionTtl: 1, idleTimeout: 1, preconnect: "auto" },
    poolSweep: 1,
    routes,
    fallback: fallback ? LAST : undefined,
    forward: {
      enabled: forward,
      ports: { tls: 443, http: 80 },
      denyNetworks: [],
      allowNetworks: [],
    },
    dns: {
      servers: [],
      hosts: new Map(),
      cache: { maxEntries: 1, ttl: 1, negativeTtl: 1, stale: 1 },
    },
    clientLimits: { connections: 0, connectionsPerSecond: 0, burst: 0 },
    accessLog: { enabled: false, format: "json" },
    log: { level: "info", format: "json" },
  };
}

function wish(rest: Partial<Wish> = {}): Wish {
  return { protocol: "tls", alpn: [], listener: "0.0.0.0:443", ...rest };
}

function brief(decision: Decision): string {
  return decision.kind === "refusal" ? decision.reason : `${decision.kind} ${decision.label}`;
}

Deno.test("The rules are asked in order.", () => {
  const all: Setup = { fallback: true, forward: true, allowlist: ["*"] };
  const cases: [setup: Setup, asked: Partial<Wish>, expected: string][] = [
    // What can't be routed by name.
    [{}, { protocol: "unknown" }, "unknown_protocol"],
    [{ forward: true }, { protocol: "unknown" }, "unknown_protocol"],
    [{ fallback: true }, { protocol: "unknown" }, "proxy fallback"],
    [{ fallback: true, allowlist: [] }, { protocol: "unknown" }, "proxy fallback"],
    [all, { protocol: "unknown", name: "shop.example" }, "proxy fallback"],
    [{}, {}, "no_name"],
    [{}, { protocol: "http" }, "no_name"],
    [{}, { protocol: "h2c" }, "no_name"],
    [{ forward: true }, {}, "no_name"],
    [{ fallback: true }, {}, "proxy fallback"],
    [{ fallback: true, allowlist: [] }, {}, "proxy fallback"],
    [{ routes: [{ ...ROUTES[0], hosts: ["*"] }] }, {}, "no_name"],
    // The allowlist.
    [{ allowlist: [] }, { name: "shop.example" }, "not_allowed"],
    [{ allowlist: ["shop.example"] }, { name: "shop.example" }, "proxy shop"],
    [{ allowlist: ["shop.example"] }, { name: "www.shop.example" }, "not_allowed"],
    [{ allowlist: ["*.shop.example"] }, { name: "shop.example" }, "proxy shop"],
    [{ allowlist: ["shop.example"] }, { name: "blocked.example" }, "not_allowed"],
    [{ allowlist: ["shop.example"], fallback: true }, { name: "x.example" }, "not_allowed"],
    [{ allowlist: ["shop.example"], forward: true }, { name: "x.example" }, "not_allowed"],
    [{ allowlist: ["x.example"], forward: true }, { name: "x.example" }, "forward forward"],
    [{ allowlist: ["x.example"] }, { name: "x.example" }, "no_route"],
    // The routes.
    [{}, { name: "shop.example" }, "proxy shop"],
    [{}, { name: "a.b.shop.example" }, "proxy shop"],
    [{}, { name: "shop.example", protocol: "http" }, "proxy shop"],
    [{}, { name: "shop.example", protocol: "h2c" }, "proxy shop"],
    [all, { name: "shop.example" }, "proxy shop"],
    [{}, { name: "blocked.example" }, "rejected"],
    [all, { name: "blocked.example" }, "rejected"],
    [all, { name: "www.bad.example" }, "rejected"],
    [all, { name: "h2.example", alpn: ["h2"] }, "proxy h2"],
    [{}, { name: "h2.example" }, "no_route"],
    [all, { name: "h2.example" }, "forward forward"],
    // What no route holds for.
    [{}, { name: "x.example" }, "no_route"],
    [{ routes: [] }, { name: "x.example" }, "no_route"],
    [{ fallback: true }, { name: "x.example" }, "proxy fallback"],
    [{ fallback: true }, { name: "x.example", protocol: "http" }, "proxy fallback"],
    [{ forward: true }, { name: "x.example" }, "forward forward"],
    [{ forward: true }, { name: "x.example", protocol: "h2c" }, "forward forward"],
    [all, { name: "x.example" }, "forward forward"],
    [{ forward: true, routes: [] }, { name: "bad.example" }, "forward forward"],
  ];
  for (const [setup, asked, expected] of cases) {
    const decision = decide(compileRules(config(setup)), wish(asked));
    assertEquals(brief(decision), expected, JSON.stringify([setup, asked]));
  }
});

Deno.test("A decision says where to connect, and which route said so.", () => {
  const rules = compileRules(config({ fallback: true }));
  assertEquals(decide(rules, wish({ name: "h2.example", alpn: ["h2"] })), {
    kind: "proxy",
    label: "h2",
    group: ROUTES[1],
  });
  assertEquals(decide(rules, wish()), { kind: "proxy", label: "fallback", group: LAST });
});

Deno.test("A refusal says what happened, and nothing that the client sent.", () => {
  const cases: [setup: Setup, asked: Partial<Wish>, detail: string][] = [
    [
      {},
      { protocol: "unknown" },
      "the first bytes are neither TLS nor HTTP, and there is no fallback",
    ],
    [{}, {}, "the client asked for no name, or not for a valid one, and there is no fallback"],
    [{ allowlist: [] }, { name: "x.example" }, "the name is not on the allowlist"],
    [{}, { name: "blocked.example" }, "route blocked rejects it"],
    [{}, { name: "x.example" }, "no rule matches the name, and there is no fallback"],
  ];
  for (const [setup, asked, detail] of cases) {
    const decision = decide(compileRules(config(setup)), wish(asked));
    assert(decision.kind === "refusal");
    assertEquals(decision.detail, detail);
  }
});

Deno.test("The same wish gets the same decision object every time.", () => {
  const rules = compileRules(config({ allowlist: ["*.example"] }));
  const withRest = compileRules(config({ fallback: true }));
  const forwarding = compileRules(config({ forward: true }));
  for (const set of [rules, withRest, forwarding]) {
    for (const name of ["shop.example", "blocked.example", "x.example", "x.net", undefined]) {
      assert(decide(set, wish({ name })) === decide(set, wish({ name })), name);
    }
  }
});

Deno.test("Routes of the same name keep their own backends.", () => {
  const rules = compileRules(config({
    routes: [
      { name: "twin", hosts: ["a.example"], action: "proxy", ...SHOP },
      { name: "twin", hosts: ["b.example"], action: "proxy", ...LAST },
    ],
  }));
  const decision = decide(rules, wish({ name: "b.example" }));
  assert(decision.kind === "proxy");
  assertEquals(decision.group.backends, LAST.backends);
});
