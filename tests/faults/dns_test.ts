/**
 * A resolver that goes away, and one that hangs.
 *
 * @module
 */
import { echo, serve } from "../e2e/peers.ts";
import type { Proxy } from "../e2e/harness.ts";
import { type DnsServer, type Reply, startDnsServer } from "../upstream/dns_server.ts";
import { faultTest } from "./fault.ts";
import { crowd, tunnel } from "./visitors.ts";

const CLIENTS = 20;

/** A backend that echoes, and the resolver that knows it. */
interface Named extends AsyncDisposable {
  /** Where the backend listens. */
  readonly port: number;
  /** Where the resolver listens. */
  readonly dns: number;
  /** Takes the resolver away, or has it keep silent. */
  breakDown(): Promise<void>;
}

async function named(how: "gone" | "silent"): Promise<Named> {
  let silent = false;
  const answer = (): Reply | undefined => silent ? undefined : { addresses: ["127.0.0.1"] };
  const backend = serve(echo);
  const dns: DnsServer = await startDnsServer(answer);
  let open = true;
  const close = async (): Promise<void> => {
    if (open) await dns[Symbol.asyncDispose]();
    open = false;
  };
  return {
    port: backend.port,
    dns: dns.port,
    async breakDown(): Promise<void> {
      silent = true;
      if (how === "gone") await close();
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await close();
      await backend[Symbol.asyncDispose]();
    },
  };
}

/** Forwards each name to itself; one second is how long an answer is fresh. */
function config({ port, dns }: Named): string {
  return `listen_addrs: ["127.0.0.1:$HTTP", "127.0.0.1:$TLS"]
metrics: { address: "127.0.0.1:$METRICS" }
timeouts: { connect: 1s }
forward: { ports: { tls: ${port} }, allow_networks: ["127.0.0.0/8"] }
dns: { servers: ["127.0.0.1:${dns}"], cache: { ttl: 1s, stale: 1h, negative_ttl: 1s } }
`;
}

/** Names that are in the cache and have gone stale, and names that nobody has asked for yet. */
async function visit({ ports }: Proxy, backend: Named): Promise<string[]> {
  await backend.breakDown();
  await new Promise((resolve) => setTimeout(resolve, 1100));
  return await crowd(2 * CLIENTS, async (i) => {
    const known = i < CLIENTS;
    const started = performance.now();
    const seen = await tunnel(ports.tls, known ? "known.test" : `name-${i}.test`);
    const ms = performance.now() - started;
    const late = ms > (known ? 500 : 5000);
    return `${seen} for a ${known ? "known" : "new"} name${late ? ", late" : ""}`;
  });
}

for (const how of ["gone", "silent"] as const) {
  faultTest({
    name: `${2 * CLIENTS} clients, half of them of a known name, when the DNS server is ${how}`,
    backend: () => named(how),
    proxy: (backend) => ({ config: config(backend) }),
    warmUp: ({ ports }) => crowd(CLIENTS, () => tunnel(ports.tls, "known.test")),
    act: visit,
    seen: ["served for a known name", "alert 80 for a new name"],
    counted: { backend_unresolved: [0, CLIENTS], backend_timeout: [0, CLIENTS] },
  });
}
