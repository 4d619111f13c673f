/**
 * Where a run takes place, and with which programs.
 *
 * @module
 */
import meta from "../deno.json" with { type: "json" };
import { run } from "./processes.ts";

/** What a figure depends on and a reader can't see. */
export interface Machine {
  /** Name and release. */
  readonly kernel: string;
  /** The processor's model. */
  readonly processor: string;
  /** How many cores there are. */
  readonly cores: number;
  /** Load average over the minute before the run. */
  readonly loadBefore: number;
  /** Each program with its version, by its name. */
  readonly versions: Readonly<Record<string, string>>;
}

/** How each program tells its version; the first number with a point in it counts. */
const ASK: Readonly<Record<string, readonly string[]>> = {
  nginx: ["nginx", "-v"],
  haproxy: ["haproxy", "-v"],
  sniproxy: ["sniproxy", "-V"],
  wrk: ["wrk", "-v"],
  curl: ["curl", "-V"],
  openssl: ["openssl", "version"],
  gcc: ["gcc", "-dumpfullversion"],
};

/**
 * Looks around.
 *
 * @param programs Names of the programs that are used.
 * @returns What there is.
 */
export async function lookAround(programs: readonly string[]): Promise<Machine> {
  const versions: Record<string, string> = {
    ours: `SNIProxy ${meta.version}`,
    deno: `deno ${Deno.version.deno}`,
  };
  for (const program of programs) {
    if (program in ASK) versions[program] = `${program} ${version(await run(ASK[program], false))}`;
  }
  const processor = (await Deno.readTextFile("/proc/cpuinfo")).match(/^model name\s*: (.*)$/m)?.[1];
  return {
    kernel: `Linux ${Deno.osRelease()}`,
    processor: processor ?? Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    loadBefore: Deno.loadavg()[0],
    versions,
  };
}

function version(text: string): string {
  return text.match(/\d+(\.\d+)+[-+.\w]*/)?.[0] ?? "of unknown version";
}
