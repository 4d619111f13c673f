import { assertEquals } from "@std/assert";
import { metered, parseTicks } from "../../bench/cpu.ts";

Deno.test("parseTicks() finds its fields behind any name", () => {
  const rest = "S 1 7 7 0 -1 4194560 5 6 0 0 30 12 1 2 20 0 1 0 9 0 0";
  for (const name of ["deno", "a b", "a) S 1 2", "((", ""]) {
    assertEquals(parseTicks(`7 (${name}) ${rest}\n`), 42, name);
  }
});

Deno.test("metered() tells the CPU time of what was done in between", async () => {
  const process = { cpuMicros: 500 };
  const { result, cpuUs } = await metered(process, () => {
    process.cpuMicros += 70;
    return Promise.resolve("done");
  });
  assertEquals([result, cpuUs], ["done", 70]);
  assertEquals((await metered(undefined, () => Promise.resolve())).cpuUs, NaN);
});
