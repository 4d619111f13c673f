import { assertEquals } from "@std/assert";
import { compileAllowlist } from "../../src/route/allowlist.ts";

Deno.test("An allowlist allows what its patterns say.", () => {
  const cases: [patterns: string[], name: string, allowed: boolean][] = [
    [[], "example.com", false],
    [[], "", false],
    [["*"], "example.com", true],
    [["*"], "localhost", true],
    [["other.net", "*"], "example.com", true],
    [["example.com"], "example.com", true],
    [["example.com"], "www.example.com", false],
    [["example.com"], "notexample.com", false],
    [["example.com"], "example.com.evil.net", false],
    [["example.com"], "com", false],
    [["example.com"], "", false],
    [["*.example.com"], "www.example.com", true],
    [["*.example.com"], "a.b.c.example.com", true],
    [["*.example.com"], "example.com", true],
    [["*.example.com"], "notexample.com", false],
    [["*.example.com"], "www.notexample.com", false],
    [["*.example.com"], "example.com.evil.net", false],
    [["*.example.com"], "com", false],
    [["*.com"], "example.com", true],
    [["*.com"], "com", true],
    [["*.com"], "xcom", false],
    [["*shop.com"], "shop.com", true],
    [["*shop.com"], "bookshop.com", true],
    [["*shop.com"], "www.bookshop.com", true],
    [["*shop.com"], "www.shop.com", true],
    [["*shop.com"], "shop.com.evil.net", false],
    [["*shop.com"], "shops.com", false],
    [["*shop.com"], "hop.com", false],
    [["*-eu"], "host-eu", true],
    [["*-eu"], "host-eu.x", false],
    [["a.example", "b.example"], "a.example", true],
    [["a.example", "b.example"], "b.example", true],
    [["a.example", "b.example"], "c.example", false],
    [["a.example", "*.b.example", "*c.example"], "x.b.example", true],
    [["a.example", "*.b.example", "*c.example"], "xc.example", true],
    [["a.example", "*.b.example", "*c.example"], "x.a.example", false],
    [["*.a.b.example", "*.b.example"], "x.b.example", true],
    [["*.a.b.example", "*.example"], "a.b.example", true],
    [["*.a.b.example"], "b.example", false],
    [["example.com"], "__proto__", false],
    [["*.a"], new Array(127).fill("a").join("."), true],
    [["*.b"], new Array(127).fill("a").join("."), false],
    [["*.a"], ".".repeat(253), false],
  ];
  for (const [patterns, name, allowed] of cases) {
    assertEquals(compileAllowlist(patterns)(name), allowed, JSON.stringify([patterns, name]));
  }
});

Deno.test("An allowlist of 10,000 patterns allows each of them and nothing else.", () => {
  const allows = compileAllowlist(
    Array.from({ length: 5000 }, (_, i) => [`host${i}.example`, `*.wild${i}.example`]).flat(),
  );
  for (let i = 0; i < 5000; i += 7) {
    assertEquals(allows(`host${i}.example`), true);
    assertEquals(allows(`x.host${i}.example`), false);
    assertEquals(allows(`wild${i}.example`), true);
    assertEquals(allows(`x.y.wild${i}.example`), true);
    assertEquals(allows(`other${i}.example`), false);
  }
});
