import { assert, assertEquals } from "@std/assert";
import { fullBackend } from "./full_backend.ts";
import { Proxy, until } from "./harness.ts";
import {
  appConfig,
  connectTo,
  echo,
  exchange,
  hello,
  isRefused,
  lastWords,
  serve,
  tunnelTo,
} from "./peers.ts";
import { writeAll } from "../relay/sockets.ts";

const ping = new TextEncoder().encode("ping");

/** Whom a signal is sent to. */
const receivers: Record<string, (proxy: Proxy, signal: Deno.Signal) => Promise<void> | void> = {
  "the task": (proxy, signal) => proxy.signal(signal),
  "the serving process": async (proxy, signal) => Deno.kill(await proxy.pid(), signal),
};

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  for (const [receiver, send] of Object.entries(receivers)) {
    Deno.test(`${signal} to ${receiver} lets tunnels finish and exits 0`, async () => {
      await using backend = serve(echo);
      await using proxy = await Proxy.start({ config: appConfig(backend.port) });
      assertEquals((await proxy.ask("/ready")).status, 200);
      using client = await tunnelTo(proxy.ports.tls);

      await send(proxy, signal);
      await until("the drain to begin", () => proxy.logged("draining"));
      await until("new clients to be refused", () => isRefused(proxy.ports.http));
      await until("new clients to be refused", () => isRefused(proxy.ports.tls));
      assertEquals((await proxy.ask("/ready")).status, 503);
      assertEquals((await proxy.ask("/health")).status, 200);
      await exchange(client, ping);

      client.closeWrite();
      assertEquals(await lastWords(client), "");
      assertEquals((await proxy.exit()).code, 0);
      // Those who looked whether it was closed yet said nothing.
      const ends = proxy.access.map((line) => line.end).filter((end) => end !== "left");
      assertEquals(ends, ["done"]);
    });
  }
}

Deno.test("what is left after shutdown_timeout is closed, and logged as such", async () => {
  await using backend = serve(echo);
  const config = appConfig(backend.port, "shutdown_timeout: 200ms");
  await using proxy = await Proxy.start({ config });
  using tunnel = await tunnelTo(proxy.ports.tls);
  using undecided = await connectTo(proxy.ports.tls);
  await undecided.write(hello("app.test").subarray(0, 3));
  await until("both to be served", async () => {
    return await proxy.metric("sniproxy_connections_active") === 2;
  });

  proxy.signal("SIGTERM");
  assertEquals(await lastWords(tunnel), "");
  assertEquals((await proxy.exit()).code, 0);
  assertEquals(proxy.access.map((line) => line.end), ["shutdown", "shutdown"]);
});

Deno.test("a client that waited for a place does not outlive shutdown_timeout", async () => {
  await using backend = serve(echo);
  using busy = await fullBackend();
  const config = appConfig(backend.port, "shutdown_timeout: 200ms\nmax_connections: 2", [
    `{ hosts: ["busy.test"], backends: ["127.0.0.1:${busy.port}"] }`,
  ]);
  await using proxy = await Proxy.start({ config });
  using served = await tunnelTo(proxy.ports.tls);
  using connecting = await connectTo(proxy.ports.tls);
  await connecting.write(hello("busy.test"));
  await until("both places to be taken", async () => {
    return await proxy.metric("sniproxy_connections_active") === 2;
  });
  // This listener has been ready to accept since before the places were taken.
  using waiting = await connectTo(proxy.ports.http);
  await waiting.write(hello("app.test"));
  // Answers of the endpoint come after the turns of the event loop in which the client was accepted.
  for (let i = 0; i < 3; i++) await proxy.ask("/ready");
  assertEquals(backend.accepted, 1);

  proxy.signal("SIGTERM");
  assertEquals(await lastWords(served), "");
  assertEquals((await proxy.exit()).code, 0);
});

Deno.test("a second signal after half a second ends the process at once", async () => {
  await using backend = serve(echo);
  await using proxy = await Proxy.start({ config: appConfig(backend.port) });
  using client = await tunnelTo(proxy.ports.tls);
  const first = performance.now();
  proxy.signal("SIGTERM");
  await until("the drain to begin", () => proxy.logged("draining"));
  await until("half a second to pass", () => performance.now() - first > 700);
  await exchange(client, ping);
  proxy.signal("SIGTERM");
  const { success } = await proxy.exit();
  assert(!success, "the exit code says that it was not a clean end");
  assert(!proxy.logged(`stopped"`));
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`a ${signal} that arrives twice within half a second counts once`, async () => {
    await using backend = serve(echo);
    await using proxy = await Proxy.start({ config: appConfig(backend.port) });
    using client = await tunnelTo(proxy.ports.tls);
    const pid = await proxy.pid();
    // As a terminal does: to the task, which hands it on, and to its child.
    proxy.signal(signal);
    Deno.kill(pid, signal);
    await until("the drain to begin", () => proxy.logged("draining"));
    await exchange(client, ping);
    client.closeWrite();
    assertEquals(await lastWords(client), "");
    assertEquals((await proxy.exit()).code, 0);
  });
}

Deno.test("an idle proxy exits long before shutdown_timeout, whoever watches it", async () => {
  await using backend = serve(echo);
  const config = appConfig(backend.port, "shutdown_timeout: 1h");
  await using proxy = await Proxy.start({ config });
  // Prometheus keeps its connection between scrapes.
  using idle = await connectTo(proxy.ports.metrics);
  await writeAll(idle, new TextEncoder().encode("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  await idle.read(new Uint8Array(4096));
  using halting = await connectTo(proxy.ports.metrics);
  await writeAll(halting, new TextEncoder().encode("GET /health HTTP/1.1\r\n"));

  proxy.signal("SIGTERM");
  assertEquals((await proxy.exit()).code, 0);
});

Deno.test("the access log is complete when the process has ended", async () => {
  const count = 200;
  await using backend = serve(echo);
  const config = appConfig(backend.port, "shutdown_timeout: 0");
  await using proxy = await Proxy.start({ config });
  const clients = await Promise.all(
    Array.from({ length: count }, () => tunnelTo(proxy.ports.tls)),
  );
  try {
    proxy.signal("SIGTERM");
    assertEquals((await proxy.exit()).code, 0);
    assertEquals(proxy.access.length, count);
    assertEquals(new Set(proxy.access.map((line) => line.end)), new Set(["shutdown"]));
  } finally {
    for (const each of clients) each.close();
  }
});

for (const stdout of ["closed", "unread"] as const) {
  Deno.test(`an access log that is ${stdout} holds up no connection and no exit`, async () => {
    await using backend = serve(echo);
    // With a long name, a few hundred lines are more than the pipe and its reader's buffer hold.
    const name = `${`${"x".repeat(60)}.`.repeat(4)}test`;
    const config = appConfig(backend.port).replace("app.test", name);
    await using proxy = await Proxy.start({ config, stdout });
    for (let i = 0; i < 40; i++) {
      const clients = Array.from({ length: 20 }, () => tunnelTo(proxy.ports.tls, name));
      for (const each of await Promise.all(clients)) each.close();
    }
    if (stdout === "closed") {
      await until("lost lines to be counted", async () => {
        return await proxy.metric("sniproxy_log_lines_dropped_total") > 0;
      });
    }
    proxy.signal("SIGTERM");
    assertEquals((await proxy.exit()).code, 0);
  });
}
