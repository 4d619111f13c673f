/**
 * What a contest has shown.
 *
 * @module
 */
import type { Contest, Measure, Round, Target } from "./contest.ts";
import { ratios, type Spread, spread } from "./statistics.ts";

/** One figure of one contestant. */
export interface Cell {
  /** The figure over the rounds; absent where it was not measured. */
  readonly figure?: Spread;
  /** Ours divided by this one, round by round; absent for ours and where it is not compared. */
  readonly ratio?: Spread;
}

/** All figures of one contestant. */
export interface Row {
  /** Its name. */
  readonly name: string;
  /** Its figures, by the `key` of the measure. */
  readonly cells: Readonly<Record<string, Cell>>;
  /** Operations that failed, in all rounds together. */
  readonly failed: number;
}

/** Whether a target was met. */
export interface Verdict {
  /** What was aimed at, in words. */
  readonly target: string;
  /** What it is judged by: a median. */
  readonly reached: number;
  /** Whether that is good enough. */
  readonly met: boolean;
}

/** A contest in figures: plain data, as it goes into JSON. */
export interface Summary {
  /** What was measured. */
  readonly title: string;
  /** The kinds of figures. */
  readonly measures: readonly Measure[];
  /** Who took part; ours first. */
  readonly rows: readonly Row[];
  /** What became of the targets. */
  readonly verdicts: readonly Verdict[];
  /** Every single figure. */
  readonly rounds: readonly Round[];
}

/**
 * Sums up.
 *
 * @param contest What was compared.
 * @param rounds What was measured.
 * @returns The summary.
 */
export function summarize(
  contest: Pick<Contest, "title" | "measures" | "targets"> & {
    readonly contestants: readonly { readonly name: string }[];
  },
  rounds: readonly Round[],
): Summary {
  const { title, measures, contestants, targets } = contest;
  const ours = contestants[0].name;
  const rows = contestants.map(({ name }): Row => ({
    name,
    cells: Object.fromEntries(measures.map((measure) => [
      measure.key,
      cell(
        measure,
        figuresOf(rounds, ours, measure.key),
        figuresOf(rounds, name, measure.key),
        name === ours,
      ),
    ])),
    failed: rounds.reduce((sum, round) => sum + (round[name].failed ?? 0), 0),
  }));
  const verdicts = targets.flatMap((target) => judge(target, measures, rows));
  return { title, measures, rows, verdicts, rounds };
}

function figuresOf(rounds: readonly Round[], name: string, key: string): number[] {
  return rounds.map((round) => round[name][key]);
}

function cell(
  { better }: Measure,
  ours: readonly number[],
  theirs: readonly number[],
  isOurs: boolean,
): Cell {
  if (!theirs.every(Number.isFinite)) return {};
  const figure = spread(theirs);
  return isOurs || better === undefined
    ? { figure }
    : { figure, ratio: spread(ratios(ours, theirs)) };
}

function judge(target: Target, measures: readonly Measure[], rows: readonly Row[]): Verdict[] {
  const { measure: key, limit, against } = target;
  const measure = measures.find((each) => each.key === key);
  if (measure === undefined) throw new RangeError(`no measure ${key}`);
  const sign = measure.better === "more" ? ">=" : "<=";
  const verdict = (reached: number, whom: string): Verdict => ({
    target: `${measure.title} ${sign} ${limit}${whom}`,
    reached,
    met: measure.better === "more" ? reached >= limit : reached <= limit,
  });
  if (against === undefined) return [verdict(rows[0].cells[key].figure?.median ?? NaN, "")];
  return rows.filter(({ name }) => against.includes(name)).map(({ name, cells }) =>
    verdict(cells[key].ratio?.median ?? NaN, `x ${name}`)
  );
}

/**
 * The median figures of one round, for a line that says how it goes.
 *
 * @param measures The kinds of figures; the first is told.
 * @param round The round.
 * @returns Such as `ours 45.1, nginx 64.9`.
 */
export function tellRound([first]: readonly Measure[], round: Round): string {
  return Object.entries(round)
    .map(([name, figures]) => `${name} ${figures[first.key].toFixed(first.digits)}`)
    .join(", ");
}
