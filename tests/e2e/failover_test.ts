import { assert, assertEquals } from "@std/assert";
import { writeAll } from "../relay/sockets.ts";
import { fullBackend } from "./full_backend.ts";
import { freePorts, Proxy, soon, until } from "./harness.ts";
import {
  connectTo,
  h2c,
  hello,
  isRefused,
  lastWords,
  request,
  resetAfterFirstByte,
  serve,
} from "./peers.ts";
import { resettingBackend } from "./resets.ts";

const ALERT = "\x15\x03\x01\x00\x02\x02\x50";

const encoder = new TextEncoder();

/** Says who it is to whoever has said something; to HTTP in HTTP. */
function named(name: string, heard: string[] = []): ReturnType<typeof serve> {
  return serve(async (conn) => {
    const buffer = new Uint8Array(4096);
    const count = await conn.read(buffer);
    if (count === null) return;
    const said = new TextDecoder("latin1").decode(buffer.subarray(0, count));
    heard.push(said);
    const http = /^[A-Z]+ \/.* HTTP\/1\.1/.test(said);
    const head = `HTTP/1.1 200 OK\r\nContent-Length: ${name.length}\r\nConnection: close\r\n\r\n`;
    await writeAll(conn, encoder.encode((http ? head : "") + name));
  });
}

function config(backends: readonly number[], more: string, rest = ""): string {
  const list = backends.map((port) => `"127.0.0.1:${port}"`).join(", ");
  return `listen_addrs: ["127.0.0.1:$HTTP", "127.0.0.1:$TLS"]
metrics: { address: "127.0.0.1:$METRICS" }
timeouts: { connect: 300ms }
connection_pool: { cleanup_interval: 100ms, preconnect: off }
routes:
  - { name: app, hosts: ["app.test"], backends: [${list}]${more} }
${rest}`;
}

/** What a client hears that says this. */
async function ask(proxy: Proxy, bytes: Uint8Array): Promise<string> {
  using conn = await connectTo(proxy.ports.tls);
  await writeAll(conn, bytes);
  return await lastWords(conn);
}

const SAYS: Record<string, Uint8Array> = {
  TLS: hello("app.test"),
  "HTTP/1.1": encoder.encode("GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n"),
  h2c: h2c("app.test"),
};

Deno.test("a backend that fails before its first byte is left for another one", async () => {
  await using good = named("good");
  await using closing = serve(async (conn) => void await conn.read(new Uint8Array(1)));
  await using unread = serve(resetAfterFirstByte);
  await using resetting = await resettingBackend();
  using full = await fullBackend();
  const [refusing] = freePorts(1);
  const failing = {
    "refuses": refusing,
    "does not accept": full.port,
    "closes": closing.port,
    "closes on bytes it has not read": unread.port,
    "resets": resetting.port,
  };
  for (const [what, port] of Object.entries(failing)) {
    await using proxy = await Proxy.start({ config: config([port, good.port], "") });
    for (const [protocol, bytes] of Object.entries(SAYS)) {
      for (let i = 0; i < 2; i++) {
        const heard = await ask(proxy, bytes);
        assert(heard.endsWith("good"), `one that ${what}, ${protocol}: ${JSON.stringify(heard)}`);
      }
    }
    await until("the access log", () => proxy.access.length === 6);
    assert(proxy.access.every(({ end }) => end === "done"), what);
  }
});

Deno.test("without retries, and without others, the client is told", async () => {
  await using good = named("good");
  using full = await fullBackend();
  const [refusing] = freePorts(1);
  for (
    const [backends, more, status, reason] of [
      [[refusing, good.port], ", retries: 0", 502, "backend_refused"],
      [[full.port, good.port], ", retries: 0", 504, "backend_timeout"],
      [[refusing], "", 502, "backend_refused"],
    ] as const
  ) {
    await using proxy = await Proxy.start({ config: config(backends, more) });
    assertEquals(await ask(proxy, SAYS.TLS), ALERT);
    await using other = await Proxy.start({ config: config(backends, more) });
    assert((await ask(other, SAYS["HTTP/1.1"])).startsWith(`HTTP/1.1 ${status} `));
    await until("the access log", () => other.access.length > 0);
    assertEquals(other.access[0].end, reason);
  }
});

