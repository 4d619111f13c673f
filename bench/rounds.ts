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
 * @throws {Error} If a turn fails: which one, whose, and why.
 */
export async function runRounds(
  contest: Contest,
  rounds: number,
  processes: Processes,
  say: (round: number, figures: Round) => void,
): Promise<Round[]> {
  const running = new Map<string, Running>();
  const take = async (contestant: Contestant): Promise<Figures> => {
    const { name } = contestant;
    const one = running.get(name) ?? await contestant.start();
    const figures = await contest.turn(one, name);
    if (!contest.fresh) running.set(name, one);
    else if (one.process !== undefined) await processes.stop(one.process);
    return figures;
  };
  const turn = async (contestant: Contestant, number: number): Promise<Figures> => {
    try {
      return await take(contestant);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : cause;
      const when = roundName(number, rounds);
      throw new Error(`${contest.title}: ${when}, ${contestant.name}: ${why}`, { cause });
    }
  };
  const results: Round[] = [];
  for (let number = contest.fresh ? 1 : 0; number <= rounds; number++) {
    const round: Record<string, Figures> = {};
    for (const contestant of contest.contestants) {
      round[contestant.name] = await turn(contestant, number);
    }
    say(number, round);
    if (number > 0) results.push(round);
  }
  for (const { process } of running.values()) {
    if (process !== undefined) await processes.stop(process);
  }
  return results;
}

/**
 * What a round is called where people read.
 *
 * @param number Its number; 0 is not counted.
 * @param rounds How many there are.
 * @returns Such as `round 2 of 5`.
 */
export function roundName(number: number, rounds: number): string {
  return number === 0 ? "warming up" : `round ${number} of ${rounds}`;
}
