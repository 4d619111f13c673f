import { assertEquals } from "@std/assert";
import { latin1, recurringLatin1 } from "../../src/sniff/latin1.ts";
import { generator } from "./random.ts";

Deno.test("each character has the number of its byte", () => {
  const bytes = new Uint8Array(256).map((_, i) => i);
  const text = latin1(bytes, 0, 256);
  assertEquals(Array.from(text, (char) => char.charCodeAt(0)), [...bytes]);
});

Deno.test("a part of a part of a buffer is read, and nothing of what ends before it begins", () => {
  const bytes = new TextEncoder().encode("0123456789").subarray(2, 8);
  for (
    const [start, end, text] of [
      [0, 6, "234567"],
      [1, 3, "34"],
      [6, 6, ""],
      [2, 0, ""],
      [2, -2, ""],
    ] as const
  ) assertEquals(latin1(bytes, start, end), text, `${start} to ${end}`);
});

Deno.test("texts that come again are the same, and never those of others in their place", () => {
  const next = generator(11);
  for (let turn = 0; turn < 50_000; turn++) {
    // Few different bytes: many texts share a place.
    const bytes = Uint8Array.from({ length: next(45) }, () => 97 + next(2));
    const start = next(bytes.length + 1);
    const end = start + next(bytes.length - start + 1);
    assertEquals(recurringLatin1(bytes, start, end), latin1(bytes, start, end));
  }
});
