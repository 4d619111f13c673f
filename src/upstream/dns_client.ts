/**
 * Asks DNS servers for the addresses of names.
 *
 * @module
 */
import type { Address } from "../config/config.ts";
import type { Lookup } from "./dns_cache.ts";
import { createQuestion, type Question } from "./dns_message.ts";
import { askOverTcp } from "./dns_tcp.ts";
import { DnsSocket } from "./dns_udp.ts";

/** How long a client waits. All optional, in milliseconds. */
export interface DnsClientOptions {
  /** For one server; 2 seconds. */
  readonly timeout?: number;
  /** For addresses of one family once those of the other are there: RFC 8305, 3; half a second, so that a
   * question that got lost can be repeated. */
  readonly grace?: number;
  /** For how long a server that was silent is asked last; 30 seconds. */
  readonly shun?: number;
}

/** Who is asked, and whether it is any use. */
interface Server {
  readonly address: Address;
  shunnedUntil: number;
}

/** RFC 6761, 6.3: never asked for. */
const LOCALHOST = /(?:^|\.)localhost$/;
const LOOPBACK: readonly string[] = ["::1", "127.0.0.1"];

/**
 * Makes a client. It asks for IPv4 and IPv6 addresses at a time; one server after the other, each when the one
 * before has failed or was silent for `timeout`. Names are absolute: there are no search domains. Answers that
 * don't fit into a datagram are fetched over TCP, and so are all where the process may not bind a UDP socket.
 *
 * @param servers Whom to ask, at least one; hosts are IP literals in canonical spelling.
 * @param options How long it waits.
 * @returns Looks names up. Addresses of both families alternate, IPv6 first (RFC 8305, 4), each in the server's
 *   order. Empty if a server says that there are none of either family; rejects if none can say that.
 *
 * @example
 * ```ts ignore
 * const lookup = createDnsClient([{ host: "192.0.2.53", port: 53 }]);
 * await lookup("www.example", AbortSignal.timeout(10_000));
 * ```
 */
export function createDnsClient(
  servers: readonly Address[],
  options: DnsClientOptions = {},
): Lookup {
  const { timeout = 2_000, grace = 500, shun = 30_000 } = options;
  const all = servers.map((address): Server => ({ address, shunnedUntil: -Infinity }));
  return async (name, signal) => {
    if (LOCALHOST.test(name)) return LOOPBACK;
    const [id4, id6] = crypto.getRandomValues(new Uint16Array(2));
    const v6 = createQuestion(name, "AAAA", id6);
    const v4 = createQuestion(name, "A", id4);
    if (v6 === undefined || v4 === undefined) return [];
    const now = performance.now();
    const { shunned = [], trusted = [] } = Object.groupBy(
      all,
      (each) => now < each.shunnedUntil ? "shunned" : "trusted",
    );
    for (const server of [...trusted, ...shunned]) {
      const found = await askServer(server.address, [v6, v4], signal, timeout, grace);
      if (found !== "silent") server.shunnedUntil = -Infinity;
      if (typeof found !== "string") return found;
      signal.throwIfAborted();
      if (found === "silent") server.shunnedUntil = performance.now() + shun;
    }
    throw new Error(`no DNS server can tell the addresses of ${name}`);
  };
}

/** @returns The addresses; or that they can't be told, and whether anything was said at all. */
async function askServer(
  server: Address,
  questions: readonly Question[],
  signal: AbortSignal,
  timeout: number,
  grace: number,
): Promise<readonly string[] | "failed" | "silent"> {
  const stop = new AbortController();
  const end = (): void => stop.abort();
  using socket = mayBind(server) ? new DnsSocket(server, stop.signal) : undefined;
  let timer = setTimeout(end, timeout);
  let heard = false;
  const ask = async (question: Question): Promise<readonly string[] | undefined> => {
    let answer = await socket?.ask(question);
    if (socket === undefined || answer?.kind === "truncated") {
      answer = await askOverTcp(server, question, stop.signal);
    }
    heard ||= answer !== undefined;
    if (answer?.kind !== "addresses") return undefined;
    if (answer.addresses.length > 0) {
      clearTimeout(timer);
      timer = setTimeout(end, grace);
    }
    return answer.addresses;
  };
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  const families = await Promise.all(questions.map(ask));
  signal.removeEventListener("abort", end);
  clearTimeout(timer);
  const found = alternate(families.map((each) => each ?? []));
  if (found.length > 0 || !families.includes(undefined)) return found;
  return heard ? "failed" : "silent";
}

/** Without the permission, `node:dgram` would end the process. */
function mayBind({ host }: Address): boolean {
  const any = host.includes(":") ? "[::]:0" : "0.0.0.0:0";
  return Deno.permissions.querySync({ name: "net", host: any }).state === "granted";
}

/** The first of each list, then the second of each, and so on. */
function alternate(lists: readonly (readonly string[])[]): string[] {
  const most = Math.max(...lists.map((each) => each.length));
  return Array.from({ length: most }, (_, i) => lists.flatMap((each) => each.slice(i, i + 1)))
    .flat();
}
