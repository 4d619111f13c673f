import { assertEquals } from "@std/assert";
import { table } from "../../bench/table.ts";

Deno.test("table() aligns names to the left and figures to the right", () => {
  assertEquals(
    table(["", "requests/s", "x"], [["ours", "9000", "-"], ["nginx 256k", "11000", "0.82"]]),
    `
|            | requests/s |    x |
| ---------- | ---------: | ---: |
| ours       |       9000 |    - |
| nginx 256k |      11000 | 0.82 |`.trimStart(),
  );
});

Deno.test("table() sets a head alone, and the narrowest columns Markdown has", () => {
  assertEquals(table(["a", "b"], []), "| a   |   b |\n| --- | --: |");
});
