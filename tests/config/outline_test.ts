import { assert, assertEquals } from "@std/assert";
import { offsetOf, readOutline } from "../../src/config/outline.ts";
import type { Path } from "../../src/config/problem.ts";

Deno.test("offsetOf() points at values and keys, or at the nearest ancestor there is", () => {
  const text = "a: &x [b, 'c']\nd:\n  e: |\n    f\n  g:\nh: *x\n? i\n: { <<: { j: k }, l: }\n";
  const outline = readOutline(text);
  assert(outline.ok && outline.root !== undefined);
  const { root } = outline;
  const places: [Path, string, boolean?][] = [
    [[], "a: &x"],
    [["a"], "[b,"],
    [["a"], "a: &x", true],
    [["a", 0], "b,"],
    [["a", 1], "'c'"],
    [["a", 2], "[b,"],
    [["a", "b", "c"], "[b,"],
    [["d"], "e: |"],
    [["d", "e"], "f\n"],
    [["d", "e"], "e: |", true],
    [["d", "g"], "g:"],
    [["d", "x", 5], "e: |"],
    [["h"], "*x\n"],
    [["h", 1], "'c'"],
    [["i"], "{ <<"],
    [["i"], "i\n:", true],
    [["i", "j"], "k }"],
    [["i", "j"], "j: k", true],
    [["i", "l"], "l:"],
    [["zz"], "a: &x"],
  ];
  for (const [path, start, atKey] of places) {
    const offset = offsetOf(root, path, atKey);
    assertEquals(text.slice(offset, offset + start.length), start, path.join("."));
  }
});

Deno.test("readOutline() keeps the text of scalars, and says which are plain", () => {
  const outline = readOutline(`["a\\tb", 017, 'it''s', c\n  d]`);
  assert(outline.ok && outline.root?.kind === "list");
  assertEquals(
    outline.root.items.map((item) => item.kind === "scalar" && [item.text, item.plain]),
    [["a\tb", false], ["017", true], ["it's", false], ["c d", true]],
  );
});

Deno.test("readOutline() lets an inner anchor win over the one around it", () => {
  const outline = readOutline("[&a [&a x], *a]");
  assert(outline.ok && outline.root?.kind === "list");
  assertEquals(outline.root.items[1].kind, "scalar");
});

Deno.test("readOutline() has no root for a document without content", () => {
  for (const text of ["", "\n\n", "# comment"]) {
    assertEquals(readOutline(text), { ok: true, root: undefined });
  }
});
