import { assert, assertEquals } from "@std/assert";
import { parseHostRegex } from "../../src/config/host_regex.ts";

Deno.test("parseHostRegex() accepts what takes little time on any name", () => {
  const sources = [
    String.raw`^shop-[0-9]+\.example\.com$`,
    String.raw`^(?:a|b)\.example$`,
    "^(a|b)?c$",
    "^a|b$",
    "^[a|b]*$",
    String.raw`^\(a\|b\)*$`,
    "^[a-z]+[0-9]{1,3}$",
    String.raw`^a\\$`,
    "^$",
  ];
  for (const source of sources) {
    const text = `/${source}/`;
    assertEquals(parseHostRegex(text), { value: text });
  }
});

Deno.test("parseHostRegex() refuses what is not anchored, is no regex, or backtracks for ages", () => {
  const texts = [
    ...[
      "/",
      "//",
      "/^a",
      "/a/",
      "/^a/",
      "/a$/",
      String.raw`/^a\$/`,
      "/^a$/i",
      "/^($/",
      "/^[b-a]$/",
    ],
    ...["/^a)(b$/", "/^(a+)+$/", "/^(a*)*$/", "/^(a|a)*$/", "/^(a|ab|b)+$/", "/^((a|a))*$/"],
    ...["/^((a|b)c){9}$/", String.raw`/^(\w|\d)+\.example$/`, `/^${"a*".repeat(26)}$/`],
    `/^${"a".repeat(1000)}$/`,
  ];
  for (const text of texts) assert("accepts" in parseHostRegex(text), text);
});
