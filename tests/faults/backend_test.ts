/**
 * Backends that refuse, keep silent, break off, dawdle and talk nonsense.
 *
 * @module
 */
import type { Proxy } from "../e2e/harness.ts";
import { fullBackend } from "../e2e/full_backend.ts";
import { appConfig } from "../e2e/peers.ts";
import { Breakable } from "./breakable.ts";
import { babbling, dripping, mute, refusing, resetting } from "./broken.ts";
import { type Broken, faultTest } from "./fault.ts";
import { crowd, page, tunnel } from "./visitors.ts";

/** Clients of each fault, half of them with HTTP. */
const CLIENTS = 40;
const HALF = CLIENTS / 2;

const TIMEOUTS = "timeouts: { connect: 300ms, client_hello: 1s, idle: 500ms, half_closed: 300ms }";

/** Leads to these backends, whose turns come one after the other. */
function config(...ports: number[]): string {
  const [first, ...others] = ports;
  const more = others.map((port) => `, "127.0.0.1:${port}"`).join("");
  return appConfig(first, TIMEOUTS)
    .replace(`:${first}"`, `:${first}"${more}`)
    .replace("preconnect: off", "preconnect: off, idle_timeout: 200ms, cleanup_interval: 100ms");
}

/** What breaks, and what comes of it. */
interface Case {
  /** Starts the backend. */
  readonly backend: () => Broken | Promise<Broken>;
  /** What clients may see. */
  readonly seen: readonly string[];
  /** What must be counted. */
  readonly counted: Readonly<Record<string, number | readonly [number, number]>>;
  /** How many bytes satisfy a client of a tunnel. */
  readonly wanted?: number;
}

const cases: Record<string, Case> = {
  "a backend that refuses": {
    backend: refusing,
    seen: ["alert 80", "502"],
    counted: { backend_refused: CLIENTS },
  },
  "a backend whose backlog is full": {
    backend: fullBackend,
    seen: ["alert 80", "504"],
    counted: { backend_timeout: CLIENTS },
  },
  "a backend that accepts and says nothing": {
    backend: mute,
    seen: ["empty", "504"],
    counted: { idle_timeout: HALF, backend_timeout: HALF },
  },
  "a backend that resets at the first byte": {
    backend: () => resetting(0),
    seen: ["502", "empty", "reset"],
    counted: { backend_reset: [0, CLIENTS], backend_closed: [0, CLIENTS] },
  },
  "a backend that resets after 1,000 bytes": {
    backend: () => resetting(1000),
    seen: ["200 cut", "closed", "reset"],
    counted: { backend_reset: [HALF, CLIENTS], backend_closed: [0, HALF] },
    wanted: 10_000,
  },
  "a backend that resets after 500,000 bytes": {
    backend: () => resetting(500_000),
    seen: ["200 cut", "closed", "reset"],
    counted: { backend_reset: [HALF, CLIENTS], backend_closed: [0, HALF] },
    wanted: 1_000_000,
  },
  "a backend that drips": {
    backend: dripping,
    seen: ["served", "200"],
    counted: {},
    wanted: 43,
  },
  "a backend that babbles": {
    backend: babbling,
    seen: ["served", "502"],
    counted: { backend_malformed: HALF },
    wanted: 2000,
  },
};

/** What all clients see, half of them with HTTP. */
function visit({ ports }: Proxy, wanted?: number): Promise<string[]> {
  return crowd(CLIENTS, (i) => {
    return i % 2 === 0 ? tunnel(ports.tls, "app.test", wanted) : page(ports.http);
  });
}

for (const [name, { backend, seen, counted, wanted }] of Object.entries(cases)) {
  faultTest({
    name: `${CLIENTS} clients of ${name}`,
    backend,
    proxy: ({ port }) => ({ config: config(port) }),
    warmUp: (proxy) => visit(proxy, wanted),
    act: (proxy) => visit(proxy, wanted),
    seen,
    counted,
  });
}

/** A broken backend, and one that works. */
interface Two extends AsyncDisposable {
  /** Where the broken one listens. */
  readonly port: number;
  /** The one that works. */
  readonly other: Breakable;
}

async function besides(start: Case["backend"]): Promise<Two> {
  await using owned = new AsyncDisposableStack();
  const { port } = owned.use(await start());
  const other = owned.use(await Breakable.start());
  const all = owned.move();
  return { port, other, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

const passedOver = [
  "a backend that refuses",
  "a backend whose backlog is full",
  "a backend that resets at the first byte",
];
for (const name of passedOver) {
  faultTest({
    name: `${CLIENTS} clients of ${name} and of one that works`,
    backend: () => besides(cases[name].backend),
    proxy: ({ port, other }) => ({ config: config(port, other.port) }),
    warmUp: (proxy) => visit(proxy),
    act: (proxy) => visit(proxy),
    seen: ["served", "200"],
    counted: {},
  });
}
