/**
 * Many clients: idle ones, slow ones, and those that are there while the configuration is read again and again.
 * What happens when descriptors run out is in `tests/e2e/descriptors_test.ts`.
 *
 * @module
 */
import { assertLessOrEqual } from "@std/assert";
import { readAll, writeAll } from "../relay/sockets.ts";
import { type Proxy, soon, until } from "../e2e/harness.ts";
import {
  appConfig,
  close,
  connectTo,
  echo,
  exchange,
  hello,
  request,
  serve,
  tunnelTo,
} from "../e2e/peers.ts";
import { Breakable } from "./breakable.ts";
import { faultTest, held } from "./fault.ts";
import { crowd, page, tunnel } from "./visitors.ts";

const MIB = 1024 * 1024;
const PING = new TextEncoder().encode("ping");

const IDLE = 5_000;
/** What an idle tunnel may cost the proxy, in bytes. */
const IDLE_BYTES = 64 * 1024;
/** Each tunnel is two sockets here and two at the proxy. */
const DESCRIPTORS = 2 * IDLE + 500;

/** What a heap that has been made large keeps for the next crowd, in bytes. */
const KEPT_BYTES = 192 * MIB;

/** Connects so many tunnels, some at a time, has them do something, and closes them all. */
async function withTunnels(
  port: number,
  count: number,
  use: (tunnels: readonly Deno.TcpConn[]) => Promise<void>,
): Promise<void> {
  const tunnels: Deno.TcpConn[] = [];
  let left = count;
  try {
    await Promise.all(Array.from({ length: 50 }, async () => {
      while (left-- > 0) tunnels.push(await tunnelTo(port));
    }));
    await use(tunnels);
  } finally {
    for (const each of tunnels) close(each);
  }
}

faultTest({
  name: `${IDLE} idle tunnels`,
  slow: true,
  tools: ["prlimit"],
  backend: () => serve(echo),
  proxy: ({ port }) => ({
    config: appConfig(port, "max_connections: 6000"),
    through: ["prlimit", `--nofile=${DESCRIPTORS}:${DESCRIPTORS}`],
  }),
  warmUp: ({ ports }) => withTunnels(ports.tls, 50, async () => {}),
  async act(proxy: Proxy, _backend, note): Promise<string[]> {
    const before = await held(proxy);
    const seen: string[] = [];
    await withTunnels(proxy.ports.tls, IDLE, async (tunnels) => {
      const { memory } = await held(proxy);
      const bytes = Math.round((memory - before.memory) / IDLE);
      note(`${bytes} bytes a tunnel`);
      assertLessOrEqual(bytes, IDLE_BYTES, "bytes a tunnel");
      for (const each of tunnels) {
        await exchange(each, PING);
        seen.push("served");
      }
    });
    return seen;
  },
  seen: ["served"],
  counted: {},
  growth: KEPT_BYTES,
});

const SLOW = 300;
/** What clients that do not read may cost the proxy, in bytes: most of it is the 64 MB of large buffers. */
const SLOW_BYTES = 250 * MIB;

/** Waits until a proxy moves no more bytes. */
async function untilStill(proxy: Proxy): Promise<void> {
  let last = -1;
  let same = 0;
  await until("nothing to move", async () => {
    const { body } = await proxy.ask("/metrics");
    const moved = body.matchAll(/^sniproxy_bytes_transferred_total\{.*\} (\d+)$/gm)
      .reduce((sum, [, value]) => sum + Number(value), 0);
    same = moved === last ? same + 1 : 0;
    last = moved;
    return moved > 0 && same >= 50;
  }, 60_000);
}

for (const protocol of ["tls", "http"] as const) {
  faultTest({
    name: `${SLOW} clients of ${protocol} that ask for 10 GB and read nothing`,
    slow: true,
    backend: () => Breakable.start(),
    proxy: ({ port }) => ({
      config: appConfig(port).replaceAll(`["app.test"]`, `["app.test", "flood.test"]`),
    }),
    warmUp: ({ ports }) => crowd(50, () => tunnel(ports.tls)),
    async act(proxy: Proxy, _backend, note): Promise<string[]> {
      const before = await held(proxy);
      const clients: Deno.TcpConn[] = [];
      try {
        for (let i = 0; i < SLOW; i++) {
          const conn = await connectTo(proxy.ports[protocol]);
          clients.push(conn);
          await writeAll(conn, protocol === "tls" ? hello("flood.test") : request("flood.test"));
        }
        await untilStill(proxy);
        const { memory } = await held(proxy);
        note(`${Math.round((memory - before.memory) / MIB)} MiB while it lasted`);
        assertLessOrEqual(memory - before.memory, SLOW_BYTES, "memory under the attack");
        // And others are served all the same.
        return await crowd(50, () => tunnel(proxy.ports.tls));
      } finally {
        for (const each of clients) close(each);
      }
    },
    seen: ["served"],
    counted: { client_reset: SLOW },
    growth: KEPT_BYTES,
  });
}

