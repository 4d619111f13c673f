import { assertEquals } from "@std/assert";
import { Proxy, soon, until } from "./harness.ts";
import { appConfig, connectTo, echo, h2c, hello, lastWords, serve } from "./peers.ts";
import { resetAfterAnswer, resettingBackend } from "./resets.ts";
import { sha256 } from "./sha256.ts";
import { noise, readAll, writeAll } from "../relay/sockets.ts";

/** Whatever is not HTTP/1.x is a tunnel. */
const openings: Record<string, Uint8Array> = {
  TLS: hello("app.test"),
  h2c: h2c("app.test"),
};

/** More than the kernel buffers of both sides take at once. */
const MUCH = noise(8 * 1024 * 1024);

for (const [protocol, opening] of Object.entries(openings)) {
  Deno.test(`over ${protocol}, a client that ends its side first still gets all of a long answer`, async () => {
    let heard: Uint8Array = new Uint8Array();
    await using backend = serve(async (conn) => {
      heard = await readAll(conn);
      await writeAll(conn, MUCH);
    });
    await using proxy = await Proxy.start({ config: appConfig(backend.port) });
    using client = await connectTo(proxy.ports.tls);
    await writeAll(client, opening);
    await writeAll(client, MUCH);
    await client.closeWrite();
    const answer = await soon("the answer", readAll(client));
    assertEquals(sha256(heard), sha256(new Uint8Array([...opening, ...MUCH])));
    assertEquals(sha256(answer), sha256(MUCH));
    await until("the access log", () => proxy.access.length === 1);
    const { end, rx, tx } = proxy.access[0];
    assertEquals([end, rx, tx], ["done", opening.length + MUCH.length, MUCH.length]);
  });

  Deno.test(`over ${protocol}, a backend that ends its side first still gets all that follows`, async () => {
    const { promise: heard, resolve } = Promise.withResolvers<Uint8Array>();
    const greeting = new TextEncoder().encode("that is all");
    await using backend = serve(async (conn) => {
      await conn.read(new Uint8Array(opening.length));
      await writeAll(conn, greeting);
      await conn.closeWrite();
      resolve(await readAll(conn));
    });
    await using proxy = await Proxy.start({ config: appConfig(backend.port) });
    using client = await connectTo(proxy.ports.tls);
    await writeAll(client, opening);
    assertEquals(await soon("the end of the backend's side", readAll(client)), greeting);
    await writeAll(client, MUCH);
    await client.closeWrite();
    assertEquals(sha256(await soon("what the client sent", heard)), sha256(MUCH));
    await until("the access log", () => proxy.access.length === 1);
    const { end, rx, tx } = proxy.access[0];
    assertEquals([end, rx, tx], ["done", opening.length + MUCH.length, greeting.length]);
  });
}

Deno.test("a client that resets its connection ends the tunnel, and the backend's side of it", async () => {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  await using backend = serve((conn) => echo(conn).finally(resolve));
  await using proxy = await Proxy.start({ config: appConfig(backend.port) });
  await resetAfterAnswer(proxy.ports.tls, hello("app.test"));
  await soon("the end of the backend's side", over);
  await until("the access log", () => proxy.access.length === 1);
  assertEquals(proxy.access[0].end, "client_reset");
});

Deno.test("a backend that resets its connection ends the tunnel, and the client's side of it", async () => {
  await using backend = await resettingBackend();
  await using proxy = await Proxy.start({ config: appConfig(backend.port) });
  using client = await connectTo(proxy.ports.tls);
  await writeAll(client, hello("app.test"));
  await lastWords(client);
  await until("the access log", () => proxy.access.length === 1);
  assertEquals(proxy.access[0].end, "backend_reset");
});
