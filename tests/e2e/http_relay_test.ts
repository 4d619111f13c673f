import { assertEquals } from "@std/assert";
import { Proxy, soon, until } from "./harness.ts";
import { answerer, Caller, httpConfig, say, statuses } from "./raw_http.ts";
import { lastWords, serve } from "./peers.ts";
import { writeAll } from "../relay/sockets.ts";
import { latin1 } from "../sniff/hex.ts";

function ask(target: string, fields = "", method = "GET"): string {
  return `${method} ${target} HTTP/1.1\r\nHost: app.test\r\n${fields}\r\n`;
}

function answer(body: string, fields = ""): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`;
}

/** Answers each request with its target. */
async function mirror(head: string, conn: Deno.TcpConn): Promise<void> {
  await writeAll(conn, latin1(answer(head.split(" ")[1])));
}

Deno.test("one connection to the backend serves request after request, and client after client", async () => {
  await using app = answerer(mirror);
  await using proxy = await Proxy.start({ config: httpConfig(app.port) });
  for (let i = 0; i < 5; i++) {
    using client = await Caller.connect(proxy.ports.http);
    for (let j = 0; j < 5; j++) {
      await client.say(ask(`/${i}/${j}`));
      await client.hear(answer(`/${i}/${j}`));
    }
  }
  assertEquals(app.accepted, 1);
  assertEquals(await proxy.metric('sniproxy_keep_alive_reuses_total{route="app"}'), 24);
  assertEquals(await proxy.metric('sniproxy_pool_hits_total{route="app"}'), 24);
  assertEquals(await proxy.metric('sniproxy_pool_misses_total{route="app"}'), 1);
});

Deno.test("requests that are sent all at once are answered in their order", async () => {
  await using app = answerer(mirror);
  await using proxy = await Proxy.start({ config: httpConfig(app.port) });
  const targets = Array.from({ length: 20 }, (_, i) => `/${i}`);
  const got = await say(proxy.ports.http, targets.map((target) => ask(target)).join(""));
  assertEquals(got, targets.map((target) => answer(target)).join(""));
});

/** What comes of whether each side wants to go on. */
const PERSISTENCE: readonly {
  readonly name: string;
  readonly asked: string;
  readonly answered: string;
  readonly got?: string;
  /** Whether the client may ask again, and whether the backend is. */
  readonly goesOn: readonly [client: boolean, backend: boolean];
}[] = [
  { name: "both", asked: ask("/"), answered: answer("ok"), goesOn: [true, true] },
  {
    name: "not the client",
    asked: ask("/", "Connection: close\r\n"),
    answered: answer("ok"),
    got: answer("ok", "Connection: close\r\n"),
    goesOn: [false, true],
  },
  {
    name: "not the backend",
    asked: ask("/"),
    answered: answer("ok", "Connection: close\r\n"),
    got: answer("ok"),
    goesOn: [true, false],
  },
  {
    name: "not a client of HTTP/1.0",
    asked: "GET / HTTP/1.0\r\nHost: app.test\r\n\r\n",
    answered: answer("ok"),
    got: answer("ok", "Connection: close\r\n"),
    goesOn: [false, true],
  },
  {
    name: "a client of HTTP/1.0 that says so",
    asked: "GET / HTTP/1.0\r\nHost: app.test\r\nConnection: Keep-Alive\r\n\r\n",
    answered: answer("ok"),
    got: answer("ok", "Connection: keep-alive\r\n"),
    goesOn: [true, true],
  },
  {
    name: "not a backend of HTTP/1.0",
    asked: ask("/"),
    answered: "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    goesOn: [true, false],
  },
  {
    name: "a backend of HTTP/1.0 that says so",
    asked: ask("/"),
    answered: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
    got: "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    goesOn: [true, true],
  },
  {
    name: "HEAD",
    asked: ask("/", "", "HEAD"),
    answered: "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
    goesOn: [true, true],
  },
  {
    name: "HEAD of what has no length",
    asked: ask("/", "", "HEAD"),
    answered: "HTTP/1.1 200 OK\r\n\r\n",
    goesOn: [true, true],
  },
  {
    name: "204",
    asked: ask("/"),
    answered: "HTTP/1.1 204 No Content\r\n\r\n",
    goesOn: [true, true],
  },
  {
    name: "304",
    asked: ask("/"),
    answered: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\nETag: "x"\r\n\r\n',
    goesOn: [true, true],
  },
  {
    name: "chunks",
    asked: ask("/", "TE: trailers\r\n"),
    answered: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n" +
      '2;a="b"\r\nok\r\n01\r\n!\r\n0;z\r\nX-Sum: 1\r\n\r\n',
    goesOn: [true, true],
  },
];

Deno.test("a connection goes on after an answer if its side allows it, whatever the other side wants", async (t) => {
  let script = "";
  await using app = answerer(async (head, conn) => {
    const bytes = latin1(head.includes("/last") ? answer("last", "Connection: close\r\n") : script);
    // Cut in every place, as the request is.
    for (let i = 0; i < bytes.length; i++) await conn.write(bytes.subarray(i, i + 1));
  });
  await using proxy = await Proxy.start({ config: httpConfig(app.port) });
  for (const { name, asked, answered, got = answered, goesOn } of PERSISTENCE) {
    await t.step(name, async () => {
      script = answered;
      const before = app.accepted;
      using client = await Caller.connect(proxy.ports.http);
      for (const byte of asked) await client.say(byte);
      await client.hear(got);
      if (goesOn[0]) {
        await client.say(ask("/last"));
        await client.hear(answer("last"));
      } else {
        assertEquals(await client.hearOut(), "");
        assertEquals(await say(proxy.ports.http, ask("/last")), answer("last"));
      }
      assertEquals(app.accepted - before, goesOn[1] ? 1 : 2);
    });
  }
});

Deno.test("server-sent events arrive one by one", async () => {
  const EVENTS = [
    ["Transfer-Encoding: chunked\r\n", "", (i: number) => `9\r\ndata: ${i}\n\n\r\n`],
    ["", "Connection: close\r\n", (i: number) => `data: ${i}\n\n`],
  ] as const;
  let stream = Promise.withResolvers<Deno.TcpConn>();
  await using app = answerer((_head, conn) => Promise.resolve(stream.resolve(conn)));
  await using proxy = await Proxy.start({ config: httpConfig(app.port) });
  for (const [fields, added, event] of EVENTS) {
    stream = Promise.withResolvers();
    using client = await Caller.connect(proxy.ports.http);
    await client.say(ask("/"));
    const conn = await soon("the request", stream.promise);
    await writeAll(conn, latin1(`HTTP/1.1 200 OK\r\n${fields}\r\n`));
    await client.hear(`HTTP/1.1 200 OK\r\n${fields}${added}\r\n`);
    for (let i = 0; i < 5; i++) {
      await writeAll(conn, latin1(event(i)));
      await client.hear(event(i));
    }
  }
});

/** What becomes of a request whose backend connection dies with it, after having served before. */
const DYING: readonly { readonly request: string; readonly repeated: boolean }[] = [
  { request: ask("/x"), repeated: true },
  { request: ask("/x", "", "HEAD"), repeated: true },
  { request: ask("/x", "", "OPTIONS"), repeated: true },
  { request: ask("/x", "", "TRACE"), repeated: true },
  { request: ask("/x", "", "DELETE"), repeated: true },
  { request: ask("/x", "", "PUT"), repeated: true },
  { request: ask("/x", "Content-Length: 2\r\n", "PUT") + "hi", repeated: false },
  { request: ask("/x", "Transfer-Encoding: chunked\r\n", "GET") + "0\r\n\r\n", repeated: false },
  { request: ask("/x", "", "POST"), repeated: false },
  { request: ask("/x", "", "PATCH"), repeated: false },
  { request: ask("/x", "", "get"), repeated: false },
];

Deno.test("a request on a dead connection is sent once more if that is safe, and else never", async (t) => {
  const served = new Set<Deno.TcpConn>();
  const seen: string[] = [];
  await using app = answerer(async (head, conn) => {
    seen.push(head);
    if (served.has(conn)) return false;
    served.add(conn);
    await writeAll(conn, latin1("HTTP/1.1 204 No Content\r\n\r\n"));
  });
  await using proxy = await Proxy.start({ config: httpConfig(app.port) });
  const port = proxy.ports.http;
  for (const { request, repeated } of DYING) {
    await t.step(request.replaceAll("\r\n", "|"), async () => {
      assertEquals(statuses(await say(port, ask("/"))), [204]);
      seen.length = 0;
      assertEquals(statuses(await say(port, request)), [repeated ? 204 : 502]);
      const head = request.slice(0, request.indexOf("\r\n\r\n") + 4);
      assertEquals(seen, repeated ? [head, head] : [head]);
      // What the next step begins with is to be an old connection, too.
      if (repeated) assertEquals(statuses(await say(port, ask("/", "", "POST"))), [502]);
    });
  }
});

Deno.test("a request is not sent a third time", async () => {
  let count = 0;
  await using app = answerer(async (_head, conn) => {
    if (++count > 1) return false;
    await writeAll(conn, latin1(answer("ok")));
  });
  await using proxy = await Proxy.start({ config: httpConfig(app.port) });
  assertEquals(await say(proxy.ports.http, ask("/")), answer("ok"));
  assertEquals(statuses(await say(proxy.ports.http, ask("/"))), [502]);
  assertEquals(count, 3);
});

Deno.test("a backend that goes away between two requests gives 502 to the second one", async () => {
  const app = answerer(mirror);
  await using proxy = await Proxy.start({ config: httpConfig(app.port) });
  using client = await Caller.connect(proxy.ports.http);
  await client.say(ask("/1"));
  await client.hear(answer("/1"));
  await app[Symbol.asyncDispose]();
  await client.say(ask("/2"));
  assertEquals(statuses(await client.hearOut()), [502]);
});

Deno.test("a backend that does not answer in time gives 504, also behind an interim answer", async () => {
  await using app = answerer(async (head, conn) => {
    if (head.includes("/interim")) await writeAll(conn, latin1("HTTP/1.1 100 Continue\r\n\r\n"));
  });
  await using proxy = await Proxy.start({
    config: httpConfig(app.port, "timeouts: { idle: 300ms }"),
  });
  assertEquals(statuses(await say(proxy.ports.http, ask("/"))), [504]);
  assertEquals(statuses(await say(proxy.ports.http, ask("/interim"))), [100, 504]);
  await until("the access log", () => proxy.access.length === 2);
  assertEquals(proxy.access.map(({ end }) => end), ["backend_timeout", "backend_timeout"]);
});

Deno.test("a backend that hangs up behind an interim answer gives 502", async () => {
  await using app = answerer(async (_head, conn) => {
    await writeAll(conn, latin1("HTTP/1.1 100 Continue\r\n\r\n"));
    return false;
  });
  await using proxy = await Proxy.start({ config: httpConfig(app.port) });
  assertEquals(statuses(await say(proxy.ports.http, ask("/"))), [100, 502]);
});

Deno.test("a second request whose head does not come in time gets 408", async () => {
  await using app = answerer(mirror);
  await using proxy = await Proxy.start({
    config: httpConfig(app.port, "timeouts: { client_hello: 300ms }"),
  });
  using client = await Caller.connect(proxy.ports.http);
  await client.say(ask("/1"));
  await client.hear(answer("/1"));
  await client.say("GET /2 HTTP/1.1\r\nHost: app");
  assertEquals(statuses(await client.hearOut()), [408]);
  await client.end();
  await until("the access log", () => proxy.access.length === 2);
  assertEquals(proxy.access.map(({ end }) => end), ["done", "too_slow"]);
});

Deno.test("a client that asks nothing more is left without a word, and that is no second line in the log", async () => {
  await using app = answerer(mirror);
  await using proxy = await Proxy.start({
    config: httpConfig(app.port, "timeouts: { idle: 300ms }"),
  });
  using client = await Caller.connect(proxy.ports.http);
  await client.say(ask("/1"));
  await client.hear(answer("/1"));
  assertEquals(await client.hearOut(), "");
  await until(
    "its end",
    async () => await proxy.metric("sniproxy_connections_active") === 0,
  );
  assertEquals(proxy.access.length, 1);
});

Deno.test("a client that leaves within its second head is logged as one that left", async () => {
  await using app = answerer(mirror);
  await using proxy = await Proxy.start({ config: httpConfig(app.port) });
  assertEquals(await say(proxy.ports.http, ask("/1") + "GET /2 HT"), answer("/1"));
  await until("the access log", () => proxy.access.length === 2);
  assertEquals(proxy.access.map(({ end }) => end), ["done", "left"]);
});

Deno.test("the access log has a line for each request, with its own bytes", async () => {
  await using app = answerer(mirror);
  await using proxy = await Proxy.start({
    config: httpConfig(app.port).replace(
      "routes: [",
      `routes: [{ name: no, hosts: ["no.test"], action: reject }, `,
    ),
  });
  const requests = [ask("/one"), ask("/three"), ask("/").replace("app.test", "no.test")];
  const got = await say(proxy.ports.http, requests.join(""));
  assertEquals(statuses(got), [200, 200, 403]);
  await until("the access log", () => proxy.access.length === 3);
  const backend = `127.0.0.1:${app.port}`;
  const lines = proxy.access.map(({ name, route, backend, status, tx, end }) => (
    { name, route, backend, status, tx, end }
  ));
  const answered = { name: "app.test", route: "app", backend, status: 200, end: "done" };
  assertEquals(lines, [
    { ...answered, tx: answer("/one").length },
    { ...answered, tx: answer("/three").length },
    {
      ...{ name: "no.test", route: undefined, backend: undefined, status: undefined },
      tx: got.length - answer("/one").length - answer("/three").length,
      end: "rejected",
    },
  ]);
  // Requests that come together are read together, but no byte is counted twice.
  assertEquals(
    proxy.access.reduce((sum, { rx }) => sum + Number(rx), 0),
    requests.join("").length,
  );
});

Deno.test("a client that breaks off its upload takes the backend's connection with it", async () => {
  const ended = Promise.withResolvers<string>();
  await using app = serve(async (conn) => ended.resolve(await lastWords(conn)));
  await using proxy = await Proxy.start({ config: httpConfig(app.port) });
  const upload = ask("/", "Content-Length: 10\r\n", "PUT") + "hello";
  assertEquals(await say(proxy.ports.http, upload), "");
  assertEquals(await soon("the end", ended.promise), upload);
  await until("the access log", () => proxy.access.length === 1);
  assertEquals(proxy.access[0].end, "client_reset");
});

Deno.test("a client that is answered in the middle of its upload gets the answer", async () => {
  await using app = serve(async (conn) => {
    await conn.read(new Uint8Array(4096));
    await writeAll(conn, latin1(answer("enough", "Connection: close\r\n")));
    await lastWords(conn);
  });
  await using proxy = await Proxy.start({ config: httpConfig(app.port) });
  using client = await Caller.connect(proxy.ports.http);
  await client.say(ask("/", `Content-Length: ${2 ** 40}\r\n`, "PUT") + "hello");
  // It is not told to close, for nobody knew yet whether it would be done in time.
  assertEquals(await client.hearOut(), answer("enough"));
});
