import { assert, assertEquals } from "@std/assert";
import { ConnStream } from "../../src/relay/conn_stream.ts";
import { tunnel, type TunnelEnd } from "../../src/relay/tunnel.ts";
import { soon, until } from "../e2e/harness.ts";
import { noise, pair, readAll, writeAll } from "./sockets.ts";

/** A client and a backend, joined by a tunnel in between. */
interface Joined extends Disposable {
  readonly client: Deno.TcpConn;
  readonly backend: Deno.TcpConn;
  readonly inner: { readonly client: ConnStream; readonly backend: ConnStream };
  readonly end: Promise<TunnelEnd>;
}

async function join(): Promise<Joined> {
  const [client, accepted] = await pair();
  const [dialled, backend] = await pair();
  const inner = { client: new ConnStream(accepted), backend: new ConnStream(dialled) };
  const end = tunnel(inner.client, inner.backend);
  return {
    client,
    backend,
    inner,
    end,
    [Symbol.dispose](): void {
      for (const each of [client, backend, inner.client, inner.backend]) {
        try {
          each.close();
        } catch {
          // Closed by the test.
        }
      }
    },
  };
}

/** Other ways than the direct one to carry bytes, which must behave the same. */
const PATHS: Record<string, (from: ConnStream, to: ConnStream) => Promise<void>> = {
  "streams that know each other": (from, to) => from.readable.pipeTo(to.writable),
  "web streams as they are": (from, to) =>
    ReadableStream.prototype.pipeTo.call(from.readable, to.writable),
};

/** Runs a test on every path. */
function onEveryPath(name: string, test: () => Promise<void>): void {
  Deno.test(`${name}, directly`, test);
  for (const [path, pipe] of Object.entries(PATHS)) {
    Deno.test(`${name}, through ${path}`, async () => {
      const direct = ConnStream.prototype.pipeTo;
      ConnStream.prototype.pipeTo = function (to): Promise<void> {
        return pipe(this, to);
      };
      try {
        await test();
      } finally {
        ConnStream.prototype.pipeTo = direct;
      }
    });
  }
}

onEveryPath("a tunnel carries megabytes both ways at once, unchanged", async () => {
  using joined = await join();
  const { client, backend, inner } = joined;
  const up = noise(5_000_000, 1);
  const down = noise(7_000_000, 2);
  const send = async (conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> => {
    await writeAll(conn, bytes);
    await conn.closeWrite();
  };
  const [got, answered] = await soon(
    "both ends to have everything",
    Promise.all([readAll(backend), readAll(client), send(client, up), send(backend, down)]),
  );
  assertEquals(got.length, up.length);
  assert(got.every((byte, i) => byte === up[i]), "what the backend got differs");
  assertEquals(answered.length, down.length);
  assert(answered.every((byte, i) => byte === down[i]), "what the client got differs");
  assertEquals(await soon("the end", joined.end), "done");
  assertEquals(inner.client.received, up.length);
  assertEquals(inner.client.sent, down.length);
});

for (const first of ["client", "backend"] as const) {
  onEveryPath(`after the ${first}'s end of file the other side goes on`, async () => {
    using joined = await join();
    const second = first === "client" ? "backend" : "client";
    await joined[first].write(new TextEncoder().encode("question"));
    await joined[first].closeWrite();
    assertEquals(
      new TextDecoder().decode(await soon("the question", readAll(joined[second]))),
      "question",
    );
    await joined[second].write(new TextEncoder().encode("a late answer"));
    await joined[second].closeWrite();
    assertEquals(
      new TextDecoder().decode(await soon("the answer", readAll(joined[first]))),
      "a late answer",
    );
    assertEquals(await soon("the end", joined.end), "done");
  });
}

onEveryPath("a side that nobody reads holds up the side that writes", async () => {
  using joined = await join();
  const { client, backend, inner } = joined;
  const all = noise(64_000_000);
  const writing = writeAll(backend, all).then(() => backend.closeWrite());
  // Until nothing moves any more, the kernel's buffers and the tunnel's own fill up.
  let seen = -1;
  let still = 0;
  await until("the flow to stop", () => {
    still = inner.backend.received === seen && seen > 0 ? still + 1 : 0;
    seen = inner.backend.received;
    return still > 20;
  });
  assert(seen < all.length, `${seen} bytes were taken though nobody reads`);
  const got = await soon("everything", readAll(client));
  assertEquals(got.length, all.length);
  await writing;
  await client.closeWrite();
  assertEquals(await soon("the end", joined.end), "done");
});

onEveryPath("when somebody closes both sides the tunnel ends and says so", async () => {
  using joined = await join();
  joined.inner.client.close();
  joined.inner.backend.close();
  assertEquals(await soon("the end", joined.end), "shutdown");
  assertEquals((await readAll(joined.client)).length, 0);
  assertEquals((await readAll(joined.backend)).length, 0);
});

/** Closing on unread bytes makes the kernel answer whatever comes with a reset. */
async function breakOff(conn: Deno.TcpConn, other: Deno.TcpConn): Promise<void> {
  await other.write(noise(100));
  conn.close();
  // Keeps sending until the reset has come through.
  try {
    for (;;) await other.write(noise(1000));
  } catch {
    // It has.
  }
}

for (
  const [who, other, end] of [
    ["backend", "client", "backend_reset"],
    ["client", "backend", "client_reset"],
  ] as const
) {
  onEveryPath(`a ${who} that breaks off ends both sides at once`, async () => {
    using joined = await join();
    await soon("the reset to come through", breakOff(joined[who], joined[other]));
    assertEquals(await soon("the end", joined.end), end);
  });
}

Deno.test("a stream piped elsewhere delivers what the socket sends, and its end", async () => {
  const [a, b] = await pair();
  const stream = new ConnStream(a);
  const sent = noise(300_000);
  const writing = writeAll(b, sent).then(() => b.closeWrite());
  const got = new Uint8Array(await new Response(stream.readable).arrayBuffer());
  await writing;
  assertEquals(got, sent);
  assertEquals(stream.received, sent.length);
  stream.close();
  stream.close();
  b.close();
});

Deno.test("a cancelled stream closes its socket", async () => {
  const [a, b] = await pair();
  const stream = new ConnStream(a);
  await stream.readable.cancel();
  assert(stream.closed);
  assertEquals(await b.read(new Uint8Array(1)), null);
  b.close();
});
