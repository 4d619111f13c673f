/**
 * What a scenario needs and a machine may lack.
 *
 * @module
 */
import type { Scenario } from "./scenario.ts";

/** The Debian package of each program whose package has another name. */
const PACKAGES: Readonly<Record<string, string>> = {
  nginx: "nginx-light libnginx-mod-stream",
  setpriv: "util-linux",
  taskset: "util-linux",
};

/** What every scenario needs. */
const ALWAYS = ["setpriv", "taskset"];

/** Where servers are installed, which is not on every user's path. */
const SERVER_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** Puts the folders of servers on the path of this process and of those it starts. */
export function findServers(): void {
  Deno.env.set("PATH", [Deno.env.get("PATH") ?? "", ...SERVER_FOLDERS].join(":"));
}

/**
 * Looks for what is missing.
 *
 * @param scenarios What is to be run.
 * @returns A line that names it; `undefined` if nothing is.
 */
export function missing(scenarios: readonly Scenario[]): string | undefined {
  if (Deno.build.os !== "linux") return "this needs Linux";
  if (navigator.hardwareConcurrency < 2) return "this needs two cores";
  const programs = new Set([...ALWAYS, ...scenarios.flatMap(({ programs }) => programs)]);
  const lacking = [...programs].filter((program) => !isInstalled(program));
  if (lacking.length > 0) {
    const packages = new Set(lacking.map((program) => PACKAGES[program] ?? program));
    return `not installed: ${lacking.join(", ")} (apt-get install ${[...packages].join(" ")})`;
  }
  const privileged = scenarios.filter(({ root }) => root).map(({ name }) => name);
  if (privileged.length > 0 && Deno.uid() !== 0) return `${privileged.join(", ")}: needs root`;
  return undefined;
}

function isInstalled(program: string): boolean {
  return (Deno.env.get("PATH") ?? "").split(":").some((folder) => {
    try {
      const { isFile, mode } = Deno.statSync(`${folder}/${program}`);
      return isFile && ((mode ?? 0) & 0o111) !== 0;
    } catch {
      return false;
    }
  });
}
