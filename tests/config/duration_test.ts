import { assert, assertEquals } from "@std/assert";
import { parseDuration } from "../../src/config/duration.ts";

Deno.test("parseDuration() reads seconds and texts with a unit as milliseconds", () => {
  for (
    const [found, value] of [
      [10, 10_000],
      [0.5, 500],
      [0.001, 1],
      [0.0006, 1],
      ["500ms", 500],
      ["1.5s", 1_500],
      ["10s", 10_000],
      ["5m", 300_000],
      ["1h", 3_600_000],
      ["8760h", 31_536_000_000],
      [31_536_000, 31_536_000_000],
    ] as const
  ) assertEquals(parseDuration(found), { value }, String(found));
});

Deno.test("parseDuration() accepts zero only if it is told to", () => {
  for (const found of [0, -0, "0s", "0ms"]) {
    assert("accepts" in parseDuration(found));
    assertEquals(parseDuration(found, { zero: true }), { value: 0 });
  }
});

Deno.test("parseDuration() accepts nothing else", () => {
  const others = [
    ...[-1, 0.0004, 31_536_001, NaN, Infinity, true, null, undefined, [10], { s: 1 }],
    ...["", "10", "s", "1d", "1 s", "-1s", "+1s", "1e3s", "1.s", ".5s", "1s ", "1S", "9000h"],
    `${"9".repeat(1000)}ms`,
  ];
  for (const found of others) {
    assert("accepts" in parseDuration(found), String(found));
    assert("accepts" in parseDuration(found, { zero: true }), String(found));
  }
});
