/**
 * All that carry tunnels, each as it comes.
 *
 * @module
 */
import type { Contestant, Running } from "../contest.ts";
import type { Stage } from "../stage.ts";
import { haproxyTcp } from "./haproxy.ts";
import { nginxStream } from "./nginx.ts";
import { ours } from "./ours.ts";
import { sniproxy } from "./sniproxy.ts";

/** Names of the others among {@linkcode tunnelProxies}. */
export const TUNNEL_PEERS: readonly string[] = ["nginx", "haproxy", "sniproxy"];

/**
 * Ours and the others.
 *
 * @param stage Where they run.
 * @param backend Where `bench.test` leads.
 * @returns The contestants, ours first.
 */
export function tunnelProxies(stage: Stage, backend: Deno.NetAddr): Contestant[] {
  return [
    ours(stage, backend),
    nginxStream(stage, backend),
    haproxyTcp(stage, backend),
    sniproxy(stage, backend),
  ];
}

/**
 * The limit: no proxy at all.
 *
 * @param backend The backend.
 * @returns A contestant without a process.
 */
export function direct(backend: Deno.NetAddr): Contestant {
  return { name: "direct", start: (): Promise<Running> => Promise.resolve({ address: backend }) };
}
