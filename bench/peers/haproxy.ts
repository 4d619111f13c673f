/**
 * HAProxy, for tunnels and for HTTP.
 *
 * @module
 */
import type { Contestant, Running } from "../contest.ts";
import { freeAddress, hostPort, PROXY_CORE, type Stage } from "../stage.ts";

/** What differs between runs. */
export interface HaproxyOptions {
  /** What it is called in tables; "haproxy" if absent. */
  readonly name?: string;
  /** More lines for `global`. */
  readonly global?: string;
  /** More lines for `defaults`. */
  readonly defaults?: string;
}

/**
 * HAProxy in TCP mode, by SNI.
 *
 * @param stage Where it runs.
 * @param backend Where `bench.test` leads.
 * @param options What differs.
 * @returns The contestant.
 */
export function haproxyTcp(
  stage: Stage,
  backend: Deno.NetAddr,
  options: HaproxyOptions = {},
): Contestant {
  return contestant(stage, options, (address) =>
    `  mode tcp
frontend clients
  bind ${hostPort(address)}
  tcp-request inspect-delay 10s
  tcp-request content accept if { req.ssl_hello_type 1 }
  use_backend bench if { req.ssl_sni -i bench.test }
backend bench
  server one ${hostPort(backend)}
`);
}

/**
 * HAProxy in HTTP mode, with every backend connection open to every client.
 *
 * @param stage Where it runs.
 * @param backend Where `bench.test` leads.
 * @param options What differs.
 * @returns The contestant.
 */
export function haproxyHttp(
  stage: Stage,
  backend: Deno.NetAddr,
  options: HaproxyOptions = {},
): Contestant {
  return contestant(stage, options, (address) =>
    `  mode http
frontend clients
  bind ${hostPort(address)}
  use_backend bench if { hdr(host) -i bench.test }
backend bench
  http-reuse always
  server one ${hostPort(backend)}
`);
}

function contestant(
  stage: Stage,
  options: HaproxyOptions,
  sections: (address: Deno.NetAddr) => string,
): Contestant {
  const { name = "haproxy", global = "", defaults = "" } = options;
  return {
    name,
    async start(): Promise<Running> {
      const address = freeAddress();
      const file = await stage.file(
        `haproxy-${address.port}.cfg`,
        `global
  nbthread 1
  maxconn 6000
  ${global}
defaults
  timeout connect 10s
  timeout client 300s
  timeout server 300s
  ${defaults}
${sections(address)}`,
      );
      const process = await stage.processes.start(name, ["haproxy", "-db", "-f", file], {
        core: PROXY_CORE,
        accepts: [address],
      });
      return { address, process };
    },
  };
}
