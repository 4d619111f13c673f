import { assert, assertEquals, assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import { readAll, writeAll } from "../relay/sockets.ts";
import { freePorts, Proxy, until } from "./harness.ts";
import { type Backend, close, connectTo, hello, request, serve } from "./peers.ts";

const ANSWER = new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");

/** Answers every request on a connection; each comes in one piece here. */
async function web(conn: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(4096);
  while (await conn.read(buffer) !== null) await writeAll(conn, ANSWER);
}

/** Answers a hello with as many bytes as a small handshake has, and waits for the client to end. */
async function handshake(conn: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(4096);
  if (await conn.read(buffer) === null) return;
  await writeAll(conn, new Uint8Array(1500));
  while (await conn.read(buffer) !== null);
}

function config(port: number, more = "", route = ""): string {
  return `listen_addrs: ["127.0.0.1:$HTTP", "127.0.0.1:$TLS"]
metrics: { address: "127.0.0.1:$METRICS" }
timeouts: { connect: 2 }
${more}
routes:
  - { name: app, hosts: ["app.test"], backends: ["127.0.0.1:${port}"] ${route} }
`;
}

/** Does something many times, so many at a time. */
async function repeat(count: number, atOnce: number, act: () => Promise<void>): Promise<void> {
  let left = count;
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (left-- > 0) await act();
  }));
}

/** One request on a connection of its own. Returns what came, up to the answer's length. */
async function ask(port: number): Promise<string> {
  using client = await connectTo(port);
  await writeAll(client, request("app.test"));
  return await read(client, ANSWER.length);
}

/** One hello on a connection of its own. Returns whether it was answered in full. */
async function shake(port: number): Promise<boolean> {
  using client = await connectTo(port);
  await writeAll(client, hello("app.test"));
  return (await read(client, 1500)).length === 1500;
}

async function read(conn: Deno.TcpConn, length: number): Promise<string> {
  const buffer = new Uint8Array(length);
  let at = 0;
  while (at < length) {
    const count = await conn.read(buffer.subarray(at));
    if (count === null) break;
    at += count;
  }
  return new TextDecoder("latin1").decode(buffer.subarray(0, at));
}

/** The pool's numbers for the route. */
async function numbers(
  proxy: Proxy,
): Promise<Record<"hits" | "misses" | "size" | "active", number>> {
  const { body } = await proxy.ask("/metrics");
  const value = (name: string): number =>
    Number(
      body.match(new RegExp(`^sniproxy_pool_${name}\\{route="app"\\} (\\S+)$`, "m"))?.[1] ?? 0,
    );
  return {
    hits: value("hits_total"),
    misses: value("misses_total"),
    size: value("size"),
    active: value("active_connections"),
  };
}

async function hitRate(proxy: Proxy): Promise<number> {
  const { hits, misses } = await numbers(proxy);
  return hits / (hits + misses);
}

const answer = new TextDecoder().decode(ANSWER);

Deno.test("1,000 requests, each from a new client, share a dozen backend connections", async () => {
  await using backend = serve(web);
  await using proxy = await Proxy.start({ config: config(backend.port) });
  await repeat(1_000, 10, async () => assertEquals(await ask(proxy.ports.http), answer));
  assertLessOrEqual(backend.accepted, 12);
  const { hits, misses } = await numbers(proxy);
  assertEquals([hits + misses, misses], [1_000, backend.accepted]);
  assertGreaterOrEqual(await hitRate(proxy), 0.98);
});

Deno.test("without a pool not one socket is kept, and the bytes on the wire are the same", async () => {
  const heard: string[] = [];
  const listening = (conn: Deno.TcpConn): Promise<void> => {
    const buffer = new Uint8Array(4096);
    return (async (): Promise<void> => {
      for (let count; (count = await conn.read(buffer)) !== null;) {
        heard.push(new TextDecoder().decode(buffer.subarray(0, count)));
        await writeAll(conn, ANSWER);
      }
    })();
  };
  const all: string[][] = [];
  for (const enabled of [true, false]) {
    await using backend = serve(listening);
    const pool = `connection_pool: { enabled: ${enabled} }`;
    await using proxy = await Proxy.start({ config: config(backend.port, pool) });
    for (let i = 0; i < 20; i++) assertEquals(await ask(proxy.ports.http), answer);
    all.push(heard.splice(0));
    const { hits, misses, size } = await numbers(proxy);
    assertEquals(backend.accepted, enabled ? 1 : 20);
    if (!enabled) assertEquals([hits, misses, size], [0, 0, 0]);
  }
  assertEquals(all[0], all[1]);
});

