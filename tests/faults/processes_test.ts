/**
 * Backends whose process is stopped, continued and killed.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { writeAll } from "../relay/sockets.ts";
import { type Proxy, soon, until } from "../e2e/harness.ts";
import { close, connectTo, exchange, hello, request, tunnelTo } from "../e2e/peers.ts";
import { Breakable } from "./breakable.ts";
import { faultTest } from "./fault.ts";
import { crowd, page, tunnel } from "./visitors.ts";

const CLIENTS = 20;
const PING = new TextEncoder().encode("ping");

function config(port: number, more = ""): string {
  return `listen_addrs: ["127.0.0.1:$HTTP", "127.0.0.1:$TLS"]
metrics: { address: "127.0.0.1:$METRICS" }
connection_pool: { preconnect: off, idle_timeout: 500ms, cleanup_interval: 200ms }
routes: [{ name: app, hosts: ["app.test", "flood.test"], backends: ["127.0.0.1:${port}"] }]
${more}
`;
}

/** Half of the clients with a tunnel, the others with a page. */
function visit({ ports }: Proxy): Promise<string[]> {
  return crowd(CLIENTS, (i) => i % 2 === 0 ? tunnel(ports.tls) : page(ports.http));
}

/** Downloads without end, half of it with HTTP, until the backend is killed. */
async function killedAtWork(proxy: Proxy, backend: Breakable): Promise<string[]> {
  const { http, tls } = proxy.ports;
  let underway = 0;
  const all = crowd(CLIENTS, async (i) => {
    using conn = await connectTo(i % 2 === 0 ? tls : http);
    const buffer = new Uint8Array(65536);
    let length = 0;
    try {
      await writeAll(conn, i % 2 === 0 ? hello("flood.test") : request("flood.test"));
      for (;;) {
        const count = await soon("bytes or an end", conn.read(buffer));
        if (count === null) return "end";
        if (length < 1e6 && length + count >= 1e6) underway++;
        length += count;
      }
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionReset) return "reset";
      throw error;
    }
  });
  await until("everybody to have a megabyte", () => underway === CLIENTS);
  backend.signal("SIGKILL");
  return await all;
}

faultTest({
  name: `${CLIENTS} downloads from a backend that is killed (kill -9)`,
  backend: () => Breakable.start(),
  proxy: ({ port }) => ({ config: config(port) }),
  warmUp: visit,
  act: killedAtWork,
  seen: ["end", "reset"],
  counted: { backend_reset: [0, CLIENTS], backend_closed: [0, CLIENTS / 2] },
});

/** A tunnel that answers only when the backend goes on, and a page that is waited for. */
async function stoppedForAWhile(proxy: Proxy, backend: Breakable): Promise<string[]> {
  const { http, tls } = proxy.ports;
  const tunnels = await Promise.all(Array.from({ length: CLIENTS }, () => tunnelTo(tls)));
  try {
    backend.signal("SIGSTOP");
    let answered = 0;
    const old = Promise.all(tunnels.map(async (each) => {
      await exchange(each, PING);
      answered++;
      return "served";
    }));
    // The kernel accepts for a process that is stopped, so these wait for it, too.
    const fresh = crowd(CLIENTS, async (i) => {
      const seen = i % 2 === 0 ? await tunnel(tls) : await page(http);
      answered++;
      return seen;
    });
    await until("everybody to be there", async () => {
      return await proxy.metric("sniproxy_connections_active") === 2 * CLIENTS;
    });
    assertEquals(answered, 0);
    backend.signal("SIGCONT");
    return [...await old, ...await fresh];
  } finally {
    for (const each of tunnels) close(each);
  }
}

faultTest({
  name: `${2 * CLIENTS} clients of a backend that is stopped (SIGSTOP) and continued`,
  backend: () => Breakable.start(),
  proxy: ({ port }) => ({ config: config(port) }),
  warmUp: visit,
  act: stoppedForAWhile,
  seen: ["served", "200"],
  counted: { client_reset: [0, CLIENTS] },
});

faultTest({
  name: `${CLIENTS} clients of a backend that is stopped (SIGSTOP) and stays so`,
  backend: () => Breakable.start(),
  proxy: ({ port }) => ({ config: config(port, "timeouts: { idle: 500ms }") }),
  warmUp: visit,
  act: (proxy, backend) => {
    backend.signal("SIGSTOP");
    return visit(proxy);
  },
  seen: ["empty", "504"],
  counted: { idle_timeout: CLIENTS / 2, backend_timeout: CLIENTS / 2 },
});

/** Two backends, the first of which can be killed. */
interface Two extends AsyncDisposable {
  /** Where the first one listens. */
  readonly port: number;
  /** The one that is killed. */
  readonly first: Breakable;
  /** The one that stays. */
  readonly second: Breakable;
}

async function startTwo(): Promise<Two> {
  await using owned = new AsyncDisposableStack();
  const first = owned.use(await Breakable.start());
  const second = owned.use(await Breakable.start());
  const all = owned.move();
  return { port: first.port, first, second, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** New connections a second, and for how many seconds they come after the kill. */
const RATE = 200;
const SECONDS = 4;

/** Connections at a steady rate; in the first second after the kill they may fail, later none may. */
async function killedUnderLoad(proxy: Proxy, { first }: Two): Promise<string[]> {
  const { http, tls } = proxy.ports;
  const visits: Promise<string>[] = [];
  const started = performance.now();
  let killedAt = Infinity;
  while (visits.length < RATE * (1 + SECONDS)) {
    const due = Math.floor((performance.now() - started) / 1000 * RATE);
    for (; visits.length < due;) {
      const late = performance.now() - killedAt > 1000;
      const visit = visits.length % 2 === 0 ? tunnel(tls) : page(http);
      visits.push(visit.then((seen) => {
        const served = seen === "served" || seen === "200";
        return served ? seen : `${seen} ${late ? "late" : "in the first second"}`;
      }));
    }
    if (killedAt === Infinity && due >= RATE) {
      first.signal("SIGKILL");
      killedAt = performance.now();
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return await Promise.all(visits);
}

faultTest({
  name: `${RATE} connections/s while one of two backends is killed (kill -9)`,
  slow: true,
  backend: startTwo,
  proxy: ({ port, second }) => ({
    config: config(port).replace("backends: [", `backends: ["127.0.0.1:${second.port}", `),
  }),
  warmUp: visit,
  act: killedUnderLoad,
  seen: [
    "served",
    "200",
    ...["reset", "empty", "502"].map((each) => `${each} in the first second`),
  ],
  counted: { client_reset: [0, 1000], backend_closed: [0, 20], backend_reset: [0, 20] },
});
