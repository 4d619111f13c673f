/**
 * A run, as text and as JSON.
 *
 * @module
 */
import type { Machine } from "./machine.ts";
import type { Spread } from "./statistics.ts";
import type { Cell, Summary } from "./summary.ts";
import { table } from "./table.ts";

/** A run of one scenario: plain data, as it goes into JSON. */
export interface Report {
  /** The scenario. */
  readonly scenario: string;
  /** When it began: ISO 8601, UTC. */
  readonly date: string;
  /** What repeats it. */
  readonly command: string;
  /** Where it ran, and with what. */
  readonly machine: Machine;
  /** What it has shown. */
  readonly contests: readonly Summary[];
}

/**
 * Writes in Markdown what stands above the contests of a report.
 *
 * @param report The report, of which nothing needs to be measured yet.
 * @returns Lines, the last one ended.
 */
export function renderHead(
  { scenario, date, command, machine }: Omit<Report, "contests">,
): string {
  const where = `${machine.kernel}, ${machine.processor}, ${machine.cores} cores`;
  const load = `load average before: ${machine.loadBefore.toFixed(2)}`;
  return [
    `# ${scenario}`,
    "",
    `\`${command}\`, ${date.slice(0, 16).replace("T", " ")} UTC  `,
    `${where}; ${load}  `,
    `${Object.values(machine.versions).join(", ")}`,
    "",
  ].join("\n");
}

/**
 * Writes a contest in Markdown: a table, and what became of the targets.
 *
 * @param summary The contest.
 * @returns Lines, the last one ended.
 */
export function renderContest({ title, measures, rows, verdicts }: Summary): string {
  const head = measures.flatMap((measure) =>
    measure.better === undefined ? [measure.title] : [measure.title, "ours / it"]
  );
  const body = rows.map(({ name, cells }) => [
    name,
    ...measures.flatMap(({ key, digits, better }) => {
      const figure = cells[key].figure?.median.toFixed(digits) ?? "-";
      return better === undefined ? [figure] : [figure, ratio(cells[key])];
    }),
  ]);
  const failures = rows.filter(({ failed }) => failed > 0)
    .map(({ name, failed }) => `- failed operations of ${name}: ${failed}`);
  const judged = verdicts.map(({ target, reached, met }) =>
    `- target ${target}: ${significant(reached)}, ${met ? "met" : "missed"}`
  );
  return [title, "", table(["", ...head], body), "", ...failures, ...judged, ""].join("\n");
}

function ratio({ figure, ratio }: Cell): string {
  if (ratio !== undefined) return ratioText(ratio);
  return figure === undefined ? "-" : "";
}

function ratioText({ median, min, max }: Spread): string {
  return `${median.toFixed(3)} (${min.toFixed(2)}..${max.toFixed(2)})`;
}

/** Three digits that say something. */
function significant(figure: number): string {
  return String(Number(figure.toPrecision(3)));
}
