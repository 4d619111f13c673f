/**
 * Processes that the benchmark starts, all of which it ends.
 *
 * @module
 */
import { cpuMicros } from "./cpu.ts";

/** How long a process may take to accept, and to end. */
const PATIENCE_MS = 10_000;

/** How much of stderr is kept, in characters. */
const KEPT = 2_000;

/** What is said of one that said nothing. */
const SILENCE = "it said nothing";

/** Has a command killed when this process is, which leaves it no time to do so itself. */
const BOUND = ["setpriv", "--pdeathsig", "KILL"];

/** How to start a process. */
export interface ProcessOptions {
  /** The core it is pinned to, or several as taskset has it. */
  readonly core: number | string;
  /** Where it will accept; it has started when it does. */
  readonly accepts?: readonly Deno.NetAddr[];
  /** Its working directory. */
  readonly cwd?: string;
}

/** A process that runs. */
export class Process {
  /** What it is called in messages. */
  readonly name: string;
  readonly #child: Deno.ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #lines?: ReadableStreamDefaultReader<string>;
  /** With what it has ended: a code, or the signal that did it. */
  #end?: number | Deno.Signal;
  #said = "";

  /**
   * Starts it; {@linkcode Processes.start} does, for one that is ended with the others.
   *
   * @param name What it is called in messages.
   * @param command The program and its arguments.
   * @param options How to start it.
   * @param stdout Whether somebody will read what it prints.
   */
  constructor(name: string, command: readonly string[], options: ProcessOptions, stdout = false) {
    this.name = name;
    const [program, ...args] = [...BOUND, "taskset", "-c", `${options.core}`, ...command];
    this.#child = new Deno.Command(program, {
      args,
      cwd: options.cwd,
      stdin: "piped",
      stdout: stdout ? "piped" : "null",
      stderr: "piped",
    }).spawn();
    if (stdout) this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#ended = Promise.all([
      this.#listen(),
      this.#child.status.then(({ code, signal }) => this.#end = signal ?? code),
    ]);
  }

  /**
   * The CPU time it has used up to now, all its threads together, in microseconds.
   *
   * @throws {Error} If it has ended: with what, and what it said.
   */
  get cpuMicros(): number {
    this.#mustRun();
    return cpuMicros(this.#child.pid);
  }

  /** Memory that is its own, in bytes: what is shared with others, as its program's code is, does not count. */
  get memory(): number {
    const rollup = Deno.readTextFileSync(`/proc/${this.#child.pid}/smaps_rollup`);
    return 1024 * rollup.matchAll(/^Private_\w+:\s+(\d+)/gm)
      .reduce((sum, [, kilobytes]) => sum + Number(kilobytes), 0);
  }

  /**
   * Waits until it accepts.
   *
   * @param addresses Where.
   * @throws {Error} If it ends instead, or takes too long.
   */
  async accepts(addresses: readonly Deno.NetAddr[]): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    for (const address of addresses) {
      while (!await isOpen(address)) {
        if (this.#end !== undefined) {
          // What it said last is still on its way.
          await this.#ended;
          this.#mustRun();
        }
        if (performance.now() > deadline) {
          throw new Error(
            `${this.name} does not accept in ${PATIENCE_MS / 1000} s: ${this.#words}`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  /**
   * Sends a signal and waits for what it prints in return.
   *
   * @param signal The signal.
   * @returns What it printed.
   */
  async ask(signal: Deno.Signal): Promise<string> {
    this.#child.kill(signal);
    const answer = await this.#lines?.read();
    if (answer?.value === undefined) throw new Error(`${this.name} does not answer`);
    return answer.value;
  }

  /** Ends it: politely at first. */
  async stop(): Promise<void> {
    this.#kill("SIGTERM");
    const timer = setTimeout(() => this.#kill("SIGKILL"), 1_000);
    await this.#lines?.cancel();
    await this.#child.stdin.close().catch(() => {});
    await this.#ended;
    clearTimeout(timer);
  }

  #kill(signal: Deno.Signal): void {
    try {
      if (this.#end === undefined) this.#child.kill(signal);
    } catch (error) {
      // It has just ended, and the news of it is on its way.
      if (!(error instanceof TypeError)) throw error;
    }
  }

  #mustRun(): void {
    if (this.#end === undefined) return;
    throw new Error(`${this.name} has ended with ${this.#end}: ${this.#words}`);
  }

  /** The end of what it has written to stderr, where it says why. */
  get #words(): string {
    return this.#said.trim() || SILENCE;
  }

  async #listen(): Promise<void> {
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      this.#said = (this.#said + text).slice(-KEPT);
    }
  }
}

/** All processes of a run. Disposing ends them, the last first. */
export class Processes implements AsyncDisposable {
  readonly #running = new Set<Process>();
  #closed = false;

  /**
   * Starts one that goes on.
   *
   * @param name What it is called in messages.
   * @param command The program and its arguments.
   * @param options How.
   * @param stdout Whether {@linkcode Process.ask} will read what it prints.
   * @returns It, accepting.
   * @throws {Error} If it does not come to that.
   */
  async start(
    name: string,
    command: readonly string[],
    options: ProcessOptions,
    stdout = false,
  ): Promise<Process> {
    if (this.#closed) throw new Error("the benchmark is ending");
    const process = new Process(name, command, options, stdout);
    this.#running.add(process);
    await process.accepts(options.accepts ?? []);
    return process;
  }

  /**
   * Ends one.
   *
   * @param process The process.
   */
  async stop(process: Process): Promise<void> {
    await process.stop();
    this.#running.delete(process);
  }

  /** Ends all. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const process of [...this.#running].reverse()) await this.stop(process);
  }
}

/**
 * Runs a program to its end, on the core that this process is pinned to.
 *
 * @param command The program and its arguments.
 * @param succeeds Whether an exit code other than 0 is an error.
 * @returns What it wrote to stdout, or to stderr if that is all there is.
 * @throws {Error} If it fails, with what it said.
 */
export async function run(command: readonly string[], succeeds = true): Promise<string> {
  const [program, ...args] = [...BOUND, ...command];
  const { code, signal, stdout, stderr } = await new Deno.Command(program, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { LC_ALL: "C" },
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (succeeds && code !== 0) {
    const words = (err || out).trim().slice(-KEPT) || SILENCE;
    throw new Error(`${command[0]} failed with ${signal ?? code}: ${words}`);
  }
  return out || err;
}

async function isOpen({ hostname, port }: Deno.NetAddr): Promise<boolean> {
  try {
    using _conn = await Deno.connect({ hostname, port });
    return true;
  } catch {
    return false;
  }
}
