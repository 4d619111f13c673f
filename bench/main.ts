/**
 * Measures this proxy side by side with others: `deno task bench [SCENARIO] [--rounds N] [--seconds N]`.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { summarize, type Summary, tellRound } from "./summary.ts";
import { renderChart } from "./chart.ts";
import { lookAround } from "./machine.ts";
import { findServers, missing } from "./needs.ts";
import { renderContest, renderHead, type Report } from "./report.ts";
import { roundName, runRounds } from "./rounds.ts";
import type { Scenario } from "./scenario.ts";
import { SCENARIOS } from "./scenarios.ts";
import { type Extent, PROJECT, Stage } from "./stage.ts";

const HELP = `deno task bench [SCENARIO] [--rounds N] [--seconds N]

${SCENARIOS.map(({ name, about }) => `  ${name.padEnd(10)}${about}`).join("\n")}

  --rounds N    rounds that count (default: 5)
  --seconds N   length of a turn (default: 5)

No scenario: all of them. Exit codes: 0 measured, 1 failed, 2 wrong words or something is missing.`;

/** What the command line says. */
interface Command {
  readonly scenarios: readonly Scenario[];
  readonly extent: Extent;
}

/** @returns The command, or what is wrong with it. */
function readCommand(args: string[]): Command | "help" | string {
  const unknown: string[] = [];
  const flags = parseArgs(args, {
    string: ["rounds", "seconds"],
    boolean: ["help"],
    alias: { help: "h" },
    default: { rounds: "5", seconds: "5" },
    unknown: (arg, key) => {
      if (key !== undefined) unknown.push(arg);
    },
  });
  if (flags.help) return "help";
  if (unknown.length > 0) return `unknown flag ${unknown[0]}`;
  const [word, extra] = flags._.map(String);
  if (extra !== undefined) return `unexpected "${extra}" after ${word}`;
  const scenarios = SCENARIOS.filter(({ name }) => word === undefined || name === word);
  if (scenarios.length === 0) {
    return `unknown scenario "${word}"; there are ${SCENARIOS.map(({ name }) => name).join(", ")}`;
  }
  for (const flag of ["rounds", "seconds"]) {
    if (!/^[1-9]\d{0,3}$/.test(String(flags[flag]))) return `--${flag} needs a whole number`;
  }
  return { scenarios, extent: { rounds: Number(flags.rounds), seconds: Number(flags.seconds) } };
}

/** @returns What was measured; it is shown as it comes. */
async function measure(scenario: Scenario, extent: Extent, stage: Stage): Promise<Report> {
  const { rounds, seconds } = extent;
  const date = new Date().toISOString();
  const command = `deno task bench ${scenario.name} --rounds ${rounds} --seconds ${seconds}`;
  const machine = await lookAround(scenario.programs);
  const head = { scenario: scenario.name, date, command, machine };
  console.log(renderHead(head));
  const contests: Summary[] = [];
  for (const contest of await scenario.contests(stage)) {
    console.error(`${scenario.name}: ${contest.title}`);
    const results = await runRounds(contest, rounds, stage.processes, (number, round) => {
      console.error(`  ${roundName(number, rounds)}: ${tellRound(contest.measures, round)}`);
    });
    const summary = summarize(contest, results);
    console.log(renderContest(summary));
    contests.push(summary);
  }
  return { ...head, contests };
}

async function save(report: Report): Promise<string> {
  const folder = `${PROJECT}bench/results`;
  await Deno.mkdir(folder, { recursive: true });
  const path = `${folder}/${report.date.slice(0, 19).replaceAll(":", "-")}-${report.scenario}`;
  await Deno.writeTextFile(`${path}.json`, JSON.stringify(report, null, 2) + "\n");
  for (const [index, contest] of report.contests.entries()) {
    await Deno.writeTextFile(`${path}-${index + 1}.svg`, renderChart(contest));
  }
  return `${path.slice(PROJECT.length)}.json and .svg`;
}

/** @returns The exit code. */
async function main(): Promise<number> {
  const command = readCommand(Deno.args);
  if (command === "help") {
    console.log(HELP);
    return 0;
  }
  if (typeof command === "string") {
    console.error(`bench: ${command}`);
    return 2;
  }
  findServers();
  const lack = missing(command.scenarios);
  if (lack !== undefined) {
    console.error(`bench: ${lack}`);
    return 2;
  }
  for (const scenario of command.scenarios) {
    const stage = await Stage.open(command.extent);
    using _signals = onSignal(async (signal) => {
      // From a terminal and through `deno task` it comes twice.
      if (!stage.closed) {
        console.error(`bench: ${scenario.name}: interrupted by ${signal}, nothing is written`);
      }
      await stage[Symbol.asyncDispose]();
      Deno.exit(130);
    });
    try {
      const report = await measure(scenario, command.extent, stage);
      console.error(`written to ${await save(report)}\n`);
    } catch (error) {
      const why = error instanceof Error ? error.message : error;
      // What is interrupted fails, and has said so.
      if (!stage.closed) console.error(`bench: ${scenario.name}: ${why}`);
      return 1;
    } finally {
      // Still within reach of signals: one that came now would end this process and leave the folder.
      await stage[Symbol.asyncDispose]();
    }
  }
  return 0;
}

/** Has something done on a signal that would end this process, until it is disposed. */
function onSignal(act: (signal: Deno.Signal) => void): Disposable {
  const signals: Deno.Signal[] = ["SIGINT", "SIGTERM", "SIGHUP"];
  const listeners = signals.map((signal) => [signal, (): void => act(signal)] as const);
  for (const [signal, listener] of listeners) Deno.addSignalListener(signal, listener);
  return {
    [Symbol.dispose](): void {
      for (const [signal, listener] of listeners) Deno.removeSignalListener(signal, listener);
    },
  };
}

Deno.exit(await main());
