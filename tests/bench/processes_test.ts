import { assertRejects } from "@std/assert";
import { Processes, run } from "../../bench/processes.ts";

/** Where nobody listens: tcpmux. */
const NOBODY: Deno.NetAddr = { transport: "tcp", hostname: "127.0.0.1", port: 1 };

Deno.test("a process that ends in place of accepting is told with its code and its words", async () => {
  for (
    const [script, message] of [
      ["echo no such port >&2; exit 3", "it has ended with 3: no such port"],
      ["exit 4", "it has ended with 4: it said nothing"],
      ["kill -TERM $$", "it has ended with SIGTERM: it said nothing"],
    ]
  ) {
    await using processes = new Processes();
    await assertRejects(
      () => processes.start("it", ["sh", "-c", script], { core: 0, accepts: [NOBODY] }),
      Error,
      message,
    );
  }
});

Deno.test("a program that fails is told with its code or signal, and its words", async () => {
  for (
    const [script, message] of [
      ["echo why >&2; exit 3", "sh failed with 3: why"],
      ["kill -TERM $$", "sh failed with SIGTERM: it said nothing"],
    ]
  ) {
    await assertRejects(() => run(["sh", "-c", script]), Error, message);
  }
});

Deno.test("a process is stopped that ends by itself at that moment", async () => {
  await using processes = new Processes();
  // The window is narrow: between its end and the news of it.
  for (let i = 0; i < 20; i++) {
    const process = await processes.start("it", ["sh", "-c", "exit 0"], { core: 0 });
    for (let turns = i % 5; turns > 0; turns--) await new Promise((go) => setTimeout(go, 0));
    await processes.stop(process);
  }
});