Deno.test("a POST that was sent is not sent again, and one that was not goes elsewhere", async () => {
  const heard: string[] = [];
  await using good = named("good", heard);
  await using closing = serve(async (conn) => {
    const buffer = new Uint8Array(4096);
    await conn.read(buffer);
  });
  const post = encoder.encode(
    "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody",
  );
  await using proxy = await Proxy.start({ config: config([closing.port, good.port], "") });
  assert((await ask(proxy, post)).startsWith("HTTP/1.1 502 "));
  assertEquals(heard, []);
  const [refusing] = freePorts(1);
  await using other = await Proxy.start({ config: config([refusing, good.port], "") });
  assert((await ask(other, post)).endsWith("good"));
  assertEquals(heard.length, 1);
});

Deno.test("all attempts together take no more than twice the time of one", async () => {
  const full = [await fullBackend(), await fullBackend(), await fullBackend(), await fullBackend()];
  try {
    const ports = full.map(({ port }) => port);
    await using proxy = await Proxy.start({ config: config(ports, ", retries: 9") });
    assertEquals(await ask(proxy, SAYS.TLS), ALERT);
    await until("the access log", () => proxy.access.length > 0);
    const { total_ms, end } = proxy.access[0];
    assertEquals(end, "backend_timeout");
    assert(Number(total_ms) >= 300 && Number(total_ms) < 2_000, String(total_ms));
  } finally {
    for (const each of full) each[Symbol.dispose]();
  }
});

Deno.test("weights, backups and names with several addresses hold", async () => {
  await using one = named("1");
  await using two = named("2");
  const on = (port: number, more: string): string => `{ address: "127.0.0.1:${port}", ${more} }`;
  await using proxy = await Proxy.start({
    config: `listen_addrs: ["127.0.0.1:$TLS", "127.0.0.1:$HTTP"]
metrics: { address: "127.0.0.1:$METRICS" }
routes:
  - { hosts: [weighted.test], backends: [${on(one.port, "weight: 2")}, ${
      on(two.port, "weight: 1")
    }] }
  - { hosts: [spare.test], backends: [${on(one.port, "backup: true")}, ${
      on(two.port, "weight: 1")
    }] }
  - { hosts: [alone.test], backends: [${on(one.port, "backup: true")}, ${
      on(freePorts(1)[0], "weight: 9")
    }] }
  - { hosts: [named.test], backends: ["app.internal:${one.port}"], balance: random }
dns: { hosts: { app.internal: ["127.0.0.1", "127.0.0.9"] } }
`,
  });
  const heard = async (name: string, times: number): Promise<string> => {
    let all = "";
    for (let i = 0; i < times; i++) all += await ask(proxy, hello(name));
    return all;
  };
  assertEquals(await heard("weighted.test", 6), "121121");
  assertEquals(await heard("spare.test", 3), "222");
  assertEquals(await heard("alone.test", 3), "111");
  // Nobody listens on the other address.
  assertEquals(await heard("named.test", 6), "111111");
});

