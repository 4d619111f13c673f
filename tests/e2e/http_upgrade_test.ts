import { assertEquals, assertMatch } from "@std/assert";
import { noise, writeAll } from "../relay/sockets.ts";
import { latin1 } from "../sniff/hex.ts";
import { Proxy, soon, until } from "./harness.ts";
import { Caller, httpConfig } from "./raw_http.ts";
import { lastWords, serve } from "./peers.ts";
import { sha256 } from "./sha256.ts";

const ASKED = "GET /chat HTTP/1.1\r\nHost: app.test\r\n";
const GRANTED = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: chat\r\nConnection: upgrade\r\n\r\n";

/** The next event of a kind. */
function next<T extends Event>(target: EventTarget, type: string): Promise<T> {
  const event = new Promise<T>((resolve, reject) => {
    target.addEventListener(type, (event) => resolve(event as T), { once: true });
    target.addEventListener("error", () => reject(new Error(`no ${type}, but an error`)), {
      once: true,
    });
  });
  return soon(type, event);
}

Deno.test("WebSocket works through the proxy: text, 1 MB each way and an orderly end", async () => {
  const closed = Promise.withResolvers<CloseEvent>();
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "talk" });
      socket.binaryType = "arraybuffer";
      socket.onmessage = ({ data }): void => socket.send(data);
      socket.onclose = closed.resolve;
      return response;
    },
  );
  await using proxy = await Proxy.start({
    config: httpConfig(server.addr.port).replaceAll("app.test", "localhost"),
  });
  const socket = new WebSocket(`ws://localhost:${proxy.ports.http}/`, "talk");
  socket.binaryType = "arraybuffer";
  await next(socket, "open");
  assertEquals(socket.protocol, "talk");

  socket.send("hello");
  assertEquals((await next<MessageEvent>(socket, "message")).data, "hello");
  const blob = noise(1024 * 1024);
  socket.send(blob);
  const { data } = await next<MessageEvent<ArrayBuffer>>(socket, "message");
  assertEquals(sha256(new Uint8Array(data)), sha256(blob));

  const end = next<CloseEvent>(socket, "close");
  socket.close(4001, "enough");
  const { code, reason } = await soon("the server's end", closed.promise);
  assertEquals([code, reason], [4001, "enough"]);
  assertEquals([(await end).code, (await end).wasClean], [4001, true]);
  await until("the access log", () => proxy.access.length === 1);
  const { status, end: how } = proxy.access[0];
  assertEquals([status, how], [101, "done"]);
});

Deno.test("pings of either side of a WebSocket arrive at the other one", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    // It pings a client that has been silent for so many seconds.
    (request) => Deno.upgradeWebSocket(request, { idleTimeout: 1 }).response,
  );
  await using proxy = await Proxy.start({ config: httpConfig(server.addr.port) });
  using client = await Caller.connect(proxy.ports.http);
  // The key and its answer are those of RFC 6455, 1.3.
  await client.say(
    "GET / HTTP/1.1\r\nHost: app.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
  assertMatch(await client.hearHead(), /^HTTP\/1\.1 101 [^]*s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/);
  // RFC 6455, 5.2: opcode 9 is a ping and 10 its answer, 8 is the end; the mask is 1, 2, 3, 4.
  await client.say("\x89\x82\x01\x02\x03\x04" + "ij");
  await client.hear("\x8a\x02hh");
  await client.hear("\x89\x00");
  await client.say("\x8a\x80\x01\x02\x03\x04");
  await client.say("\x88\x82\x01\x02\x03\x04\x02\xea");
  await client.hear("\x88\x02\x03\xe8");
  assertEquals(await client.hearOut(), "");
});

Deno.test("what either side says right behind its head of an upgrade is passed on, and so are both ends", async () => {
  const seen = Promise.withResolvers<string>();
  const head = `${ASKED}Upgrade: chat\r\nConnection: upgrade\r\n\r\n`;
  await using app = serve(async (conn) => {
    await conn.read(new Uint8Array(1));
    await writeAll(conn, latin1(`${GRANTED}backend first`));
    seen.resolve(await lastWords(conn));
    await writeAll(conn, latin1(", backend last"));
  });
  await using proxy = await Proxy.start({ config: httpConfig(app.port) });
  using client = await Caller.connect(proxy.ports.http);
  await client.say(
    `${ASKED}Connection: keep-alive, Upgrade\r\nUpgrade: chat\r\n\r\nclient first`,
  );
  await client.hear(`${GRANTED}backend first`);
  await client.say(", GET / HTTP/1.1\r\n\r\n\0");
  await client.end();
  assertEquals(
    await soon("the client's end", seen.promise),
    `${head}client first, GET / HTTP/1.1\r\n\r\n\0`.slice(1),
  );
  assertEquals(await client.hearOut(), ", backend last");
  await until("the access log", () => proxy.access.length === 1);
  assertEquals(await proxy.metric('sniproxy_pool_size{route="app"}'), 0);
});

Deno.test("an upgrade that is granted early waits for the rest of its request", async () => {
  const seen = Promise.withResolvers<string>();
  await using app = serve(async (conn) => {
    await conn.read(new Uint8Array(4096));
    await writeAll(conn, latin1(GRANTED));
    seen.resolve(await lastWords(conn));
  });
  await using proxy = await Proxy.start({ config: httpConfig(app.port) });
  using client = await Caller.connect(proxy.ports.http);
  await client.say(
    `${ASKED}Upgrade: chat\r\nConnection: upgrade\r\nContent-Length: 2000\r\n\r\n`,
  );
  await client.hear(GRANTED);
  const rest = Array.from({ length: 100 }, (_, i) => String(i).padStart(40, "."));
  for (const part of rest) await client.say(part);
  await client.end();
  assertEquals(await soon("the client's end", seen.promise), rest.join(""));
});

Deno.test("an upgrade that is not granted leaves the connection to HTTP", async () => {
  await using app = serve(async (conn) => {
    const buffer = new Uint8Array(4096);
    while (await conn.read(buffer) !== null) {
      await writeAll(conn, latin1("HTTP/1.1 200 OK\r\nUpgrade: chat\r\nContent-Length: 0\r\n\r\n"));
    }
  });
  await using proxy = await Proxy.start({ config: httpConfig(app.port) });
  using client = await Caller.connect(proxy.ports.http);
  for (let i = 0; i < 2; i++) {
    await client.say(`${ASKED}Upgrade: chat\r\nConnection: upgrade\r\n\r\n`);
    await client.hear("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  }
  await client.say("GET / HTTP/1.1\r\nHost: other.test\r\n\r\n");
  assertMatch(await client.hearHead(), /^HTTP\/1\.1 421 /);
  assertEquals(app.accepted, 1);
});
