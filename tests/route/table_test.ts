import { assert, assertEquals } from "@std/assert";
import type { Route, RouteProtocol } from "../../src/config/config.ts";
import type { Protocol } from "../../src/sniff/sniffed.ts";
import { type Ask, RouteTable, unmet } from "../../src/route/table.ts";

type Conditions = Pick<Route, "alpn" | "protocols" | "listen">;

const GROUP = { backends: [], balance: "round_robin", proxyProtocol: "off", retries: 0 } as const;

function route(name: string, hosts: string | string[], conditions: Conditions = {}): Route {
  const list = typeof hosts === "string" ? [hosts] : hosts;
  return { name, hosts: list, action: "proxy", ...GROUP, ...conditions };
}

function ask(name: string, rest: Partial<Ask> = {}): Ask {
  return { protocol: "tls", alpn: [], listener: "0.0.0.0:443", ...rest, name };
}

/** The route that wins and the pattern it won by, as `route host`. */
function won(table: RouteTable, asked: Ask): string | undefined {
  const match = table.find(asked);
  return match && `${match.route.name} ${match.host}`;
}

function labels(count: number, label = "a"): string {
  return new Array(count).fill(label).join(".");
}

Deno.test("The most specific pattern wins, whatever the order of the file.", () => {
  const routes = [
    route("any", "*"),
    route("digits", "/^[0-9]+\\.example\\.com$/"),
    route("early", "/^e.*$/"),
    route("com", "*.com"),
    route("wild", "*.example.com"),
    route("eu", "*.eu.example.com"),
    route("apex", "example.com"),
    route("www", "www.example.com"),
    route("localhost", "localhost"),
  ];
  const cases: [name: string, expected: string][] = [
    ["www.example.com", "www www.example.com"],
    ["example.com", "apex example.com"],
    ["api.example.com", "wild *.example.com"],
    ["a.b.c.example.com", "wild *.example.com"],
    ["x.www.example.com", "wild *.example.com"],
    ["eu.example.com", "wild *.example.com"],
    ["a.eu.example.com", "eu *.eu.example.com"],
    ["a.b.eu.example.com", "eu *.eu.example.com"],
    ["xeu.example.com", "wild *.example.com"],
    ["notexample.com", "com *.com"],
    ["www.notexample.com", "com *.com"],
    ["7.example.com", "wild *.example.com"],
    ["example.org", "early /^e.*$/"],
    ["elsewhere", "early /^e.*$/"],
    ["com", "any *"],
    ["localhost", "localhost localhost"],
    ["x.localhost", "any *"],
    ["other.net", "any *"],
    ["www.example.com.net", "any *"],
    ["1.2.3", "any *"],
  ];
  for (const order of [routes, routes.toReversed()]) {
    const table = new RouteTable(order);
    for (const [name, expected] of cases) assertEquals(won(table, ask(name)), expected, name);
  }
});

Deno.test("Without a pattern that holds there is no match.", () => {
  const table = new RouteTable([
    route("a", ["www.example.com", "*.wild.example.com", "/^r[0-9]\\.example\\.com$/"]),
  ]);
  const names = [
    "example.com",
    "ww.example.com",
    "wwww.example.com",
    "www.example.com.evil.net",
    "x.www.example.com",
    "wild.example.com",
    "xwild.example.com",
    "r1.example.com.evil.net",
    "xr1.example.com",
    "r10.example.com",
    "",
    ".",
    "..",
    ".wild.example.com.",
    "__proto__",
    "constructor",
    "*",
    "*.example.com",
  ];
  for (const name of names) assertEquals(won(table, ask(name)), undefined, JSON.stringify(name));
  assertEquals(won(new RouteTable([]), ask("example.com")), undefined);
});

Deno.test("Of routes with the same pattern the first in the file wins.", () => {
  for (const host of ["a.example.com", "*.example.com", "/^a.*$/", "*"]) {
    const table = new RouteTable([route("first", host), route("second", host)]);
    assertEquals(won(table, ask("a.example.com")), `first ${host}`);
  }
});

Deno.test("Regexes are tried in the order of the file, across routes and within one.", () => {
  const table = new RouteTable([
    route("one", ["/^[a-z]+$/", "/^a.*$/"]),
    route("two", ["/^.*1$/", "/^.*$/"]),
  ]);
  const cases: [name: string, expected: string][] = [
    ["abc", "one /^[a-z]+$/"],
    ["a1", "one /^a.*$/"],
    ["b1", "two /^.*1$/"],
    ["b2", "two /^.*$/"],
  ];
  for (const [name, expected] of cases) assertEquals(won(table, ask(name)), expected, name);
});

