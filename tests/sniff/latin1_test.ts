import { assertEquals } from "@std/assert";
import { latin1 } from "../../src/sniff/latin1.ts";

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
