import { assertEquals } from "@std/assert";
import { messageOfSize, records } from "../sniff/hello_builder.ts";
import { type Pair, readAll, writeAll } from "../relay/sockets.ts";
import { openssl } from "./clients.ts";
import { Proxy, until } from "./harness.ts";
import { startNginx } from "./nginx.ts";
import { appConfig, type Backend, close, connectTo, lastWords, serve } from "./peers.ts";
import { sha256 } from "./sha256.ts";
import { e2eTest } from "./tools.ts";

/** Length of a record's header: RFC 8446, 5.1. */
const HEADER = 5;

/** A fatal alert: RFC 8446, 6.2. */
const DECODE_ERROR = "\x15\x03\x01\x00\x02\x02\x32";

/** Everything up to the end of the first record: the hello of a client that has not been answered yet. */
async function readRecord(conn: Deno.TcpConn): Promise<Uint8Array> {
  const buffer = new Uint8Array(HEADER + 16384);
  let length = 0;
  let wanted = HEADER;
  while (length < wanted) {
    const count = await conn.read(buffer.subarray(length, wanted));
    if (count === null) break;
    length += count;
    if (length >= HEADER) wanted = HEADER + (buffer[3] << 8 | buffer[4]);
  }
  return buffer.subarray(0, length);
}

/** A relay that cuts the hello of every client anew, and passes on the rest as it comes. */
function recut(port: number, cut: (hello: Uint8Array) => Iterable<Uint8Array>): Backend {
  return serve(async (client) => {
    const proxy = await connectTo(port);
    try {
      // Every write is a segment of its own.
      proxy.setNoDelay(true);
      for (const piece of cut(await readRecord(client))) await writeAll(proxy, piece);
      await Promise.all([pass([client, proxy]), pass([proxy, client])]);
    } finally {
      close(proxy);
    }
  });
}

async function pass([from, to]: Pair): Promise<void> {
  const buffer = new Uint8Array(16384);
  for (;;) {
    const count = await from.read(buffer);
    if (count === null) break;
    await writeAll(to, buffer.subarray(0, count));
  }
  await to.closeWrite();
}

function* segments(bytes: Uint8Array, size: number): Iterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** The record boundaries are not part of what the two sides hash: RFC 8446, 4.4.1. */
function reframed(hello: Uint8Array, size: number): Uint8Array {
  return records(hello.subarray(HEADER), size);
}

const cuts: Record<string, (hello: Uint8Array) => Iterable<Uint8Array>> = {
  "segments of one byte": (hello) => segments(hello, 1),
  "records of one byte": (hello) => [reframed(hello, 1)],
  "records of two bytes": (hello) => [reframed(hello, 2)],
  "records of seven bytes": (hello) => [reframed(hello, 7)],
  "records of seven bytes in segments of three": (hello) => segments(reframed(hello, 7), 3),
};

e2eTest(
  "a handshake succeeds however the hello is cut into segments and records",
  ["nginx", "openssl"],
  async () => {
    await using nginx = await startNginx({ "one.test": ["one.test"] });
    await using proxy = await Proxy.start({
      config: `
listen_addrs: ["127.0.0.1:$TLS"]
metrics: { address: "127.0.0.1:$METRICS" }
routes: [{ hosts: ["one.test"], backends: ["127.0.0.1:${nginx.sites["one.test"].tls}"] }]
`,
    });
    for (const [how, cut] of Object.entries(cuts)) {
      await using relay = recut(proxy.ports.tls, cut);
      for (const version of ["tls1_2", "tls1_3"] as const) {
        const options = { name: "one.test", trust: nginx.trust, version, alpn: "h2" };
        const { subject, alpn, trusted } = await openssl(relay.port, options);
        assertEquals([subject, alpn, trusted], ["one.test", "h2", true], `${version}, ${how}`);
      }
    }
  },
);

/** Hellos as clients with large key shares or many extensions send them, up to the longest there may be. */
const large: Record<string, Uint8Array> = {
  "17 KB": records(messageOfSize(17_000, "app.test")),
  "40 KB": records(messageOfSize(40_000, "app.test")),
  "40 KB in records of 100 bytes": records(messageOfSize(40_000, "app.test"), 100),
  "64 KiB": records(messageOfSize(65_536, "app.test")),
  "64 KiB in records of one byte": records(messageOfSize(65_536, "app.test"), 1),
};

Deno.test("large hellos reach the backend byte for byte, with what was sent behind them", async () => {
  const heard: string[] = [];
  await using backend = serve(async (conn) => void heard.push(sha256(await readAll(conn))));
  await using proxy = await Proxy.start({ config: appConfig(backend.port) });
  const behind = new TextEncoder().encode("and early data");
  for (const [what, hello] of Object.entries(large)) {
    const bytes = new Uint8Array([...hello, ...behind]);
    using client = await connectTo(proxy.ports.tls);
    await writeAll(client, bytes);
    await client.closeWrite();
    assertEquals(await lastWords(client), "", what);
    assertEquals(heard.splice(0), [sha256(bytes)], what);
  }
  await until("the access log", () => proxy.access.length === Object.keys(large).length);
  assertEquals(
    proxy.access.map((line) => line.rx),
    Object.values(large).map((hello) => hello.length + behind.length),
  );
});

Deno.test("a hello over 64 KiB is refused as soon as its length says so", async () => {
  await using backend = serve(() => Promise.resolve());
  await using proxy = await Proxy.start({ config: appConfig(backend.port) });
  const whole = records(messageOfSize(65_537, "app.test"));
  // Type, version and length of the record; type and length of the message.
  using client = await connectTo(proxy.ports.tls);
  await writeAll(client, whole.subarray(0, HEADER + 4));
  assertEquals(await lastWords(client), DECODE_ERROR);
  client.close();
  await until("the access log", () => proxy.access.length === 1);
  const { end, rx, tx } = proxy.access[0];
  assertEquals([end, rx, tx, backend.accepted], ["malformed", HEADER + 4, 7, 0]);
});