Deno.test("2,000 handshakes find a warm socket, all but a few, and a quiet spell leaves none", async () => {
  await using backend = serve(handshake);
  const pool = "connection_pool: { cleanup_interval: 500ms }";
  await using proxy = await Proxy.start({ config: config(backend.port, pool) });
  await repeat(2_000, 10, async () => assert(await shake(proxy.ports.tls)));
  assertGreaterOrEqual(await hitRate(proxy), 0.95);
  await until("nothing to be held open", async () => {
    const { size, active } = await numbers(proxy);
    return size === 0 && active === 0;
  });
  assertEquals(
    (await proxy.metric('sniproxy_pool_connect_seconds_saved_total{route="app"}')) > 0,
    true,
  );
});

Deno.test("a backend that closes silent sockets after a second fails nobody", async () => {
  const impatient = async (conn: Deno.TcpConn): Promise<void> => {
    const silence = setTimeout(() => close(conn), 1_000);
    const buffer = new Uint8Array(4096);
    try {
      const count = await conn.read(buffer);
      clearTimeout(silence);
      if (count === null) return;
      await writeAll(conn, new Uint8Array(1500));
      while (await conn.read(buffer) !== null);
    } finally {
      clearTimeout(silence);
    }
  };
  await using backend = serve(impatient);
  await using proxy = await Proxy.start({ config: config(backend.port) });
  // Bursts, with pauses that end around the moment at which what is warm is closed.
  for (let burst = 0; burst < 6; burst++) {
    await repeat(100, 10, async () => assert(await shake(proxy.ports.tls)));
    const resume = performance.now() + 950 + 25 * burst;
    await until("the pause to end", () => performance.now() >= resume);
  }
  const refused = proxy.access.filter((line) => line.end !== "done");
  assertEquals(refused, []);
});

/** A backend that can be ended and begun again on the same port, with all that it has. */
class Restartable implements AsyncDisposable {
  readonly port: number;
  #process?: Deno.ChildProcess;

  constructor() {
    [this.port] = freePorts(1);
  }