Deno.test("A regex matches the whole name or not at all.", () => {
  const cases: [regex: string, name: string, matches: boolean][] = [
    ["/^a|b$/", "a", true],
    ["/^a|b$/", "b", true],
    ["/^a|b$/", "axe", false],
    ["/^a|b$/", "cab", false],
    ["/^a|b$/", "a.b", false],
    ["/^a|ab$/", "ab", true],
    ["/^a\\.com|b\\.com$/", "a.com.evil.net", false],
    ["/^a\\.com|b\\.com$/", "evil-b.com", false],
    ["/^shop-[0-9]+\\.example\\.com$/", "shop-12.example.com", true],
    ["/^shop-[0-9]+\\.example\\.com$/", "shop-.example.com", false],
    ["/^shop-[0-9]+\\.example\\.com$/", "shop-12.example.comx", false],
    ["/^shop-[0-9]+\\.example\\.com$/", "shop-12xexample.com", false],
    ["/^(a|b)\\1$/", "aa", true],
    ["/^(a|b)\\1$/", "ab", false],
    ["/^SHOP\\.Example\\.com$/", "shop.example.com", true],
    ["/^(?!admin).*\\.example\\.com$/", "www.example.com", true],
    ["/^(?!admin).*\\.example\\.com$/", "admin.example.com", false],
    ["/^[\\w\\-]+$/", "a-b", true],
    ["/^$/", "a", false],
    ["/^.*$/", "anything.at.all", true],
  ];
  for (const [regex, name, matches] of cases) {
    const expected = matches ? `r ${regex}` : undefined;
    assertEquals(won(new RouteTable([route("r", regex)]), ask(name)), expected, `${regex} ${name}`);
  }
});

Deno.test("Every condition of a route must hold.", () => {
  const everything: Conditions = {
    protocols: ["tls"],
    listen: ["[::]:443", "0.0.0.0:443"],
    alpn: ["h2", "http/1.1"],
  };
  const cases: [conditions: Conditions, asked: Partial<Ask>, holds: boolean][] = [
    [{}, { protocol: "tls" }, true],
    [{}, { protocol: "http" }, true],
    [{}, { protocol: "h2c" }, true],
    [{}, { protocol: "unknown" }, true],
    [{ protocols: ["tls"] }, { protocol: "tls" }, true],
    [{ protocols: ["tls"] }, { protocol: "http" }, false],
    [{ protocols: ["tls"] }, { protocol: "h2c" }, false],
    [{ protocols: ["http"] }, { protocol: "tls" }, false],
    [{ protocols: ["http"] }, { protocol: "http" }, true],
    [{ protocols: ["http"] }, { protocol: "h2c" }, true],
    [{ protocols: ["tls", "http"] }, { protocol: "h2c" }, true],
    [{ protocols: ["tls", "http"] }, { protocol: "unknown" }, false],
    [{ protocols: [] }, { protocol: "tls" }, false],
    [{ listen: ["0.0.0.0:443"] }, {}, true],
    [{ listen: ["0.0.0.0:443"] }, { listener: "0.0.0.0:80" }, false],
    [{ listen: ["0.0.0.0:80", "0.0.0.0:443"] }, {}, true],
    [{ listen: [] }, {}, false],
    [{ alpn: ["h2"] }, { alpn: ["h2", "http/1.1"] }, true],
    [{ alpn: ["h2"] }, { alpn: ["http/1.1", "h2"] }, true],
    [{ alpn: ["h2"] }, { alpn: ["http/1.1"] }, false],
    [{ alpn: ["h2"] }, { alpn: ["H2"] }, false],
    [{ alpn: ["h2"] }, { alpn: ["h2c", "h"] }, false],
    [{ alpn: ["h2"] }, { alpn: [] }, false],
    [{ alpn: ["h3", "http/1.1"] }, { alpn: ["h2", "http/1.1"] }, true],
    [{ alpn: ["h2"] }, { alpn: ["h2"], protocol: "http" }, false],
    [{ alpn: ["h2"] }, { alpn: ["h2"], protocol: "h2c" }, false],
    [{ alpn: ["h2"] }, { alpn: [], protocol: "h2c" }, false],
    [{ alpn: [] }, { alpn: ["h2"] }, false],
    [everything, { alpn: ["http/1.1"] }, true],
    [everything, { alpn: ["http/1.1"], listener: "0.0.0.0:80" }, false],
    [everything, { alpn: ["http/1.1"], protocol: "http" }, false],
    [everything, { alpn: ["acme-tls/1"] }, false],
  ];
  for (const host of ["a.example.com", "*.example.com", "/^a.*$/", "*"]) {
    for (const [conditions, asked, holds] of cases) {
      const table = new RouteTable([route("r", host, conditions)]);
      const expected = holds ? `r ${host}` : undefined;
      const message = `${host} ${JSON.stringify([conditions, asked])}`;
      assertEquals(won(table, ask("a.example.com", asked)), expected, message);
    }
  }
});

