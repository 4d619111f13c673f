/**
 * The life of a serving process: start, reload on SIGHUP, drain on SIGTERM and SIGINT.
 *
 * @module
 */
import type { Config, LogLevel } from "./config/config.ts";
import { configName, readConfig, type ReadResult } from "./config/read.ts";
import { LineWriter } from "./observe/line_writer.ts";
import { Log } from "./observe/log.ts";
import { Server } from "./server.ts";
import { watchConfig } from "./watch_config.ts";
import { Supervisor } from "./workers/supervisor.ts";

/** Repeats of a signal within this time count as one: a terminal and `deno task` both deliver it. */
const SAME_SIGNAL_MS = 500;

/** How long a line of the access log may wait for others that are written with it. */
const ACCESS_DELAY_MS = 20;

/** How long the last log lines may take to be written. */
const FLUSH_MS = 1_000;

/** A configuration that holds. */
export type Loaded = Extract<ReadResult, { ok: true }>;

/** What to serve. */
export interface ServiceOptions {
  /** The file to re-read on SIGHUP; or a whole document. */
  readonly file: string;
  /** What it said at the start. */
  readonly loaded: Loaded;
  /** The least log level, whatever the configuration says. */
  readonly level?: LogLevel;
  /** Whether a change of the file is a reload. */
  readonly watch: boolean;
  /** The program's version. */
  readonly version: string;
}

/**
 * Serves until a signal says stop.
 *
 * @param options What to serve.
 * @returns When everything is closed and logged.
 * @throws {BindError} If an address can't be listened on.
 */
export async function runService(options: ServiceOptions): Promise<void> {
  const { file, level, version } = options;
  const writers = {
    log: new LineWriter(Deno.stderr),
    access: new LineWriter(Deno.stdout, ACCESS_DELAY_MS),
  };
  const apply = (found: Config): Config => ({
    ...found,
    log: { ...found.log, level: level ?? found.log.level },
  });
  let config = apply(options.loaded.config);
  const log = new Log(writers.log, config.log.level, config.log.format);

  // First of all, for installing a handler needs descriptors, and those can run out.
  const stopped = Promise.withResolvers<void>();
  let stoppedAt: number | undefined;
  const onStop = (exitCode: number) => (): void => {
    const now = performance.now();
    if (stoppedAt !== undefined && now - stoppedAt > SAME_SIGNAL_MS) Deno.exit(exitCode);
    stoppedAt ??= now;
    stopped.resolve();
  };
  const onTerm = onStop(128 + 15);
  const onInt = onStop(128 + 2);
  let reloading = Promise.resolve();
  const onHup = (): void => {
    reloading = reloading.then(() => reload());
  };
  // What slips through in one connection must not end all the others.
  const onRejection = (event: PromiseRejectionEvent): void => {
    event.preventDefault();
    log.error("unexpected error", { error: String(event.reason) });
  };
  Deno.addSignalListener("SIGTERM", onTerm);
  Deno.addSignalListener("SIGINT", onInt);
  Deno.addSignalListener("SIGHUP", onHup);
  globalThis.addEventListener("unhandledrejection", onRejection);

  let server: Server | Supervisor | undefined;

  async function reload(): Promise<void> {
    if (server === undefined || stoppedAt !== undefined) return;
    const read = await readConfig(file);
    let problems = read.ok ? [] : read.problems;
    if (read.ok) {
      try {
        const alone = server instanceof Server;
        const next = apply(read.config);
        await server.reload(next);
        config = next;
        log.level = config.log.level;
        log.format = config.log.format;
        if (alone && config.workers > 1) log.warn("workers: more than 1 take a restart");
        for (const warning of read.warnings) log.warn(warning);
      } catch (error) {
        problems = [error instanceof Error ? error.message : String(error)];
      }
    }
    for (const problem of problems) log.error(problem);
    server.reloaded(problems.length === 0 ? "success" : "failure");
    const name = configName(file);
    if (problems.length === 0) log.info("configuration reloaded", { file: name });
    else log.error("configuration not reloaded, the old one stays in force", { file: name });
  }

  try {
    for (const warning of options.loaded.warnings) log.warn(warning);
    const { log: lines, access } = writers;
    server = config.workers === 1
      ? await Server.start(config, { log, access, version })
      : await Supervisor.start(config, { log, lines, access, version });
    log.info("ready", {
      version,
      listeners: config.listeners.length,
      routes: config.routes.length,
      ...(config.workers > 1 && { workers: config.workers }),
    });
    using _watch = options.watch ? watchConfig(file, onHup) : undefined;
    await stopped.promise;
    log.info("draining", { timeout_seconds: config.shutdownTimeout / 1000 });
    await reloading;
    await server.stop(config.shutdownTimeout);
    log.info("stopped");
  } finally {
    Deno.removeSignalListener("SIGTERM", onTerm);
    Deno.removeSignalListener("SIGINT", onInt);
    Deno.removeSignalListener("SIGHUP", onHup);
    globalThis.removeEventListener("unhandledrejection", onRejection);
    await flush(writers.log, writers.access);
  }
}

/** A reader that hangs must not keep the process. */
async function flush(...writers: LineWriter[]): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, FLUSH_MS);
  await Promise.race([Promise.all(writers.map((writer) => writer.flush())), late.promise]);
  clearTimeout(timer);
}
