import { assert, assertEquals } from "@std/assert";
import { freePorts, soon, until } from "../e2e/harness.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A program that runs. */
interface Loop extends AsyncDisposable {
  connect(): Promise<Deno.TcpConn>;
}

/** Starts a bare loop, up to the moment it accepts. */
async function start(program: string, { port: backend }: Deno.NetAddr): Promise<Loop> {
  const [port] = freePorts(1);
  const path = new URL(`../../bench/bare/${program}.ts`, import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-net", path, `${port}`, `${backend}`],
  }).spawn();
  const loop = {
    connect: (): Promise<Deno.TcpConn> => Deno.connect({ hostname: "127.0.0.1", port }),
    async [Symbol.asyncDispose](): Promise<void> {
      child.kill();
      await child.status;
    },
  };
  await until(
    `${program} accepts`,
    () => loop.connect().then((conn) => (conn.close(), true), () => false),
  );
  return loop;
}

/** Serves every connection, each to its end, until it is disposed. */
function listen(
  serve: (conn: Deno.TcpConn) => Promise<void>,
): AsyncDisposable & { readonly addr: Deno.NetAddr } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving: Promise<void>[] = [];
  const one = async (accepted: Deno.TcpConn): Promise<void> => {
    using conn = accepted;
    await serve(conn);
  };
  const ended = (async (): Promise<void> => {
    for await (const conn of listener) serving.push(one(conn));
  })();
  return {
    addr: listener.addr,
    async [Symbol.asyncDispose](): Promise<void> {
      listener.close();
      await ended;
      await Promise.all(serving);
    },
  };
}

async function readAll(conn: Deno.TcpConn): Promise<Bytes> {
  const parts: Bytes[] = [];
  const buffer = new Uint8Array(65_536);
  for (let read; (read = await conn.read(buffer)) !== null;) parts.push(buffer.slice(0, read));
  return await new Blob(parts).bytes();
}

async function writeAll(conn: Deno.TcpConn, bytes: Bytes): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
}

Deno.test("the bare tunnel carries all of both ways, and the end of each by itself", async () => {
  const sent = new Uint8Array(1_000_000).map((_, i) => i * 7 + (i >> 8));
  await using backend = listen(async (conn) => {
    // What is sent back needs the end of what came.
    await writeAll(conn, (await readAll(conn)).toReversed());
  });
  await using tunnel = await start("tunnel", backend.addr);
  using conn = await tunnel.connect();
  await writeAll(conn, sent);
  await conn.closeWrite();
  const answer = await soon("an answer and its end", readAll(conn));
  assertEquals(answer.length, sent.length);
  assert(answer.toReversed().every((byte, i) => byte === sent[i]));
});

Deno.test("the bare loop of requests has one connection to the backend for each client", async () => {
  const seen: string[] = [];
  await using backend = listen(async (conn) => {
    const own: string[] = [];
    const buffer = new Uint8Array(100);
    for (let read; (read = await conn.read(buffer)) !== null;) {
      own.push(new TextDecoder().decode(buffer.subarray(0, read)));
      await conn.write(new TextEncoder().encode(`answer ${own.length}`));
    }
    seen.push(...own);
  });
  await using loop = await start("requests", backend.addr);
  {
    using conn = await loop.connect();
    const buffer = new Uint8Array(100);
    for (const number of [1, 2, 3]) {
      await conn.write(new TextEncoder().encode(`request ${number}`));
      const read = await soon("an answer", conn.read(buffer));
      assertEquals(new TextDecoder().decode(buffer.subarray(0, read ?? 0)), `answer ${number}`);
    }
  }
  await until("the end of the client is passed on", () => seen.length > 0);
  assertEquals(seen, ["request 1", "request 2", "request 3"]);
});

Deno.test("a bare loop outlives a backend that is not there", async () => {
  for (const program of ["tunnel", "requests"]) {
    // tcpmux, where nobody listens.
    await using loop = await start(program, { transport: "tcp", hostname: "127.0.0.1", port: 1 });
    for (let turn = 0; turn < 2; turn++) {
      using conn = await loop.connect();
      assertEquals((await soon("the end", readAll(conn))).length, 0);
    }
  }
});
