/**
 * sniproxy, the one in C that is in Debian.
 *
 * @module
 */
import type { Contestant, Running } from "../contest.ts";
import { freeAddress, hostPort, PROXY_CORE, type Stage } from "../stage.ts";

/**
 * sniproxy, for TLS.
 *
 * @param stage Where it runs.
 * @param backend Where `bench.test` leads.
 * @returns The contestant.
 */
export function sniproxy(stage: Stage, backend: Deno.NetAddr): Contestant {
  return {
    name: "sniproxy",
    async start(): Promise<Running> {
      const address = freeAddress();
      const file = await stage.file(
        `sniproxy-${address.port}.conf`,
        // A statement ends with its line, the last one of a block as well.
        `user root
error_log {
  filename /dev/stderr
}
listener ${hostPort(address)} {
  proto tls
  table bench
}
table bench {
  bench\\.test ${hostPort(backend)}
}
`,
      );
      const process = await stage.processes.start("sniproxy", ["sniproxy", "-f", "-c", file], {
        core: PROXY_CORE,
        accepts: [address],
      });
      return { address, process };
    },
  };
}
