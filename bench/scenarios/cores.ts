/**
 * One worker and two.
 *
 * @module
 */
import type { Contest, Contestant, Figures } from "../contest.ts";
import { metered } from "../cpu.ts";
import { load, realHello, startBackend } from "../load.ts";
import { ours } from "../peers/ours.ts";
import type { Scenario } from "../scenario.ts";
import type { Stage } from "../stage.ts";
import { throughput, throughputMeasures } from "../throughput.ts";

const BOTH = "0,1";

/** What a second worker adds. */
export const cores: Scenario = {
  name: "cores",
  about: "tunnels/s with 1 and with 2 workers",
  programs: ["curl", "gcc"],
  root: false,

  async contests(stage: Stage): Promise<Contest[]> {
    const { address: backend } = await startBackend(stage, "answer", 64);
    const hello = await realHello(stage);
    const workers = (count: number): Contestant =>
      ours(stage, backend, {
        name: `${count} worker${count === 1 ? "" : "s"}`,
        more: `workers: ${count}\n`,
        cores: BOTH,
      });
    return [{
      title: "Tunnels made by a proxy that may use both cores, on which the load runs, too",
      contestants: [workers(2), workers(1)],
      measures: throughputMeasures("tunnel", "tunnels"),
      targets: [],

      async turn({ address, process }): Promise<Figures> {
        const { result, ...took } = await metered(
          process,
          () =>
            load(stage, "connect", address, hello, {
              at_once: 64,
              seconds: stage.extent.seconds,
              bytes: 64,
            }),
        );
        return { ...throughput(took, result.done, result.seconds), failed: result.failed };
      },
    }];
  },
};
