import { assert, assertEquals } from "@std/assert";
import { join } from "../../src/relay/join.ts";

const memory = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);

Deno.test("two pieces become one, and only what lies apart is copied", () => {
  for (
    const [what, a, b, expected, copied] of [
      [
        "one behind the other",
        memory.subarray(1, 3),
        memory.subarray(3, 6),
        [2, 3, 4, 5, 6],
        false,
      ],
      ["all of it", memory.subarray(0, 4), memory.subarray(4), [1, 2, 3, 4, 5, 6, 7, 8], false],
      ["an empty end", memory.subarray(2, 4), new Uint8Array(), [3, 4], false],
      [
        "an empty beginning right before",
        memory.subarray(2, 2),
        memory.subarray(2, 4),
        [3, 4],
        false,
      ],
      ["a gap", memory.subarray(0, 2), memory.subarray(3, 4), [1, 2, 4], true],
      ["an overlap", memory.subarray(0, 3), memory.subarray(2, 4), [1, 2, 3, 3, 4], true],
      [
        "the wrong way round",
        memory.subarray(4, 6),
        memory.subarray(0, 4),
        [5, 6, 1, 2, 3, 4],
        true,
      ],
      ["other memory", memory.subarray(0, 2), new Uint8Array([3, 4]), [1, 2, 3, 4], true],
      ["an empty beginning elsewhere", new Uint8Array(), memory.subarray(0, 2), [1, 2], true],
    ] as const
  ) {
    const joined = join(a, b);
    assertEquals([...joined], [...expected], what);
    assertEquals(joined.buffer !== memory.buffer, copied, what);
  }
});

Deno.test("the same memory elsewhere is not taken for the same place", () => {
  const other = memory.slice();
  const joined = join(memory.subarray(0, 2), other.subarray(2, 4));
  assertEquals([...joined], [1, 2, 3, 4]);
  joined.fill(0);
  assertEquals([...memory.subarray(0, 4), ...other.subarray(0, 4)], [1, 2, 3, 4, 1, 2, 3, 4]);
});

Deno.test("nothing and nothing is nothing", () => {
  assert(join(new Uint8Array(), new Uint8Array()).length === 0);
});
