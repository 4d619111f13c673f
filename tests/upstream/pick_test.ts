import { assertEquals } from "@std/assert";
import { createRoundRobin } from "../../src/upstream/pick.ts";

const a = [{ host: "a", port: 1 }, { host: "b", port: 1 }, { host: "c", port: 1 }];
const b = [{ host: "d", port: 1 }, { host: "e", port: 1 }];

Deno.test("the backends of every list take turns, each list for itself", () => {
  const pick = createRoundRobin();
  const picked: string[] = [];
  for (const list of [a, a, b, a, b, b, a, [a[2]]]) picked.push(pick(list).host);
  assertEquals(picked.join(""), "abdcedac");
});
