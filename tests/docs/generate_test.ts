import { assertEquals } from "@std/assert";
import { generate } from "../../docs/generate.ts";

Deno.test("what is made from the schema is what is in docs; otherwise: deno task schema", () => {
  for (const [name, content] of generate()) {
    const there = Deno.readTextFileSync(new URL(`../../docs/${name}`, import.meta.url));
    assertEquals(content, there, name);
  }
});
