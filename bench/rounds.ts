/**
 * Everybody's turn, again and again.
 *
 * @module
 */
import type { Contest, Contestant, Figures, Round, Running } from "./contest.ts";
import type { Processes } from "./processes.ts";

/**
 * Runs a contest: A B C A B C. What disturbs the machine for a while disturbs all of a round, and the figures of
 * a round are only compared with each other.
 *
 * @param contest The contest.
 * @param rounds How many rounds count.
 * @param processes Where the contestants run.
 * @param say Told after each round what it gave.
 * @returns The rounds.
 */
export async function runRounds(
  contest: Contest,
  rounds: number,
  processes: Processes,
  say: (round: number, figures: Round) => void,
): Promise<Round[]> {
  const running = new Map<string, Running>();
  const turn = async (contestant: Contestant): Promise<Figures> => {
    const { name } = contestant;
    const one = running.get(name) ?? await contestant.start();
    const figures = await contest.turn(one, name);
    if (!contest.fresh) running.set(name, one);
    else if (one.process !== undefined) await processes.stop(one.process);
    return figures;
  };
  const results: Round[] = [];
  for (let number = contest.fresh ? 1 : 0; number <= rounds; number++) {
    const round: Record<string, Figures> = {};
    for (const contestant of contest.contestants) round[contestant.name] = await turn(contestant);
    say(number, round);
    if (number > 0) results.push(round);
  }
  for (const { process } of running.values()) {
    if (process !== undefined) await processes.stop(process);
  }
  return results;
}
