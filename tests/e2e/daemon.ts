/**
 * Servers in the foreground that tests start, each in a folder of its own.
 *
 * @module
 */
import { fail } from "@std/assert";
import { soon, until } from "./harness.ts";
import { isRefused } from "./peers.ts";
import { findTool } from "./tools.ts";

/** A running server. Disposing it kills it and removes its files. */
export interface Daemon extends AsyncDisposable {
  /** Its folder. */
  readonly home: string;
}

/** How to start a server. */
export interface DaemonOptions {
  /** Its program. */
  readonly tool: string;
  /** Its arguments, by its folder. */
  args(home: string): readonly string[];
  /** Its files by name, by its folder. */
  files(home: string): Readonly<Record<string, string>>;
  /** Ports of 127.0.0.1 that it is going to listen on. */
  readonly ports: readonly number[];
}

/**
 * Starts a server.
 *
 * @param options How.
 * @returns The server, accepting on all its ports.
 */
export async function startDaemon({ tool, args, files, ports }: DaemonOptions): Promise<Daemon> {
  const home = await Deno.makeTempDir({ prefix: `sniproxy-${tool}-` });
  for (const [name, text] of Object.entries(files(home))) {
    await Deno.writeTextFile(`${home}/${name}`, text);
  }
  const child = new Deno.Command(findTool(tool) ?? fail(`${tool} is not installed`), {
    args: [...args(home)],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let running = true;
  const ended = Promise.all([
    new Response(child.stderr).text(),
    child.status.finally(() => running = false),
  ]);
  const stop = async (): Promise<void> => {
    try {
      if (running) child.kill("SIGKILL");
    } catch {
      // It has ended a moment ago.
    }
    await soon(`the end of ${tool}`, ended);
    await Deno.remove(home, { recursive: true });
  };
  try {
    for (const port of ports) {
      await until(`${tool} to accept on ${port}`, async () => {
        if (!running) fail(`${tool} has ended: ${(await ended)[0]}`);
        return !await isRefused(port);
      });
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { home, [Symbol.asyncDispose]: stop };
}
