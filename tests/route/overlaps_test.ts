import { assert, assertEquals, assertMatch } from "@std/assert";
import { parseConfig } from "../../src/config/load.ts";
import { type Overlaps, overlapsOf } from "../../src/route/overlaps.ts";

function overlaps(more: string, ...routes: readonly string[]): Overlaps {
  const lines = routes.map((route, i) => {
    const name = route.includes("name:") ? "" : `name: r${i}, `;
    const backends = /backends|action/.test(route) ? "" : `backends: ["10.0.0.1:1"], `;
    return `  - { ${name}${backends}${route} }\n`;
  });
  const loaded = parseConfig(
    `listen_addrs: ["127.0.0.1:80", "127.0.0.1:443"]\n${more}\nroutes:\n${lines.join("")}`,
  );
  assert(loaded.ok, JSON.stringify(loaded));
  return overlapsOf(loaded.config);
}

Deno.test("patterns that get in each other's way are found, and no others", () => {
  const a = `hosts: ["a.test"]`;
  const never = (who: number, ...winners: number[]): string =>
    `routes[${who}] (r${who}): "a.test" never wins, ` +
    `${winners.map((each) => `routes[${each}] (r${each})`).join(" and ")} ` +
    `${winners.length === 1 ? "has" : "have"} it earlier in the file`;
  const cases: [routes: string[], expected: string[]][] = [
    [[a, `hosts: ["b.test"]`], []],
    [[a, a], [never(1, 0)]],
    [[a, a, a], [never(1, 0), never(2, 0)]],
    [[`hosts: ["a.test", "A.test"]`], [`routes[0] (r0) has "a.test" twice`]],
    [[`${a}, name: a.test`, `${a}, name: a.test`], [
      `routes[1]: "a.test" never wins, routes[0] has it earlier in the file`,
    ]],
    [[`hosts: ["*"]`, `hosts: ["*"]`], [never(1, 0).replace("a.test", "*")]],
    // Conditions, alone and together.
    [[`${a}, protocols: [tls]`, a], []],
    [[`${a}, protocols: [tls, http]`, a], [never(1, 0)]],
    [[`${a}, protocols: [tls]`, `${a}, protocols: [tls]`], [never(1, 0)]],
    [[`${a}, protocols: [tls]`, `${a}, alpn: [h2]`], [never(1, 0)]],
    [[`${a}, protocols: [tls]`, `${a}, protocols: [http]`, a], [never(2, 0, 1)]],
    [[`${a}, alpn: [h2]`, a], []],
    [[`${a}, alpn: [h2]`, `${a}, alpn: [h2, http/1.1]`], []],
    [[`${a}, alpn: [h2, http/1.1]`, `${a}, alpn: [h2]`], [never(1, 0)]],
    [[`${a}, alpn: [h2]`, `${a}, alpn: [h3]`, `${a}, alpn: [h3, h2]`], [never(2, 1, 0)]],
    [[`${a}, alpn: [h2], protocols: [http]`, a], [
      "routes[0] (r0) never wins: only TLS has alpn, and its protocols are http",
    ]],
    [[`${a}, listen: ["127.0.0.1:80"]`, `${a}, listen: ["127.0.0.1:443"]`], []],
    [[`${a}, listen: ["127.0.0.1:80", "127.0.0.1:443"]`, a], [never(1, 0)]],
    [[`${a}, listen: ["127.0.0.1:80"]`, `${a}, protocols: [http]`, a], []],
    [[a, `${a}, listen: ["127.0.0.1:443"]`], [never(1, 0)]],
  ];
  for (const [routes, expected] of cases) {
    assertEquals(overlaps("", ...routes).warnings, expected, routes.join(" | "));
  }
});

Deno.test("wildcards inside of others that lead elsewhere are noted", () => {
  const elsewhere = `backends: ["10.0.0.2:1"]`;
  for (
    const [routes, expected] of [
      [[`hosts: ["*.b.a.test"], ${elsewhere}`, `hosts: ["*.test", "*.a.test"]`], [
        `routes[0] (r0): "*.b.a.test" is inside "*.a.test" of routes[1] (r1), and takes names below ` +
        "b.a.test from it",
      ]],
      [[`hosts: ["*.test"]`, `hosts: ["*.a.test"], action: reject`], [
        `routes[1] (r1): "*.a.test" is inside "*.test" of routes[0] (r0), and takes names below ` +
        "a.test from it",
      ]],
      [[`hosts: ["*.test"]`, `hosts: ["*.a.test"]`], []],
      [[`hosts: ["*.a.test", "*.test", "a.test"]`], []],
      [[`hosts: ["*.a.test"]`, `hosts: ["*.b.test"], ${elsewhere}`], []],
    ] as const
  ) {
    assertEquals(overlaps("", ...routes), { warnings: [], notes: [...expected] });
  }
});

Deno.test("names that the allowlist keeps from their rule are found", () => {
  for (
    const [list, found] of [
      [`"a.test"`, false],
      [`"*.a.test"`, false],
      [`"*.test"`, false],
      [`"*test"`, false],
      [`"*"`, false],
      [`"b.test", "*.b.test"`, true],
      ["", true],
    ] as const
  ) {
    const { warnings } = overlaps(`allowlist: [${list}]`, `hosts: ["a.test"]`);
    assertEquals(warnings.length === 1 && warnings[0].includes("allowlist"), found, list);
  }
});

Deno.test("ten thousand are looked at at once, and a few of them named", () => {
  const many = (pattern: (i: number) => string): string =>
    Array.from({ length: 10_000 }, (_, i) => JSON.stringify(pattern(i))).join();
  const hosts = `hosts: [${many((i) => `h${i}.test`)}]`;
  const allowlist = `allowlist: [${many((i) => `*h${i}.best`)}]`;
  const { warnings } = overlaps(allowlist, hosts, hosts);
  assertEquals(warnings.length, 21);
  assertMatch(warnings[20], /^and 19980 more/);
});
