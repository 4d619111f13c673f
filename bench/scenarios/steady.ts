/**
 * A minute of the same.
 *
 * @module
 */
import type { Contest, Figures } from "../contest.ts";
import { load, realHello, startBackend } from "../load.ts";
import { haproxyTcp } from "../peers/haproxy.ts";
import { nginxStream } from "../peers/nginx.ts";
import { ours } from "../peers/ours.ts";
import type { Scenario } from "../scenario.ts";
import type { Stage } from "../stage.ts";

const SECONDS = 60;

const MIB = 1024 * 1024;

/** Whether memory grows while nothing else changes. */
export const steady: Scenario = {
  name: "steady",
  about: `tunnels for ${SECONDS} s: how memory grows`,
  programs: ["nginx", "haproxy", "curl", "gcc"],
  root: false,

  async contests(stage: Stage): Promise<Contest[]> {
    const { address: backend } = await startBackend(stage, "answer", 64);
    const hello = await realHello(stage);
    return [{
      title: `Tunnels made for ${SECONDS} s, 32 at once, by a proxy just started`,
      contestants: [ours(stage, backend), nginxStream(stage, backend), haproxyTcp(stage, backend)],
      measures: [
        { key: "start", title: "MiB at the start", digits: 1 },
        { key: "half", title: "after half", digits: 1 },
        { key: "end", title: "at the end", digits: 1 },
        { key: "growth", title: "KiB/s in the second half", digits: 1 },
        { key: "tunnels", title: "tunnels", digits: 0 },
      ],
      targets: [],
      fresh: true,

      async turn({ address, process }): Promise<Figures> {
        const memory = (): number => process?.memory ?? NaN;
        const tunnels = async (): Promise<number> => {
          const keys = { at_once: 32, seconds: SECONDS / 2, bytes: 64 };
          return (await load(stage, "connect", address, hello, keys)).done;
        };
        const start = memory() / MIB;
        const first = await tunnels();
        const half = memory() / MIB;
        const second = await tunnels();
        const end = memory() / MIB;
        const growth = (end - half) * 1024 / (SECONDS / 2);
        return { start, half, end, growth, tunnels: first + second };
      },
    }];
  },
};
