import { assertEquals, assertLessOrEqual, assertMatch } from "@std/assert";
import { freePorts, Proxy, soon, until } from "./harness.ts";
import {
  appConfig,
  close,
  connectTo,
  echo,
  exchange,
  hello,
  lastWords,
  later,
  request,
  serve,
  tunnelTo,
} from "./peers.ts";
import { writeAll } from "../relay/sockets.ts";

const ping = new TextEncoder().encode("ping");

function active(proxy: Proxy): Promise<number> {
  return proxy.metric("sniproxy_connections_active");
}

Deno.test("a client over max_connections waits, and is served when another one leaves", async () => {
  await using backend = serve(echo);
  await using proxy = await Proxy.start({ config: appConfig(backend.port, "max_connections: 2") });
  using first = await tunnelTo(proxy.ports.tls);
  using second = await tunnelTo(proxy.ports.http);
  const waiting = [proxy.ports.tls, proxy.ports.http].map((port) => later(tunnelTo(port)));
  // Each answer of the endpoint takes the proxy through its event loop: there is time to serve them wrongly.
  for (let i = 0; i < 10; i++) assertEquals(await active(proxy), 2);
  assertEquals(backend.accepted, 2);
  for (const each of [first, second]) await exchange(each, ping);

  first.close();
  using third = await soon("a place", Promise.race(waiting));
  await until("the place to be taken", async () => await active(proxy) === 2);
  assertEquals(backend.accepted, 3);
  await exchange(third, ping);
  await exchange(second, ping);

  second.close();
  for (const each of await Promise.all(waiting)) {
    if (each !== third) each.close();
    else await exchange(each, ping);
  }
  assertEquals(backend.accepted, 4);
});

Deno.test("fifty clients at once are all served, five at a time", async () => {
  await using backend = serve(echo);
  await using proxy = await Proxy.start({ config: appConfig(backend.port, "max_connections: 5") });
  let served = 0;
  const clients = later(Promise.all(Array.from({ length: 50 }, async (_, i) => {
    using client = await tunnelTo(i % 2 === 0 ? proxy.ports.tls : proxy.ports.http);
    await exchange(client, ping);
    served++;
  })));
  let most = 0;
  await until("all of them to be served", async () => {
    most = Math.max(most, await active(proxy));
    return served === 50;
  });
  await clients;
  assertLessOrEqual(most, 5);
  await until("the access log", () => proxy.access.length === 50);
  assertEquals(new Set(proxy.access.map((line) => line.end)), new Set(["done"]));
});

Deno.test("one free place goes to one client, though several listeners have one waiting", async () => {
  await using backend = serve(echo);
  const [third] = freePorts(1);
  const config = appConfig(backend.port, "max_connections: 1")
    .replace("[", `["127.0.0.1:${third}", `);
  await using proxy = await Proxy.start({ config });
  const first = await tunnelTo(proxy.ports.tls);
  const waiting = [proxy.ports.http, third].map((port) => later(tunnelTo(port)));
  for (let i = 0; i < 10; i++) assertEquals(await active(proxy), 1);

  first.close();
  using second = await Promise.race(waiting);
  for (let i = 0; i < 10; i++) assertEquals(await active(proxy), 1);
  assertEquals(backend.accepted, 2);
  second.close();
  for (const each of await Promise.all(waiting)) close(each);
  assertEquals(backend.accepted, 3);
});

Deno.test("a client that left while it waited for a place takes none", async () => {
  await using backend = serve(echo);
  await using proxy = await Proxy.start({ config: appConfig(backend.port, "max_connections: 1") });
  const first = await tunnelTo(proxy.ports.tls);
  for (let i = 0; i < 10; i++) (await connectTo(proxy.ports.tls)).close();
  first.close();
  using client = await tunnelTo(proxy.ports.tls);
  await exchange(client, ping);
  await until("the others to be gone", async () => await active(proxy) === 1);
});

