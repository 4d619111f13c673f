/**
 * An HAProxy for traffic to come from.
 *
 * @module
 */
import { type Daemon, startDaemon } from "./daemon.ts";

/**
 * Starts an HAProxy that hands on what comes with a header of version 2 before it, and asks every now and then
 * whether anybody is there, which it does with a header, too. Needs `haproxy`.
 *
 * @param port The port of 127.0.0.1 that it listens on.
 * @param to The port of 127.0.0.1 that it connects to.
 * @returns The server, accepting.
 */
export function startHaproxy(port: number, to: number): Promise<Daemon> {
  return startDaemon({
    tool: "haproxy",
    args: (home) => ["-db", "-f", `${home}/haproxy.cfg`],
    files: () => ({
      "haproxy.cfg": `
defaults
  mode tcp
  timeout connect 10s
  timeout client 10s
  timeout server 10s
listen all
  bind 127.0.0.1:${port}
  server sniproxy 127.0.0.1:${to} send-proxy-v2 check inter 200ms check-send-proxy
`,
    }),
    ports: [port],
  });
}
