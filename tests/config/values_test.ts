import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Misread } from "../../src/config/found.ts";
import { readValues } from "../../src/config/values.ts";

Deno.test("readValues() marks scalars that YAML reads as something else than they look like", () => {
  const cases: [string, unknown][] = [
    ...["0", "10", "-1", "+5", "0.5", ".5", "5."].map((
      text,
    ): [string, number] => [text, Number(text)]),
    ...["017", "1_000", "0x1F", "0b1", "1e3", ".inf", "-.INF", ".nan", "00", "2024-01-01"]
      .map((text): [string, Misread] => [text, new Misread(text)]),
    ...["08", "1:30", "off", "yes", "1.2.3", "Nothing"].map((
      text,
    ): [string, string] => [text, text]),
    ["'017'", "017"],
    ["true", true],
    ["False", false],
    ["~", null],
    ["", null],
  ];
  for (const [text, value] of cases) {
    const read = readValues(`- ${text}\n`);
    assert(read.ok, text);
    assertEquals(read.values, [value], text);
  }
});

Deno.test("readValues() gives keys without a value as undefined", () => {
  const read = readValues("a:\nb: ~\nc: { d: }\ne: ''\n");
  assert(read.ok);
  assertEquals(read.values, { a: undefined, b: undefined, c: { d: undefined }, e: "" });
});

Deno.test("readValues() says where either parser stopped", () => {
  for (
    const [text, offset, message] of [
      ["a: 'b", 5, "not valid YAML: unexpected end of the stream within a single quoted scalar"],
      ["\ud83d\ude00: [x\n", 7, "not valid YAML: deficient indentation"],
      // What only the parser of the values minds.
      [
        "# \ud83d\ude00\r\n&x a: 1\n",
        10,
        "not valid YAML: Cannot read document: end of the stream",
      ],
    ] as const
  ) {
    const read = readValues(text);
    assert(!read.ok, text);
    assertEquals(read.findings.map((finding) => finding.offset), [offset]);
    assertStringIncludes(read.findings[0].message, message);
  }
});
