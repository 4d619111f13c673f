import { assert, assertEquals, assertMatch } from "@std/assert";
import { parseConfig } from "../../src/config/load.ts";
import { overlapsOf } from "../../src/config/overlaps.ts";

function overlaps(more: string, ...routes: readonly string[]): string[] {
  const lines = routes.map((route, i) =>
    `  - { name: r${i}, backends: ["10.0.0.1:1"], ${route} }\n`
  );
  const loaded = parseConfig(
    `listen_addrs: ["127.0.0.1:80", "127.0.0.1:443"]\n${more}\nroutes:\n${lines.join("")}`,
  );
  assert(loaded.ok, JSON.stringify(loaded));
  return overlapsOf(loaded.config);
}

Deno.test("patterns that get in each other's way are found, and no others", () => {
  const a = `hosts: ["a.test"]`;
  const never = `"a.test" of route r1 never wins: route r0 has it, earlier in the file`;
  const cases: [routes: string[], expected: string[]][] = [
    [[a, `hosts: ["b.test"]`], []],
    [[a, a], [never]],
    [[`hosts: ["a.test", "A.test"]`], [`"a.test" stands twice in route r0`]],
    [[`${a}, protocols: [tls]`, a], []],
    [[`${a}, protocols: [tls]`, `${a}, protocols: [tls]`], [never]],
    [[`${a}, protocols: [tls]`, `${a}, alpn: [h2]`], [never]],
    [[`${a}, alpn: [h2]`, a], []],
    [[`${a}, alpn: [h2]`, `${a}, alpn: [h2, http/1.1]`], []],
    [[`${a}, alpn: [h2, http/1.1]`, `${a}, alpn: [h2]`], [never]],
    [[`${a}, listen: ["127.0.0.1:80"]`, `${a}, listen: ["127.0.0.1:443"]`], []],
    [[a, `${a}, listen: ["127.0.0.1:443"]`], [never]],
    [[`hosts: ["*"]`, `hosts: ["*"]`], [
      `"*" of route r1 never wins: route r0 has it, earlier in the file`,
    ]],
    [[`hosts: ["*.b.a.test"]`, `hosts: ["*.test", "*.a.test"]`], [
      `"*.b.a.test" of route r0 is inside "*.a.test" of route r1: names below b.a.test go to r0`,
    ]],
    [[`hosts: ["*.a.test", "*.test", "a.test"]`], []],
  ];
  for (const [routes, expected] of cases) {
    assertEquals(overlaps("", ...routes), expected, routes.join(" | "));
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
    const said = overlaps(`allowlist: [${list}]`, `hosts: ["a.test"]`);
    assertEquals(said.length === 1 && said[0].includes("allowlist"), found, list);
  }
});

Deno.test("ten thousand are looked at at once, and a few of them named", () => {
  const hosts = Array.from({ length: 10_000 }, (_, i) => `"h${i}.test"`).join(",");
  const said = overlaps("", `hosts: [${hosts}]`, `hosts: [${hosts}]`);
  assertEquals(said.length, 21);
  assertMatch(said[20], /^and 9980 more/);
});
