/**
 * What this runtime costs by itself.
 *
 * @module
 */
import type { Contestant, Running } from "../contest.ts";
import { freeAddress, PROJECT, PROXY_CORE, type Stage } from "../stage.ts";

/** What it is called in tables. */
export const BARE = "bare loop";

/**
 * A program of some lines that accepts, connects, reads and writes, and does nothing else: whatever ours takes more than
 * that is ours, and whatever that takes more than the others is the runtime's.
 *
 * @param stage Where it runs.
 * @param backend Where it leads.
 * @param program Which one, of those in `bare/`.
 * @returns The contestant.
 */
export function bare(
  stage: Stage,
  backend: Deno.NetAddr,
  program: "tunnel" | "requests",
): Contestant {
  return {
    name: BARE,
    async start(): Promise<Running> {
      const address = freeAddress();
      const process = await stage.processes.start(BARE, [
        Deno.execPath(),
        "run",
        "--no-prompt",
        "--allow-net",
        `bench/bare/${program}.ts`,
        String(address.port),
        String(backend.port),
      ], { core: PROXY_CORE, accepts: [address], cwd: PROJECT });
      return { address, process };
    },
  };
}
