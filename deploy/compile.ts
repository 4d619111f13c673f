/**
 * Builds the standalone executable, and says what to do where that can't be done. `deno task compile`.
 *
 * The runtime that goes into it, `denort`, is downloaded once for each version of Deno. Where that host is out of
 * reach, `DENORT_BIN` names one that was downloaded elsewhere.
 *
 * @module
 */
import meta from "../deno.json" with { type: "json" };

const OUTPUT = "dist/sniproxy";

/** What to do, when `denort` is missing. */
const ADVICE = `sniproxy: can't download denort, the runtime that goes into the executable.
On a machine that can, fetch denort-${Deno.build.target}.zip of Deno v${Deno.version.deno} from https://github.com/denoland/deno/releases,
unpack it, bring it here, and run: DENORT_BIN=/path/to/denort deno task compile`;

const denort = Deno.env.get("DENORT_BIN");
if (denort !== undefined && await isDeno(denort)) {
  // The build would succeed, and the executable open a console with every permission.
  console.error(
    `sniproxy: DENORT_BIN=${denort} is deno itself; it has to be denort, of the same version`,
  );
  Deno.exit(1);
}

const [, ...flags] = meta.tasks.start.split(" ").slice(1, -1);
const args = [
  "compile",
  ...flags,
  "--include",
  "src/workers/worker.ts",
  "--output",
  OUTPUT,
  "main.ts",
];
const { success, stderr } = await new Deno.Command(Deno.execPath(), {
  args,
  stdout: "inherit",
  stderr: "piped",
}).output();
const said = new TextDecoder().decode(stderr);
if (success) {
  console.log(`built ${OUTPUT}`);
} else if (/denort|dl\.deno\.land|download/i.test(said)) {
  console.error(ADVICE);
} else {
  console.error(said.trimEnd());
}
Deno.exit(success ? 0 : 1);

/** Whether a program is the whole of Deno: only that one knows its own version. */
async function isDeno(path: string): Promise<boolean> {
  try {
    const child = new Deno.Command(path, { args: ["--version"], stdin: "null", stderr: "null" });
    const { stdout } = await child.output();
    return /^deno \d/.test(new TextDecoder().decode(stdout));
  } catch (error) {
    console.error(
      `sniproxy: DENORT_BIN=${path}: ${error instanceof Error ? error.message : error}`,
    );
    Deno.exit(1);
  }
}
