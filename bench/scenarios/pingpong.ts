/**
 * Small messages to and fro.
 *
 * @module
 */
import type { Contest, Figures } from "../contest.ts";
import { metered } from "../cpu.ts";
import { load, realHello, startBackend } from "../load.ts";
import { bare } from "../peers/bare.ts";
import { direct, tunnelProxies } from "../peers/tunnels.ts";
import type { Scenario } from "../scenario.ts";
import type { Stage } from "../stage.ts";
import { PER_CORE, throughput, throughputMeasures } from "../throughput.ts";

/** Round trips of 256 bytes in 32 tunnels. */
export const pingpong: Scenario = {
  name: "pingpong",
  about: "round trips/s of 256 bytes in 32 tunnels",
  programs: ["nginx", "haproxy", "sniproxy", "curl", "gcc"],
  root: false,

  async contests(stage: Stage): Promise<Contest[]> {
    const { address: backend } = await startBackend(stage, "echo", 0);
    const hello = await realHello(stage);
    return [{
      title: "Round trips of 256 bytes in 32 tunnels",
      contestants: [
        ...tunnelProxies(stage, backend),
        bare(stage, backend, "tunnel"),
        direct(backend),
      ],
      measures: throughputMeasures("round trip", "round trips"),
      targets: [{ measure: PER_CORE, limit: 0.9, against: ["haproxy"] }],

      async turn({ address, process }): Promise<Figures> {
        const { result, ...took } = await metered(
          process,
          () =>
            load(stage, "echo", address, hello, {
              at_once: 32,
              seconds: stage.extent.seconds,
              bytes: 256,
            }),
        );
        return {
          ...throughput(took, result.done, result.seconds),
          failed: result.failed,
        };
      },
    }];
  },
};