Deno.test("when one of two backends is killed no client fails, from the first second on", async () => {
  const ports = freePorts(2);
  const start = (port: number): Deno.ChildProcess =>
    new Deno.Command(Deno.execPath(), {
      args: [
        "eval",
        `for await (const conn of Deno.listen({ hostname: "127.0.0.1", port: ${port} })) {
           (async () => {
             try {
               await conn.read(new Uint8Array(4096));
               await conn.write(new Uint8Array([103]));
             } catch {} finally { try { conn.close(); } catch {} }
           })();
         }`,
      ],
    }).spawn();
  const children = ports.map(start);
  try {
    for (const port of ports) await until("a backend", async () => !await isRefused(port));
    const more = ", outlier_detection: {}, connection_pool: { preconnect: auto }";
    await using proxy = await Proxy.start({ config: config(ports, more) });
    const failed: number[] = [];
    let made = 0;
    let killedAt = Infinity;
    const client = async (): Promise<void> => {
      const began = performance.now();
      made++;
      if (await ask(proxy, SAYS.TLS) !== "g") failed.push(began - killedAt);
    };
    const running: Promise<void>[] = [];
    // 200 connections a second for three seconds; the kill comes after the first one.
    for (let i = 0; i < 600; i++) {
      if (i === 200) {
        children[0].kill("SIGKILL");
        killedAt = performance.now();
      }
      running.push(client());
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await soon("all clients", Promise.all(running));
    assertEquals(made, 600);
    assertEquals(failed.filter((since) => since > 1_000), []);
    assert(failed.length <= 4, `${failed.length} failed while it died`);
  } finally {
    for (const child of children) {
      try {
        child.kill("SIGKILL");
      } catch {
        // It was.
      }
      await child.status;
    }
  }
});

Deno.test("checks take a backend out and put it back, and without any the client is told", async () => {
  await using good = named("good");
  const [port] = freePorts(1);
  const check = ", retries: 0, health_check: { type: http, interval: 100ms, rise: 1, fall: 1 }";
  await using proxy = await Proxy.start({
    config: config(
      [port, good.port],
      check,
      `  - { name: none, hosts: [none.test], backends: ["127.0.0.1:${port}"]${check} }\n`,
    ),
  });
  const up = async (): Promise<number> => {
    const series = `sniproxy_backend_up{route="app",backend="127.0.0.1:${port}"} `;
    const text = await (await fetch(`http://127.0.0.1:${proxy.ports.metrics}/metrics`)).text();
    return Number(text.split("\n").find((line) => line.startsWith(series))?.slice(series.length));
  };
  await until("the backend to be down", async () => await up() === 0);
  for (let i = 0; i < 4; i++) assertEquals(await ask(proxy, SAYS.TLS), "good");
  await until(
    "the other route's, too",
    () => proxy.log.filter((line) => line.includes("backend down")).length === 2,
  );
  assertEquals(await ask(proxy, hello("none.test")), ALERT);
  assert((await ask(proxy, request("none.test"))).startsWith("HTTP/1.1 503 "));
  await until("the log", () => proxy.access.length >= 6);
  assertEquals(proxy.access.slice(-2).map(({ end }) => end), [
    "no_healthy_backend",
    "no_healthy_backend",
  ]);
  const back = Deno.listen({ hostname: "127.0.0.1", port });
  const serving = (async (): Promise<void> => {
    for await (const conn of back) {
      await conn.read(new Uint8Array(4096));
      await writeAll(conn, encoder.encode("HTTP/1.1 204 No Content\r\n\r\n"));
      conn.close();
    }
  })();
  await until("the backend to be up", async () => await up() === 1);
  proxy.signal("SIGHUP");
  await until("a reload", () => proxy.logged("configuration reloaded"));
  assertEquals(await up(), 1);
  back.close();
  await serving;
});

Deno.test("a backend that fails clients is left alone, and tried by one when the time is up", async () => {
  await using good = named("good");
  let failing = true;
  await using other = serve(async (conn) => {
    await conn.read(new Uint8Array(4096));
    if (!failing) await writeAll(conn, encoder.encode("other"));
  });
  const more = ", outlier_detection: { consecutive_failures: 2, eject_for: 300ms }";
  await using proxy = await Proxy.start({ config: config([other.port, good.port], more) });
  for (let i = 0; i < 4; i++) assertEquals(await ask(proxy, SAYS.TLS), "good");
  await until("an ejection", () => proxy.logged("backend left alone"));
  const asked = other.accepted;
  assertEquals(asked, 2);
  assertEquals(await ask(proxy, SAYS.TLS), "good");
  failing = false;
  await until("the other one to serve again", async () => await ask(proxy, SAYS.TLS) === "other");
  const heard = [await ask(proxy, SAYS.TLS), await ask(proxy, SAYS.TLS)].sort();
  assertEquals(heard, ["good", "other"]);
});
