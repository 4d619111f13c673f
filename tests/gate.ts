/**
 * The whole gate: format, lint, types (examples in comments included), docs lint, tests. Everything runs,
 * whatever fails before it; the last line counts the tests, and each other step that failed as one more.
 *
 * @module
 */

const sources: string[] = [];
for (const folder of ["src", "tests", "bench", "deploy", "docs", "links"]) {
  sources.push(...await typescript(folder));
}
const documented = ["main.ts", ...sources.filter((path) => path.startsWith("src/"))];

let passed = 0;
let failed = 0;
let skipped = 0;

for (
  const [name, ...args] of [
    ["format", "fmt", "--check"],
    ["lint", "lint"],
    ["types", "check", "--frozen", "--doc", "main.ts", ...sources],
    ["docs", "doc", "--lint", ...documented],
  ]
) {
  console.log(`\n== ${name}`);
  const { success } = await new Deno.Command(Deno.execPath(), { args }).spawn().status;
  if (!success) failed++;
}

// What counts sockets, descriptors or seconds has the machine to itself; everything else runs side by side.
const ALONE = ["pool", "descriptors", "failover"].map((name) => `tests/e2e/${name}_test.ts`);
const tests = sources.filter((path) => path.startsWith("tests/") && path.endsWith("_test.ts"));
const isAlone = (path: string): boolean => ALONE.includes(path) || path.startsWith("tests/faults/");
const together = tests.filter((path) => !isAlone(path));
// Types are checked already.
for (const args of [["--parallel", ...together], tests.filter(isAlone)]) {
  console.log("\n== tests");
  const output = await run(["test", "-A", "--frozen", "--no-check", ...args]);
  const counts = output.text.match(/(\d+) passed.*\| (\d+) failed(?:.*\| (\d+) ignored)?/);
  passed += Number(counts?.[1] ?? 0);
  skipped += Number(counts?.[3] ?? 0);
  failed += Number(counts?.[2] ?? 0);
  // A test file that does not even load is counted nowhere.
  if (!output.success && Number(counts?.[2] ?? 0) === 0) failed++;
}

console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
Deno.exit(failed === 0 && passed > 0 ? 0 : 1);

/** Runs deno, shows what it prints as it comes, and keeps it. */
async function run(args: string[]): Promise<{ success: boolean; text: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args,
    stdout: "piped",
    // Most of the time a test waits for somebody: two for each core keep it busy.
    env: { NO_COLOR: "1", DENO_JOBS: String(2 * navigator.hardwareConcurrency) },
  }).spawn();
  let text = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    await Deno.stdout.write(new TextEncoder().encode(chunk));
  }
  return { success: (await child.status).success, text };
}

async function typescript(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) found.push(...await typescript(path));
    else if (name.endsWith(".ts")) found.push(path);
  }
  return found.sort();
}
