import { assertEquals, assertRejects } from "@std/assert";
import type { Contest, Figures, Running } from "../../bench/contest.ts";
import { Processes } from "../../bench/processes.ts";
import { runRounds } from "../../bench/rounds.ts";

/** A contest of two, without processes. */
function contest(turn: (name: string) => Figures): Contest {
  const address: Deno.NetAddr = { transport: "tcp", hostname: "127.0.0.1", port: 1 };
  return {
    title: "Some load",
    contestants: ["ours", "nginx"].map((name) => ({
      name,
      start: (): Promise<Running> => Promise.resolve({ address }),
    })),
    measures: [],
    targets: [],
    turn: (_, name) => Promise.resolve().then(() => turn(name)),
  };
}

Deno.test("runRounds() gives everybody a turn in every round, and does not count the first", async () => {
  const turns: string[] = [];
  const told: number[] = [];
  await using processes = new Processes();
  const rounds = await runRounds(
    contest((name) => ({ turn: turns.push(name) })),
    2,
    processes,
    (number) => told.push(number),
  );
  assertEquals(turns, ["ours", "nginx", "ours", "nginx", "ours", "nginx"]);
  assertEquals(told, [0, 1, 2]);
  assertEquals(rounds, [
    { ours: { turn: 3 }, nginx: { turn: 4 } },
    { ours: { turn: 5 }, nginx: { turn: 6 } },
  ]);
});

Deno.test("runRounds() says of a failure where it was, whose, and what", async () => {
  for (
    const [good, message] of [
      [1, "Some load: warming up, nginx: it does not move"],
      [3, "Some load: round 1 of 2, nginx: it does not move"],
    ] as const
  ) {
    let turns = 0;
    const failing = contest(() => {
      if (++turns > good) throw new Error("it does not move");
      return {};
    });
    await using processes = new Processes();
    await assertRejects(() => runRounds(failing, 2, processes, () => {}), Error, message);
  }
});
