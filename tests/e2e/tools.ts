/**
 * Programs that tests drive and that a machine may lack.
 *
 * @module
 */
import { fail } from "@std/assert";
import { soon } from "./harness.ts";

/** Where servers are installed, which is not on every user's path. */
const SERVER_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/**
 * Finds a program.
 *
 * @param name Its name.
 * @returns Its path; `undefined` if it is not installed.
 */
export function findTool(name: string): string | undefined {
  const folders = [...(Deno.env.get("PATH") ?? "").split(":"), ...SERVER_FOLDERS];
  return folders.map((folder) => `${folder}/${name}`).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    const { isFile, mode } = Deno.statSync(path);
    return isFile && ((mode ?? 0) & 0o111) !== 0;
  } catch {
    return false;
  }
}

/**
 * Registers a test that needs programs. Where one is missing the test is ignored, with the reason in its name;
 * with `CI=true` in the environment it fails instead.
 *
 * @param name The test's name.
 * @param tools Names of the programs.
 * @param fn The test.
 *
 * @example
 * ```ts
 * import { e2eTest, run } from "./tools.ts";
 *
 * e2eTest("curl says its version", ["curl"], async () => {
 *   await run("curl", ["--version"]);
 * });
 * ```
 */
export function e2eTest(
  name: string,
  tools: readonly string[],
  fn: (t: Deno.TestContext) => void | Promise<void>,
): void {
  const missing = tools.filter((tool) => findTool(tool) === undefined);
  if (missing.length === 0) return Deno.test(name, fn);
  const reason = `${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} not installed`;
  if (Deno.env.get("CI") === "true") Deno.test(name, () => fail(reason));
  else Deno.test.ignore(`${name} (ignored: ${reason})`, fn);
}

/** How a program ended, and what it wrote. */
export interface Output {
  /** Its exit code. */
  readonly code: number;
  /** What it wrote to stdout. */
  readonly stdout: string;
  /** What it wrote to stderr. */
  readonly stderr: string;
}

/**
 * Runs a program to its end, with nothing to read on stdin. It is killed if it takes too long.
 *
 * @param tool Its name.
 * @param args Its arguments.
 * @returns How it ended.
 */
export async function run(tool: string, args: readonly string[]): Promise<Output> {
  const child = new Deno.Command(findTool(tool) ?? fail(`${tool} is not installed`), {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { LC_ALL: "C" },
  }).spawn();
  const output = child.output();
  try {
    const { code, stdout, stderr } = await soon(`the end of ${tool} ${args.join(" ")}`, output);
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  } catch (error) {
    child.kill("SIGKILL");
    await output;
    throw error;
  }
}