faultTest({
  name: `${SLOW} clients that write to a backend that reads nothing`,
  slow: true,
  backend: () => {
    const over = Promise.withResolvers<void>();
    const server = serve(async (conn) => {
      const first = new Uint8Array(4096);
      const count = await conn.read(first);
      if (!new TextDecoder("latin1").decode(first).includes("sink.test")) {
        await writeAll(conn, first.subarray(0, count ?? 0));
        return await echo(conn);
      }
      await over.promise;
    });
    return {
      port: server.port,
      async [Symbol.asyncDispose](): Promise<void> {
        over.resolve();
        await server[Symbol.asyncDispose]();
      },
      release: () => over.resolve(),
    };
  },
  proxy: ({ port }) => ({
    config: appConfig(port).replaceAll(`["app.test"]`, `["app.test", "sink.test"]`),
  }),
  warmUp: ({ ports }) => crowd(50, () => tunnel(ports.tls)),
  async act(proxy: Proxy, backend, note): Promise<string[]> {
    const before = await held(proxy);
    const clients: Deno.TcpConn[] = [];
    const writing: Promise<void>[] = [];
    const chunk = new Uint8Array(65536);
    try {
      for (let i = 0; i < SLOW; i++) {
        const conn = await connectTo(proxy.ports.tls);
        clients.push(conn);
        await writeAll(conn, hello("sink.test"));
        writing.push((async () => {
          try {
            for (;;) await writeAll(conn, chunk);
          } catch {
            // The end of the test, or the backend's.
          }
        })());
      }
      await untilStill(proxy);
      const { memory } = await held(proxy);
      note(`${Math.round((memory - before.memory) / MIB)} MiB while it lasted`);
      assertLessOrEqual(memory - before.memory, SLOW_BYTES, "memory under the attack");
      return await crowd(50, () => tunnel(proxy.ports.tls));
    } finally {
      backend.release();
      await Promise.all(writing);
      for (const each of clients) close(each);
    }
  },
  seen: ["served"],
  counted: { backend_reset: [0, SLOW], client_reset: [0, SLOW] },
  growth: KEPT_BYTES,
});

faultTest({
  name: "200 clients whose hellos and heads come a byte at a time, and others at the same time",
  backend: () => serve(echo),
  proxy: ({ port }) => ({ config: appConfig(port, "timeouts: { client_hello: 1s }") }),
  warmUp: ({ ports }) => crowd(50, () => tunnel(ports.tls)),
  async act({ ports }: Proxy): Promise<string[]> {
    const slow = crowd(200, async (i) => {
      using conn = await connectTo(i % 2 === 0 ? ports.tls : ports.http);
      const opening = i % 2 === 0 ? hello("app.test") : request("app.test");
      const end = soon("the end of a slow client", readAll(conn).catch(() => undefined));
      for (const byte of opening.subarray(0, 20)) {
        await conn.write(Uint8Array.of(byte)).catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const said = new TextDecoder().decode(await end);
      return said === "" ? "cut" : said.startsWith("HTTP/1.1 408 ") ? "408" : "something else";
    });
    return [...await crowd(50, () => tunnel(ports.tls)), ...await slow];
  },
  seen: ["served", "cut", "408"],
  counted: { too_slow: 200 },
});

const RELOADS = 100;

faultTest({
  name: `${RELOADS} reloads under load`,
  slow: true,
  backend: () => Breakable.start(),
  proxy: ({ port }) => ({ config: appConfig(port).replace("off", "off, idle_timeout: 1s") }),
  warmUp: ({ ports }) => crowd(50, (i) => i % 2 === 0 ? tunnel(ports.tls) : page(ports.http)),
  async act(proxy: Proxy): Promise<string[]> {
    const { http, tls } = proxy.ports;
    const done = (): Promise<number> =>
      proxy.metric(`sniproxy_config_reloads_total{result="success"}`);
    let reloading = true;
    const load = Promise.all(Array.from({ length: 20 }, async (_, i) => {
      const seen: string[] = [];
      while (reloading) seen.push(i % 2 === 0 ? await tunnel(tls) : await page(http));
      return seen;
    }));
    using old = await tunnelTo(tls);
    try {
      const text = await Deno.readTextFile(proxy.file);
      for (let i = 0; i < RELOADS; i++) {
        // A different file each time, so that nothing can be skipped because it is the same.
        await Deno.writeTextFile(proxy.file, `${text}\nmax_connections: ${5000 + i}\n`);
        proxy.signal("SIGHUP");
        await until("a reload", async () => await done() === i + 1);
      }
      await exchange(old, PING);
    } finally {
      reloading = false;
      await load;
    }
    return (await load).flat();
  },
  seen: ["served", "200"],
  counted: {},
});