const unfinished: Record<string, readonly [sent: Uint8Array, answer: RegExp]> = {
  "nothing at all": [new Uint8Array(), /^$/],
  "three bytes of a hello": [hello("app.test").subarray(0, 3), /^$/],
  "all of a hello but its last byte": [hello("app.test").subarray(0, -1), /^$/],
  "half a request": [request("app.test").subarray(0, 20), /^HTTP\/1\.1 408 /],
  "the beginning of an HTTP/2 preface": [new TextEncoder().encode("PRI * HTTP/2.0\r\n"), /^/],
};
for (const [what, [sent, answer]] of Object.entries(unfinished)) {
  Deno.test(`a client that sends ${what} is cut at client_hello`, async () => {
    await using backend = serve(echo);
    const config = appConfig(backend.port, "timeouts: { client_hello: 200ms }");
    await using proxy = await Proxy.start({ config });
    using client = await connectTo(proxy.ports.tls);
    await writeAll(client, sent);
    assertMatch(await lastWords(client), answer);
    client.close();
    await until("the access log", () => proxy.access.length === 1);
    assertEquals(proxy.access[0].end, "too_slow");
    assertEquals(backend.accepted, 0);
  });
}

Deno.test("one deadline holds for the whole hello, however steadily it trickles in", async () => {
  await using backend = serve(echo);
  const config = appConfig(backend.port, "timeouts: { client_hello: 200ms }");
  await using proxy = await Proxy.start({ config });
  using client = await connectTo(proxy.ports.tls);
  const end = lastWords(client);
  // The beginning of a hello of 65,280 bytes, which takes minutes with ten milliseconds between two bytes.
  const endless = new Uint8Array(60_000);
  endless.set([22, 3, 1, 0x3f, 0xff, 1, 0, 0xff, 0, 3, 3]);
  let sent = 0;
  await until("the client to be cut", async () => {
    if (proxy.access.length === 0) {
      try {
        await client.write(endless.subarray(sent, ++sent));
      } catch {
        // Cut: the log will say so.
      }
    }
    return proxy.access.length === 1;
  });
  await end;
  assertEquals(proxy.access[0].end, "too_slow");
});

Deno.test("clients that hold still disturb nobody", async () => {
  await using backend = serve(echo);
  const config = appConfig(backend.port, "timeouts: { client_hello: 1h }");
  await using proxy = await Proxy.start({ config });
  const part = hello("app.test").subarray(0, 3);
  const slow = await Promise.all(Array.from({ length: 100 }, async () => {
    const client = await connectTo(proxy.ports.tls);
    await client.write(part);
    return client;
  }));
  try {
    await until("all of them to be there", async () => await active(proxy) === 100);
    for (let i = 0; i < 20; i++) {
      using client = await tunnelTo(proxy.ports.tls);
      await exchange(client, ping);
    }
    assertEquals(backend.accepted, 20);
  } finally {
    for (const each of slow) each.close();
  }
  await until("everybody to be gone", async () => await active(proxy) === 0);
});

Deno.test("a tunnel whose client does not read disturbs no other tunnel", async () => {
  const chunk = new Uint8Array(65536);
  await using flood = serve(async (conn) => {
    for (;;) await writeAll(conn, chunk);
  });
  await using backend = serve(echo);
  const config = appConfig(backend.port, "", [
    `{ hosts: ["flood.test"], backends: ["127.0.0.1:${flood.port}"] }`,
  ]);
  await using proxy = await Proxy.start({ config });
  using full = await connectTo(proxy.ports.tls);
  await full.write(hello("flood.test"));
  await until("the flood to begin", () => flood.accepted === 1);
  for (let i = 0; i < 20; i++) {
    using client = await tunnelTo(proxy.ports.tls);
    await exchange(client, new Uint8Array(50_000));
  }
  const { body } = await proxy.ask("/metrics");
  const rss = Number(/^process_resident_memory_bytes (\d+)/m.exec(body)?.[1]);
  assertLessOrEqual(rss, 400 * 1024 * 1024);
});