  /** Begins, and waits until it accepts. */
  async start(): Promise<void> {
    const script = `
      const answer = new TextEncoder().encode(${JSON.stringify(answer)});
      for await (const conn of Deno.listen({ hostname: "127.0.0.1", port: ${this.port} })) {
        (async () => {
          const buffer = new Uint8Array(4096);
          for (let count; (count = await conn.read(buffer)) !== null;) {
            await conn.write(buffer[0] === 22 ? new Uint8Array(1500) : answer);
          }
        })().catch(() => {}).finally(() => { try { conn.close(); } catch { /* gone */ } });
      }`;
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["eval", script],
      stdout: "null",
      stderr: "null",
    }).spawn();
    await until("the backend to accept", async () => {
      try {
        (await connectTo(this.port)).close();
        return true;
      } catch {
        return false;
      }
    });
  }

  /** Ends at once, as when the machine does. */
  async kill(): Promise<void> {
    this.#process?.kill("SIGKILL");
    await this.#process?.status;
    this.#process = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

Deno.test("when the backend restarts only those who were with it fail", async () => {
  await using backend = new Restartable();
  await backend.start();
  await using proxy = await Proxy.start({ config: config(backend.port) });
  const half = async (): Promise<number> => {
    let failed = 0;
    await repeat(1_000, 10, async () => {
      if (!await shake(proxy.ports.tls)) failed++;
    });
    return failed;
  };
  assertEquals(await half(), 0);
  await backend.kill();
  await backend.start();
  // What was warm died with the old one: nobody notices.
  assertEquals(await half(), 0);
  assertGreaterOrEqual(await hitRate(proxy), 0.95);
});

Deno.test("after 10,000 connections and random deaths of the backend everything is as before", async () => {
  await using backend = new Restartable();
  await backend.start();
  const pool = "connection_pool: { cleanup_interval: 500ms, idle_timeout: 3 }";
  await using proxy = await Proxy.start({ config: config(backend.port, pool) });
  await repeat(200, 20, async () => {
    await shake(proxy.ports.tls);
    await ask(proxy.ports.http);
  });
  const quiet = async (): Promise<boolean> => {
    const { size, active } = await numbers(proxy);
    return size === 0 && active === 0 && await proxy.metric("sniproxy_connections_active") === 0;
  };
  await until("everything to be closed", quiet);
  const baseline = await proxy.descriptors();

  let answered = 0;
  const killing = (async (): Promise<void> => {
    for (let i = 0; i < 5; i++) {
      const next = (i + 1) * 900;
      await until("more to be answered", () => answered > next, 60_000);
      await backend.kill();
      await backend.start();
    }
  })();
  await repeat(5_000, 20, async () => {
    if (await ask(proxy.ports.http).catch(() => "") === answer) answered++;
    await shake(proxy.ports.tls).catch(() => false);
  });
  await killing;
  await until("everything to be closed", quiet);
  await until("the descriptors to be back", async () => await proxy.descriptors() <= baseline);
  assert(answered > 4_000, `${answered} of 5,000 requests were answered`);
});

Deno.test("a fixed number of warm sockets is there before the first client", async () => {
  await using backend = serve(handshake);
  const route = ", connection_pool: { preconnect: 3 }";
  await using proxy = await Proxy.start({ config: config(backend.port, "", route) });
  await until("three connections", () => backend.accepted === 3);
  assert(await shake(proxy.ports.tls));
  await until("a fourth one", () => backend.accepted === 4);
  assertEquals(await hitRate(proxy), 1);
});

/** Starts the proxy, sends a few hellos, and says how many connections the backend saw. */
async function connections(backend: Backend, text: string): Promise<number> {
  await using proxy = await Proxy.start({ config: text });
  for (let i = 0; i < 5; i++) assert(await shake(proxy.ports.tls));
  assertEquals(Object.values(await numbers(proxy)).slice(0, 3), [0, 0, 0]);
  return backend.accepted;
}

Deno.test("preconnect: off warms nothing, and neither do forwarded names", async () => {
  for (const forwarded of [false, true]) {
    await using backend = serve(handshake);
    const text = forwarded
      ? `listen_addrs: ["127.0.0.1:$HTTP", "127.0.0.1:$TLS"]
metrics: { address: "127.0.0.1:$METRICS" }
forward: { ports: { tls: ${backend.port} }, allow_networks: ["127.0.0.0/8"] }
dns: { hosts: { "app.test": ["127.0.0.1"] } }
`
      : config(backend.port, "connection_pool: { preconnect: off }");
    assertEquals(await connections(backend, text), 5);
  }
});

Deno.test("a route's own max_per_host holds", async () => {
  await using backend = serve(web);
  const route = ", connection_pool: { max_per_host: 2 }";
  await using proxy = await Proxy.start({ config: config(backend.port, "", route) });
  const clients = await Promise.all(Array.from({ length: 6 }, () => connectTo(proxy.ports.http)));
  await Promise.all(clients.map((client) => writeAll(client, request("app.test"))));
  for (const client of clients) assertEquals(await read(client, ANSWER.length), answer);
  await until("two to be kept", async () => (await numbers(proxy)).size === 2);
  for (const client of clients) close(client);
});

Deno.test("keep-alive clients are let go when the proxy drains", async () => {
  await using backend = serve(web);
  await using proxy = await Proxy.start({ config: config(backend.port) });
  using client = await connectTo(proxy.ports.http);
  await writeAll(client, request("app.test"));
  assertEquals(await read(client, ANSWER.length), answer);
  proxy.signal("SIGTERM");
  assertEquals((await readAll(client)).length, 0);
  assertEquals((await proxy.exit()).code, 0);
});
