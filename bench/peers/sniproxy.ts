/**
 * sniproxy, the one in C that is in Debian.
 *
 * @module
 */
import type { Contestant, Running } from "../contest.ts";
import { freeAddress, hostPort, PROXY_CORE, type Stage } from "../stage.ts";

/** What differs between runs. */
export interface SniproxyOptions {
  /** What it is called in tables; "sniproxy" if absent. */
  readonly name?: string;
  /** Lines of the table before the one that matters. */
  readonly entries?: string;
}

/**
 * sniproxy, for TLS.
 *
 * @param stage Where it runs.
 * @param backend Where `bench.test` leads.
 * @returns The contestant.
 */
export function sniproxy(
  stage: Stage,
  backend: Deno.NetAddr,
  { name = "sniproxy", entries = "" }: SniproxyOptions = {},
): Contestant {
  return {
    name,
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
${entries}  bench\\.test ${hostPort(backend)}
}
`,
      );
      const process = await stage.processes.start(name, ["sniproxy", "-f", "-c", file], {
        core: PROXY_CORE,
        accepts: [address],
      });
      return { address, process };
    },
  };
}
