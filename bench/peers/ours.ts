/**
 * The proxy of this project, started as `deno task start` does, with its access log and its metrics.
 *
 * @module
 */
import meta from "../../deno.json" with { type: "json" };
import type { Contestant, Running } from "../contest.ts";
import { freeAddress, hostPort, PROJECT, PROXY_CORE, type Stage } from "../stage.ts";

/** What differs between runs. */
export interface OursOptions {
  /** What it is called in tables; "ours" if absent. */
  readonly name?: string;
  /** More lines of configuration, behind the routes. */
  readonly more?: string;
  /** Its cores, if it has not the usual one. */
  readonly cores?: string;
  /** Whether it is started through `deno task`, as users do. */
  readonly task?: boolean;
}

/**
 * Ours.
 *
 * @param stage Where it runs.
 * @param backend Where `bench.test` leads.
 * @param options What differs.
 * @returns The contestant.
 */
export function ours(stage: Stage, backend: Deno.NetAddr, options: OursOptions = {}): Contestant {
  const { name = "ours", more = "" } = options;
  return {
    name,
    async start(): Promise<Running> {
      const address = freeAddress();
      const metrics = freeAddress();
      const file = await stage.file(
        `ours-${address.port}.yaml`,
        `listen_addrs: ["${hostPort(address)}"]
metrics: { enabled: true, address: "${hostPort(metrics)}" }
access_log: { enabled: true, format: json }
routes:
  - { name: bench, hosts: ["bench.test"], backends: ["${hostPort(backend)}"] }
${more}`,
      );
      const [, ...run] = meta.tasks.start.split(" ");
      const words = options.task ? ["task", "--quiet", "start"] : run;
      const process = await stage.processes.start(name, [Deno.execPath(), ...words, "-c", file], {
        core: options.cores ?? PROXY_CORE,
        accepts: [address, metrics],
        cwd: PROJECT,
      });
      return { address, process, metrics: `http://${hostPort(metrics)}/metrics` };
    },
  };
}