Deno.test("A route whose conditions fail gives way to the next, down to less specific ones.", () => {
  const table = new RouteTable([
    route("any", "*"),
    route("any-h2", "*", { alpn: ["h2"] }),
    route("regex-acme", "/^.*\\.com$/", { alpn: ["acme-tls/1"] }),
    route("com-dot", "*.com", { alpn: ["dot"] }),
    route("wild-http", "*.example.com", { protocols: ["http"] }),
    route("wild-80", "*.example.com", { listen: ["0.0.0.0:80"] }),
    route("www-h2", "www.example.com", { alpn: ["h2"] }),
    route("www-h3", "www.example.com", { alpn: ["h3"] }),
  ]);
  const cases: [name: string, asked: Partial<Ask>, expected: string][] = [
    ["www.example.com", { alpn: ["h3", "h2"] }, "www-h2 www.example.com"],
    ["www.example.com", { alpn: ["h3"] }, "www-h3 www.example.com"],
    ["www.example.com", { protocol: "http" }, "wild-http *.example.com"],
    ["www.example.com", { protocol: "h2c", alpn: ["h2"] }, "wild-http *.example.com"],
    ["www.example.com", { listener: "0.0.0.0:80" }, "wild-80 *.example.com"],
    ["www.example.com", { alpn: ["dot"] }, "com-dot *.com"],
    ["www.example.com", { alpn: ["acme-tls/1"] }, "regex-acme /^.*\\.com$/"],
    ["www.example.com", { alpn: ["other"] }, "any *"],
    ["api.example.com", { alpn: ["h2"] }, "any *"],
    ["api.example.com", { alpn: ["acme-tls/1", "dot"] }, "com-dot *.com"],
  ];
  for (const [name, asked, expected] of cases) {
    assertEquals(won(table, ask(name, asked)), expected, JSON.stringify([name, asked]));
  }
});

Deno.test("Names and wildcards of 127 labels are found.", () => {
  const longest = labels(127);
  assertEquals(longest.length, 253);
  const table = new RouteTable([
    route("exact", longest),
    route("126", `*.${labels(126)}`),
    route("1", "*.a"),
    route("b", `*.${labels(100, "b")}`),
  ]);
  const cases: [name: string, expected: string | undefined][] = [
    [longest, `exact ${longest}`],
    [`b.${labels(126)}`, `126 *.${labels(126)}`],
    [labels(126), "1 *.a"],
    [`${labels(126, "c")}.a`, "1 *.a"],
    [labels(100, "b"), undefined],
    [labels(101, "b"), `b *.${labels(100, "b")}`],
    [labels(127, "b"), `b *.${labels(100, "b")}`],
    [labels(127, "c"), undefined],
    ["a".repeat(253), undefined],
    [".".repeat(253), undefined],
  ];
  for (const [name, expected] of cases) assertEquals(won(table, ask(name)), expected, name);
});

Deno.test("A match is the same object every time.", () => {
  const table = new RouteTable([route("a", ["a.example.com", "*.example.com", "/^x$/", "*"])]);
  for (const name of ["a.example.com", "b.example.com", "x", "other"]) {
    const match = table.find(ask(name));
    assert(match !== undefined && match === table.find(ask(name)), name);
  }
});

Deno.test("A lookup in 10,000 routes looks at as many as one in 10.", () => {
  const names = [
    "host1.example.com",
    "a.b.host1.example.com",
    "host1.example.org",
    "unknown.example.com",
    labels(127),
  ];
  const work = (size: number): number[] => {
    let looks = 0;
    const counted = (from: Route): Route =>
      new Proxy(from, { get: (target, key) => (looks++, Reflect.get(target, key)) });
    const routes = Array.from({ length: size }, (_, i) =>
      counted(route(`r${i}`, [
        `host${i}.example.com`,
        `*.host${i}.example.com`,
        `*.host${i}.${labels(5)}`,
      ])));
    const table = new RouteTable(routes);
    const get = Map.prototype.get;
    return names.map((name) => {
      looks = 0;
      Map.prototype.get = function (key): unknown {
        looks++;
        return get.call(this, key);
      };
      try {
        table.find(ask(name));
      } finally {
        Map.prototype.get = get;
      }
      return looks;
    });
  };
  const few = work(10);
  assert(few.every((looks) => looks > 0 && looks < 12), String(few));
  assertEquals(work(10_000), few);
});

/** A small seeded generator (mulberry32): numbers from 0 up to, not including, `n`. */
function generator(seed: number): (n: number) => number {
  return (n) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let x = Math.imul(seed ^ (seed >>> 15), seed | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) % n;
  };
}

