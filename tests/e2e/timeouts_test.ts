import { assertEquals, assertGreaterOrEqual, assertMatch } from "@std/assert";
import { type AccessLine, Proxy, until } from "./harness.ts";
import {
  appConfig,
  connectTo,
  echo,
  exchange,
  hello,
  lastWords,
  later,
  serve,
  tunnelTo,
} from "./peers.ts";
import { readAll, writeAll } from "../relay/sockets.ts";

const BYTE = new Uint8Array(1);
const GET = new TextEncoder().encode("GET /");

/** A route to a backend of ours. */
function route(name: string, port: number): string {
  return `{ hosts: ["${name}"], backends: ["127.0.0.1:${port}"] }`;
}

/** Waits for the line about a name. */
async function lineOf(proxy: Proxy, name: string): Promise<AccessLine> {
  let line: AccessLine | undefined;
  await until(`the access log to tell of ${name}`, () => {
    line = proxy.access.find((each) => each.name === name);
    return line !== undefined;
  });
  return line ?? {};
}

/** Writes a byte again and again, for so long. */
async function trickle(conn: Deno.TcpConn, ms: number): Promise<void> {
  const end = performance.now() + ms;
  await until("the end of a trickle", async () => {
    await conn.write(BYTE);
    return performance.now() >= end;
  });
}

/** Reads to the end, and says nothing. */
async function listen(conn: Deno.TcpConn): Promise<void> {
  await readAll(conn);
}

Deno.test("a tunnel ends when nothing has moved for idle, and not while one direction moves", async () => {
  const LONG_MS = 1500;
  await using silent = serve(listen);
  await using talking = serve(async (conn) => {
    await trickle(conn, LONG_MS);
    await listen(conn);
  });
  await using proxy = await Proxy.start({
    config: appConfig(silent.port, "timeouts: { idle: 500ms, half_closed: 1h }", [
      route("quiet.test", silent.port),
      route("up.test", silent.port),
      route("down.test", talking.port),
    ]),
  });
  const names = ["quiet.test", "up.test", "down.test"];
  const [quiet, up, down] = await Promise.all(names.map(async (name) => {
    const conn = await connectTo(proxy.ports.tls);
    await writeAll(conn, hello(name));
    return conn;
  }));
  try {
    const heard = later(Promise.all([quiet, up, down].map(lastWords)));
    await trickle(up, LONG_MS);
    assertEquals(proxy.access.filter((line) => line.name !== "quiet.test"), []);
    // An orderly end, whatever was sent before.
    assertMatch((await heard).join("|"), /^\|\|\0+$/);
    for (const name of names) assertEquals((await lineOf(proxy, name)).end, "idle_timeout");
    for (const name of ["up.test", "down.test"]) {
      assertGreaterOrEqual(Number((await lineOf(proxy, name)).total_ms), LONG_MS);
    }
  } finally {
    for (const conn of [quiet, up, down]) conn.close();
  }
});

Deno.test("a tunnel with one side ended ends when nothing has moved for half_closed, and no other does", async () => {
  const LONG_MS = 1500;
  const over = Promise.withResolvers<void>();
  await using silent = serve(async (conn) => {
    await listen(conn);
    await over.promise;
  });
  await using talking = serve(async (conn) => {
    await listen(conn);
    await trickle(conn, LONG_MS);
  });
  await using ended = serve(async (conn) => {
    await conn.closeWrite();
    await listen(conn);
  });
  await using open = serve(echo);
  await using proxy = await Proxy.start({
    config: appConfig(open.port, "timeouts: { idle: 1h, half_closed: 500ms }", [
      route("silent.test", silent.port),
      route("talking.test", talking.port),
      route("ended.test", ended.port),
    ]),
  });
  using both = await tunnelTo(proxy.ports.tls);
  /** Ends its own side, or does not, and tells what it hears. */
  const visit = async (name: string, ends: boolean): Promise<string> => {
    using conn = await connectTo(proxy.ports.tls);
    await writeAll(conn, hello(name));
    if (ends) await conn.closeWrite();
    return await lastWords(conn);
  };
  try {
    const visits = Promise.all([
      visit("silent.test", true),
      visit("talking.test", true),
      visit("ended.test", false),
    ]);
    assertMatch((await visits).join("|"), /^\|\0+\|$/);
    assertEquals((await lineOf(proxy, "silent.test")).end, "half_closed_timeout");
    const { end, total_ms } = await lineOf(proxy, "talking.test");
    assertEquals(end, "done");
    assertGreaterOrEqual(Number(total_ms), LONG_MS);
    await exchange(both, BYTE);
  } finally {
    over.resolve();
  }
});

Deno.test("clients that say a few bytes are cut at client_hello, and others go on undisturbed", async () => {
  await using backend = serve(echo);
  await using proxy = await Proxy.start({
    config: appConfig(backend.port, "timeouts: { client_hello: 1s }"),
  });
  const slow = async (bytes: Uint8Array): Promise<string> => {
    using conn = await connectTo(proxy.ports.tls);
    await writeAll(conn, bytes);
    return await lastWords(conn);
  };
  const cut = later(Promise.all([slow(hello("app.test").subarray(0, 3)), slow(GET)]));
  let served = 0;
  await until("the slow ones to be cut", async () => {
    using conn = await tunnelTo(proxy.ports.tls);
    await exchange(conn, BYTE);
    served++;
    return proxy.access.filter((line) => line.end === "too_slow").length === 2;
  });
  const [tls, http] = await cut;
  assertEquals(tls, "");
  assertMatch(http, /^HTTP\/1\.1 408 Request Timeout\r\n(.+\r\n)+\r\n408 Request Timeout\n$/);
  assertEquals(backend.accepted, served);
  await until("the access log", () => proxy.access.length === served + 2);
  for (const { end, name, total_ms } of proxy.access) {
    assertEquals(end, name === undefined ? "too_slow" : "done");
    if (name === undefined) assertGreaterOrEqual(Number(total_ms), 1000);
  }
});
