/**
 * How many tunnels a second.
 *
 * @module
 */
import type { Contest, Figures } from "../contest.ts";
import { metered } from "../cpu.ts";
import { load, realHello, startBackend } from "../load.ts";
import { hitPercent, poolCounts } from "../metrics.ts";
import { bare } from "../peers/bare.ts";
import { direct, tunnelProxies } from "../peers/tunnels.ts";
import type { Scenario } from "../scenario.ts";
import type { Stage } from "../stage.ts";
import { PER_CORE, throughput, throughputMeasures } from "../throughput.ts";

/** Tunnels that carry a hello and 64 bytes, and are closed. */
export const connect: Scenario = {
  name: "connect",
  about: "tunnels/s: a hello, 64 bytes back, close",
  programs: ["nginx", "haproxy", "sniproxy", "curl", "gcc"],
  root: false,

  async contests(stage: Stage): Promise<Contest[]> {
    const { address: backend } = await startBackend(stage, "answer", 64);
    const hello = await realHello(stage);
    return [{
      title: "Tunnels made: a ClientHello, 64 bytes back, close; 32 at once",
      contestants: [
        ...tunnelProxies(stage, backend),
        bare(stage, backend, "tunnel"),
        direct(backend),
      ],
      measures: [
        ...throughputMeasures("tunnel", "tunnels"),
        { key: "hits", title: "hit rate, %", digits: 1 },
      ],
      targets: [{ measure: PER_CORE, limit: 0.8, against: ["nginx"] }],

      async turn({ address, process, metrics }): Promise<Figures> {
        const before = await poolCounts(metrics);
        const { result, ...took } = await metered(
          process,
          () =>
            load(stage, "connect", address, hello, {
              at_once: 32,
              seconds: stage.extent.seconds,
              bytes: 64,
            }),
        );
        return {
          ...throughput(took, result.done, result.seconds),
          hits: hitPercent(before, await poolCounts(metrics)),
          failed: result.failed,
        };
      },
    }];
  },
};
