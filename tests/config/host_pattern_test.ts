import { assert, assertEquals } from "@std/assert";
import { parseAllowPattern, parseHostPattern } from "../../src/config/host_pattern.ts";

Deno.test("parseHostPattern() reads names, wildcards, regexes and the star", () => {
  for (
    const [text, pattern] of [
      ["Example.com.", "example.com"],
      ["*.Example.com.", "*.example.com"],
      ["*.com", "*.com"],
      ["*", "*"],
      ["/^A-\\d+$/", "/^A-\\d+$/"],
    ]
  ) assertEquals(parseHostPattern(text), { value: pattern });
  for (const text of ["", "*.", "**", "a.*", "*.*.b", "*foo.com", "10.0.0.1", "::1", "*.1", "a/"]) {
    assert("accepts" in parseHostPattern(text), text);
  }
});

Deno.test("parseAllowPattern() reads names, wildcards, suffixes and the star", () => {
  for (
    const [text, pattern] of [
      ["Example.com.", "example.com"],
      ["*.Example.com.", "*.example.com"],
      ["*Shop.com", "*shop.com"],
      ["*-prod.example", "*-prod.example"],
      ["*", "*"],
    ]
  ) assertEquals(parseAllowPattern(text), { value: pattern });
  for (const text of ["", "*.", "**", "a.*", "*a*", "/^a$/"]) {
    assert("accepts" in parseAllowPattern(text), text);
  }
});