/** Regexes with what they mean, told apart from how the table runs them. */
const REGEXES: ReadonlyMap<string, (name: string) => boolean> = new Map([
  ["/^a|b$/", (name: string) => name === "a" || name === "b"],
  ["/^a.*$/", (name: string) => name.startsWith("a")],
  ["/^.*\\.b$/", (name: string) => name.endsWith(".b")],
  ["/^[ab]\\.c$/", (name: string) => name === "a.c" || name === "b.c"],
]);

/** What the table does, said as plainly as possible: rank everything that holds, and take the best. */
function naive(
  routes: readonly Route[],
  { name, protocol, alpn, listener }: Ask,
): string | undefined {
  const rank = (host: string): number => {
    if (host === "*") return 1;
    const predicate = REGEXES.get(host);
    if (predicate !== undefined) return predicate(name) ? 2 : 0;
    if (host.startsWith("*.")) return name.endsWith(host.slice(1)) ? host.length : 0;
    return host === name ? 1000 : 0;
  };
  const spoken = protocol === "h2c" ? "http" : protocol;
  let best: { rank: number; won: string } | undefined;
  for (const { name: label, hosts, protocols, listen, alpn: wanted } of routes) {
    if (protocols?.every((each) => each !== spoken)) continue;
    if (listen?.every((each) => each !== listener)) continue;
    if (wanted && (protocol !== "tls" || !alpn.some((each) => wanted.includes(each)))) continue;
    for (const host of hosts) {
      if (rank(host) > (best?.rank ?? 0)) best = { rank: rank(host), won: `${label} ${host}` };
    }
  }
  return best?.won;
}

Deno.test("The table agrees with a linear search on 4,000 random rule sets.", () => {
  const random = generator(0x5117);
  const pick = <T>(list: readonly T[]): T => list[random(list.length)];
  const some = <T>(list: readonly T[]): T[] => list.filter(() => random(2) === 0);
  const name = (): string =>
    Array.from({ length: 1 + random(4) }, () => pick("abc".split(""))).join(".");
  const host = (): string => {
    const kind = random(10);
    if (kind === 0) return "*";
    if (kind < 3) return pick([...REGEXES.keys()]);
    return kind < 7 ? `*.${name()}` : name();
  };
  const PROTOCOLS: Protocol[] = ["tls", "http", "h2c", "unknown"];
  const ROUTE_PROTOCOLS: RouteProtocol[] = ["tls", "http"];
  let matches = 0;
  for (let set = 0; set < 4000; set++) {
    const routes = Array.from(
      { length: random(12) },
      (_, i) =>
        route(`r${i}`, Array.from({ length: 1 + random(3) }, host), {
          protocols: random(3) === 0 ? some(ROUTE_PROTOCOLS) : undefined,
          listen: random(4) === 0 ? some(["l1", "l2"]) : undefined,
          alpn: random(4) === 0 ? some(["h2", "h3"]) : undefined,
        }),
    );
    const table = new RouteTable(routes);
    for (let i = 0; i < 25; i++) {
      const asked = ask(name(), {
        protocol: pick(PROTOCOLS),
        alpn: some(["h2", "h3", "x"]),
        listener: pick(["l1", "l2"]),
      });
      const expected = naive(routes, asked);
      if (won(table, asked) !== expected) {
        assertEquals(won(table, asked), expected, JSON.stringify({ set, asked, routes }));
      }
      if (expected !== undefined) matches++;
    }
  }
  assert(matches > 30_000 && matches < 90_000, `${matches} of 100,000 lookups matched`);
});

Deno.test("the ranked rules of a name begin with the one that wins, but for those whose conditions fail", () => {
  const routes = [
    route("any", "*"),
    route("digits", "/^[0-9]+\\.a\\.test$/"),
    route("wild", ["*.test", "*.a.test"]),
    route("http", "1.a.test", { protocols: ["http"] }),
    route("there", "1.a.test", { listen: ["10.0.0.1:1"] }),
    route("h2", "1.a.test", { alpn: ["h2"] }),
    route("exact", "1.a.test"),
  ];
  const table = new RouteTable(routes);
  assertEquals(
    [...table.ranked("1.a.test")].map(({ route: { name }, host }) => `${name} ${host}`),
    [
      ...["http 1.a.test", "there 1.a.test", "h2 1.a.test", "exact 1.a.test"],
      ...["wild *.a.test", "wild *.test", "digits /^[0-9]+\\.a\\.test$/", "any *"],
    ],
  );
  for (
    const asked of [ask("1.a.test"), ask("1.a.test", { alpn: ["h2"] }), ask("x.test"), ask("y")]
  ) {
    const first = [...table.ranked(asked.name)].find((match) =>
      unmet(match.route, asked) === undefined
    );
    assertEquals(first, table.find(asked));
  }
  assertEquals(routes.map((each) => unmet(each, ask("1.a.test"))), [
    ...[undefined, undefined, undefined, "protocols", "listen", "alpn", undefined],
  ]);
});
