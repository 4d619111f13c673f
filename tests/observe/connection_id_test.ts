import { assertEquals, assertMatch } from "@std/assert";
import { nextConnectionId } from "../../src/observe/connection_id.ts";

Deno.test("connections of a process have ids of their own that begin alike, and need no quotes", () => {
  const ids = Array.from({ length: 10_000 }, nextConnectionId);
  for (const id of ids) assertMatch(id, /^[0-9a-z]{4}-[0-9a-z]{1,9}$/);
  assertEquals(new Set(ids).size, ids.length);
  assertEquals(new Set(ids.map((id) => id.slice(0, 4))).size, 1);
});
