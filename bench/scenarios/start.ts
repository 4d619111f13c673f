/**
 * From exec to the first client.
 *
 * @module
 */
import type { Contest, Contestant, Figures, Running } from "../contest.ts";
import { type Backend, startBackend } from "../load.ts";
import { haproxyTcp } from "../peers/haproxy.ts";
import { nginxStream } from "../peers/nginx.ts";
import { ours } from "../peers/ours.ts";
import type { Scenario } from "../scenario.ts";
import type { Stage } from "../stage.ts";

/** How long a proxy takes to accept. */
export const start: Scenario = {
  name: "start",
  about: "ms from exec until connections are accepted",
  programs: ["nginx", "haproxy", "gcc"],
  root: false,

  async contests(stage: Stage): Promise<Contest[]> {
    const { address: backend }: Backend = await startBackend(stage, "answer", 64);
    const proxies = [
      ours(stage, backend, { name: "deno task start", task: true }),
      ours(stage, backend, { name: "deno run" }),
      nginxStream(stage, backend),
      haproxyTcp(stage, backend),
    ];
    const byName = new Map(proxies.map((proxy) => [proxy.name, proxy]));
    return [{
      title: "From exec to accepting, looked at every 20 ms",
      // Starting them is what is measured, so that it is done in their turn.
      contestants: proxies.map(({ name }): Contestant => ({
        name,
        start: (): Promise<Running> => Promise.resolve({ address: backend }),
      })),
      measures: [{ key: "ms", title: "ms", digits: 0, better: "less" }],
      targets: [{ measure: "ms", limit: 300 }],

      async turn(_running, name): Promise<Figures> {
        const began = performance.now();
        const started = await byName.get(name)?.start();
        const ms = performance.now() - began;
        if (started?.process !== undefined) await stage.processes.stop(started.process);
        return { ms };
      },
    }];
  },
};
