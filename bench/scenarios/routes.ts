/**
 * What many rules cost.
 *
 * @module
 */
import type { Contest, Contestant, Figures } from "../contest.ts";
import { metered } from "../cpu.ts";
import { load, realHello, startBackend } from "../load.ts";
import { nginxStream } from "../peers/nginx.ts";
import { ours } from "../peers/ours.ts";
import { sniproxy } from "../peers/sniproxy.ts";
import type { Scenario } from "../scenario.ts";
import { hostPort, type Stage } from "../stage.ts";
import { PER_CORE, throughput, throughputMeasures } from "../throughput.ts";

const MANY = 10_000;
const SOME = 100;

/** Tunnels made with one rule, and with many. */
export const routes: Scenario = {
  name: "routes",
  about: `tunnels/s with ${MANY} and ${SOME} rules beside 1`,
  programs: ["nginx", "sniproxy", "curl", "gcc"],
  root: false,

  async contests(stage: Stage): Promise<Contest[]> {
    const { address: backend } = await startBackend(stage, "answer", 64);
    const hello = await realHello(stage);
    const rules: Record<string, (count: number) => Contestant> = {
      ours: (count) => {
        const line = (name: string): string =>
          `  - { hosts: ["${name}"], backends: ["${
            hostPort(backend)
          }"], connection_pool: { enabled: false } }\n`;
        return ours(stage, backend, { name: `ours, ${count}`, more: names(count, line) });
      },
      nginx: (count) =>
        nginxStream(stage, backend, {
          name: `nginx, ${count}`,
          names: names(count, (name) => `${name} bench; `),
        }),
      sniproxy: (count) =>
        sniproxy(stage, backend, {
          name: `sniproxy, ${count}`,
          entries: names(count, (name) =>
            `  ${name.replaceAll(".", "\\\\.")} ${hostPort(backend)}\n`),
        }),
    };
    return Object.entries(rules).map(([name, withRules]) => ({
      title: `${name}: tunnels made with so many rules`,
      contestants: [withRules(MANY), withRules(SOME), withRules(1)],
      measures: throughputMeasures("tunnel", "tunnels"),
      targets: name === "ours" ? [{ measure: PER_CORE, limit: 0.97, against: ["ours, 1"] }] : [],

      async turn({ address, process }): Promise<Figures> {
        const { result, ...took } = await metered(
          process,
          () =>
            load(stage, "connect", address, hello, {
              at_once: 32,
              seconds: stage.extent.seconds,
              bytes: 64,
            }),
        );
        const { done, seconds, failed } = result;
        return { ...throughput(took, done, seconds), failed };
      },
    }));
  },
};

/** Lines for all rules but the one that matters. */
function names(count: number, line: (name: string) => string): string {
  return Array.from({ length: count - 1 }, (_, i) => line(`n${i}.example.test`)).join("");
}
