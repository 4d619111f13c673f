/**
 * Large transfers, both ways.
 *
 * @module
 */
import type { Contest, Figures } from "../contest.ts";
import { metered } from "../cpu.ts";
import { load, realHello, startBackend } from "../load.ts";
import { haproxyTcp } from "../peers/haproxy.ts";
import { nginxStream } from "../peers/nginx.ts";
import { ours } from "../peers/ours.ts";
import { sniproxy } from "../peers/sniproxy.ts";
import { direct } from "../peers/tunnels.ts";
import type { Scenario } from "../scenario.ts";
import type { Stage } from "../stage.ts";
import { PER_CORE, throughput, throughputMeasures } from "../throughput.ts";

const STREAMS = 4;
const BYTES = 200_000_000;

/** Four streams of 200 MB, down and up, beside peers as they come and peers that are tuned for it. */
export const bulk: Scenario = {
  name: "bulk",
  about: "MB/s of 4 streams of 200 MB, down and up",
  programs: ["nginx", "haproxy", "sniproxy", "curl", "gcc"],
  root: false,

  async contests(stage: Stage): Promise<Contest[]> {
    const hello = await realHello(stage);
    const { size } = await Deno.stat(hello);
    const down = await startBackend(stage, "down", BYTES);
    const up = await startBackend(stage, "up", BYTES + size);
    return [
      contest(stage, "down", down.address, hello),
      contest(stage, "up", up.address, hello),
    ];
  },
};

function contest(
  stage: Stage,
  direction: "down" | "up",
  backend: Deno.NetAddr,
  hello: string,
): Contest {
  return {
    title: `${STREAMS} streams of ${BYTES / 1e6} MB ${direction}`,
    contestants: [
      ours(stage, backend),
      nginxStream(stage, backend),
      nginxStream(stage, backend, { name: "nginx 256k", more: "proxy_buffer_size 256k;" }),
      haproxyTcp(stage, backend),
      haproxyTcp(stage, backend, {
        name: "haproxy 256k splice",
        global: "tune.bufsize 262144",
        defaults: "option splice-auto",
      }),
      sniproxy(stage, backend),
      direct(backend),
    ],
    measures: throughputMeasures("MB", "MB"),
    targets: [
      { measure: PER_CORE, limit: 2, against: ["nginx"] },
      { measure: PER_CORE, limit: 1, against: ["nginx 256k", "haproxy 256k splice"] },
    ],

    async turn({ address, process }): Promise<Figures> {
      const { result, ...took } = await metered(
        process,
        () => load(stage, direction, address, hello, { at_once: STREAMS, bytes: BYTES }),
      );
      return {
        ...throughput(took, result.bytes / 1e6, result.seconds),
        failed: result.failed,
      };
    },
  };
}
