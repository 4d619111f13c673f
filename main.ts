/**
 * The words, flags and exit codes.
 *
 * @module
 */
import { LEVELS, readCommand } from "./src/command_line.ts";
import { configured, readConfig, variableOf } from "./src/config/read.ts";
import { summarize } from "./src/config/summarize.ts";
import { overlapsOf } from "./src/route/overlaps.ts";
import { BindError } from "./src/bind.ts";
import { explain } from "./src/explain.ts";
import { explanationText } from "./src/explain_text.ts";
import { hostAdvice } from "./src/host_advice.ts";
import { permissionsOf } from "./src/permissions.ts";
import { runService } from "./src/service.ts";
import meta from "./deno.json" with { type: "json" };

/** The first version on which `close()` lets go of a write that is waiting. */
const OLDEST_DENO = [2, 9, 5];

const HELP = `sniproxy ${meta.version}
Routes TLS and HTTP by the name a client asks for, without terminating TLS.

  sniproxy [serve] [-c FILE]         run
  sniproxy check [-c FILE]           validate the configuration and print what it says
  sniproxy explain HOST [-c FILE]    say which rule takes HOST and why, and where it would connect
  sniproxy permissions [-c FILE]     print the narrowest permissions for the configuration

  -c, --config FILE                  the configuration (default: $SNIPROXY_CONFIG, which may also be
                                     a whole document, or config.yaml)
      --log-level LEVEL              serve: ${LEVELS.join(", ")}; overrides the configuration
      --watch                        serve: reload when the file changes, as SIGHUP does
  -h, --help                         print this
  -V, --version                      print the version

explain:  HOST may have a port; - is a client that names nobody
      --protocol tls|http            only this one (default: both)
      --alpn h2,http/1.1             what a TLS client offers
      --client IP                    who asks, for balance: source_ip
      --json                         as JSON

Signals: SIGHUP re-reads the configuration; SIGTERM and SIGINT drain and stop, a second one stops
at once. Exit codes: 0 clean; 1 cannot listen, or a permission is missing; 2 wrong words or
configuration.`;

/** @returns The exit code. */
async function main(args: string[]): Promise<number> {
  if (isOlder(Deno.version.deno, OLDEST_DENO)) {
    console.error(
      `sniproxy needs Deno ${OLDEST_DENO.join(".")} or newer, this is ${Deno.version.deno}`,
    );
    return 1;
  }
  const command = readCommand(args, configured());
  if (typeof command === "string") {
    console.error(`sniproxy: ${command}, see --help`);
    return 2;
  }
  if (!("file" in command)) {
    return print(command.word === "help" ? HELP : `sniproxy ${meta.version}`);
  }
  const { word, file } = command;
  const loaded = await readConfig(file);
  if (!loaded.ok) {
    for (const problem of loaded.problems) console.error(problem);
    return loaded.permission ? 1 : 2;
  }
  const { config, warnings } = loaded;
  switch (word) {
    case "check": {
      const overlaps = overlapsOf(config);
      const advice = await hostAdvice(config);
      for (const each of [...warnings, ...overlaps.warnings, ...advice.warnings]) {
        console.error(`warning: ${each}`);
      }
      for (const each of [...overlaps.notes, ...advice.notes]) console.error(`note: ${each}`);
      return print(summarize(config));
    }
    case "explain": {
      const explanation = await explain(config, command.question);
      const { json } = command;
      return print(json ? JSON.stringify(explanation, null, 2) : explanationText(explanation));
    }
    case "permissions": {
      const permissions = permissionsOf(config, file, variableOf(file));
      for (const { reasons } of permissions) for (const each of reasons) console.error(`# ${each}`);
      return print(permissions.map(({ flag }) => flag).join(" "));
    }
  }
  try {
    const { level, watch } = command;
    await runService({ file, loaded, level, watch, version: meta.version });
    return 0;
  } catch (error) {
    if (!(error instanceof BindError)) throw error;
    console.error(`sniproxy: ${error.message}`);
    return 1;
  }
}

/**
 * Prints an answer.
 *
 * @returns The exit code: nobody must take half an answer for a whole one.
 */
function print(text: string): number {
  try {
    console.log(text);
    return 0;
  } catch (error) {
    console.error(`sniproxy: cannot write: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}

function isOlder(version: string, than: readonly number[]): boolean {
  const parts = version.split(".").map((part) => parseInt(part, 10));
  const index = than.findIndex((part, i) => parts[i] !== part);
  return index !== -1 && parts[index] < than[index];
}

if (import.meta.main) Deno.exit(await main(Deno.args));
