import { assert, assertEquals } from "@std/assert";
import { freePorts, Proxy, soon, until } from "./harness.ts";
import {
  appConfig,
  type Backend,
  close,
  connectTo,
  echo,
  exchange,
  hello,
  isRefused,
  lastWords,
  later,
  serve,
  tunnelTo,
} from "./peers.ts";
import { writeAll } from "../relay/sockets.ts";
import { latin1 } from "../sniff/hex.ts";
import { answerer, Caller } from "./raw_http.ts";

const ping = new TextEncoder().encode("ping");

/** Fatal alert unrecognized_name, RFC 6066, 3. */
const UNRECOGNIZED_NAME = "\x15\x03\x01\x00\x02\x02\x70";

type Outcome = "success" | "failure";

function reloads(proxy: Proxy, result: Outcome): Promise<number> {
  return proxy.metric(`sniproxy_config_reloads_total{result="${result}"}`);
}

/** Has the proxy read its file again, and waits until it has counted the result. */
async function reload(proxy: Proxy, result: Outcome): Promise<void> {
  const before = await reloads(proxy, result);
  proxy.signal("SIGHUP");
  await until(
    `a reload to be a ${result}`,
    async () => await reloads(proxy, result) === before + 1,
  );
}

Deno.test("SIGHUP swaps the rules, and tunnels go on by the ones they started with", async () => {
  await using blue = serve(echo);
  await using green = serve(echo);
  await using proxy = await Proxy.start({ config: appConfig(blue.port) });
  using old = await tunnelTo(proxy.ports.tls);

  await proxy.rewrite(appConfig(green.port));
  await reload(proxy, "success");
  using changed = await tunnelTo(proxy.ports.tls);
  assertEquals([blue.accepted, green.accepted], [1, 1]);

  await proxy.rewrite(appConfig(green.port).replace("app.test", "other.test"));
  await reload(proxy, "success");
  using refused = await connectTo(proxy.ports.tls);
  await writeAll(refused, hello("app.test"));
  assertEquals(await lastWords(refused), UNRECOGNIZED_NAME);
  using other = await tunnelTo(proxy.ports.tls, "other.test");

  for (const each of [old, changed, other]) await exchange(each, ping);
  assertEquals([blue.accepted, green.accepted], [1, 2]);
});

Deno.test("SIGHUP to the serving process works as well as to the task", async () => {
  await using backend = serve(echo);
  await using proxy = await Proxy.start({ config: appConfig(backend.port) });
  Deno.kill(await proxy.pid(), "SIGHUP");
  await until("a reload", async () => await reloads(proxy, "success") === 1);
  assertEquals(await reloads(proxy, "failure"), 0);
});

Deno.test("a file that is replaced by another one is read like one that was edited", async () => {
  await using blue = serve(echo);
  await using green = serve(echo);
  await using proxy = await Proxy.start({ config: appConfig(blue.port) });
  await proxy.rewrite(appConfig(green.port));
  await Deno.rename(proxy.file, `${proxy.file}.new`);
  await reload(proxy, "failure");
  (await tunnelTo(proxy.ports.tls)).close();
  await Deno.rename(`${proxy.file}.new`, proxy.file);
  await reload(proxy, "success");
  (await tunnelTo(proxy.ports.tls)).close();
  assertEquals([blue.accepted, green.accepted], [1, 1]);
});

Deno.test("an HTTP connection goes on to the backend it was led to before a reload", async () => {
  const named = (body: string): Backend =>
    answerer(async (_head, conn) => {
      await writeAll(
        conn,
        latin1(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
      );
    });
  await using blue = named("blue");
  await using green = named("green");
  await using proxy = await Proxy.start({ config: appConfig(blue.port) });
  using old = await Caller.connect(proxy.ports.http);
  const request = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";
  const hear = async (caller: Caller, body: string): Promise<void> => {
    await caller.say(request);
    await caller.hear(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  };
  await hear(old, "blue");
  await proxy.rewrite(appConfig(green.port));
  await reload(proxy, "success");
  using later = await Caller.connect(proxy.ports.http);
  for (let i = 0; i < 2; i++) {
    await hear(old, "blue");
    await hear(later, "green");
  }
  // Nobody new is led to blue, so no socket to it is kept.
  assertEquals([blue.accepted, green.accepted], [3, 1]);
  assertEquals(await proxy.metric(`sniproxy_pool_size{route="app"}`), 1);
});

Deno.test("listeners are added and removed, and tunnels of a removed one go on", async () => {
  await using backend = serve(echo);
  await using proxy = await Proxy.start({ config: appConfig(backend.port) });
  const [added] = freePorts(1);
  assert(await isRefused(added));
  using old = await tunnelTo(proxy.ports.http);

  await proxy.rewrite(appConfig(backend.port).replace("$HTTP", String(added)));
  await reload(proxy, "success");
  assert(await isRefused(proxy.ports.http));
  for (const port of [added, proxy.ports.tls]) (await tunnelTo(port)).close();
  await exchange(old, ping);

  await proxy.rewrite(appConfig(backend.port));
  await reload(proxy, "success");
  assert(await isRefused(added));
  for (const port of [proxy.ports.http, proxy.ports.tls]) (await tunnelTo(port)).close();
  await exchange(old, ping);
});

Deno.test("a listener that is kept refuses nobody while everything else changes", async () => {
  await using blue = serve(echo);
  await using green = serve(echo);
  await using proxy = await Proxy.start({ config: appConfig(blue.port) });
  const [moving] = freePorts(1);
  const configs = [
    appConfig(green.port).replace("$HTTP", String(moving)),
    appConfig(blue.port, "timeouts: { client_hello: 5 }"),
  ];
  let reloading = true;
  let served = 0;
  const clients = later(Promise.all(Array.from({ length: 4 }, async () => {
    while (reloading) {
      using client = await tunnelTo(proxy.ports.tls);
      await exchange(client, ping);
      served++;
    }
  })));
  try {
    for (let i = 0; i < 20; i++) {
      await proxy.rewrite(configs[i % 2]);
      await reload(proxy, "success");
      const before = served;
      await until("a client to be served", () => served > before);
    }
  } finally {
    reloading = false;
    await soon("the clients to finish", clients);
  }
  assertEquals(await reloads(proxy, "failure"), 0);
  assert(blue.accepted > 0 && green.accepted > 0, "both configurations served clients");
});

Deno.test("the endpoint moves with its address, whoever is connected to the old one", async () => {
  await using backend = serve(echo);
  await using proxy = await Proxy.start({ config: appConfig(backend.port) });
  const [moved] = freePorts(1);
  // Prometheus keeps its connection between scrapes.
  using idle = await connectTo(proxy.ports.metrics);
  await writeAll(idle, new TextEncoder().encode("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  await idle.read(new Uint8Array(4096));

  await proxy.rewrite(appConfig(backend.port).replace("$METRICS", String(moved)));
  proxy.signal("SIGHUP");
  await until("the reload", () => proxy.logged("configuration reloaded"));
  assert(await isRefused(proxy.ports.metrics));
  const answer = await fetch(`http://127.0.0.1:${moved}/metrics`, {
    headers: { connection: "close" },
  });
  const text = await answer.text();
  assert(text.includes(`sniproxy_config_reloads_total{result="success"} 1`));

  await proxy.rewrite(appConfig(backend.port));
  proxy.signal("SIGHUP");
  await until("the endpoint to be back", async () => !await isRefused(proxy.ports.metrics));
  assertEquals((await proxy.ask("/ready")).status, 200);
});

Deno.test("an invalid file changes nothing, is logged with its problems and is counted", async () => {
  await using backend = serve(echo);
  await using proxy = await Proxy.start({ config: appConfig(backend.port) });
  using old = await tunnelTo(proxy.ports.tls);
  const invalid: readonly (readonly [text: string, problems: readonly string[]])[] = [
    [
      appConfig(1, "max_connection: 5\nshutdown_timeout: soon"),
      [":3:1: max_connection: ", ":4:19: shutdown_timeout: "],
    ],
    ["listen_addrs: [", [`:`]],
    ["", [":1:1: "]],
  ];
  for (const [text, problems] of invalid) {
    await proxy.rewrite(text);
    const before = proxy.log.length;
    await reload(proxy, "failure");
    await until("the verdict", () => {
      return proxy.log.slice(before).some((line) => line.includes("configuration not reloaded"));
    });
    const logged = proxy.log.slice(before).map((line) => JSON.parse(line));
    assertEquals(logged.map((line) => line.level), [...problems, "verdict"].map(() => "error"));
    for (const [i, problem] of problems.entries()) {
      const { message } = logged[i];
      assert(message.startsWith(`${proxy.file}${problem}`), message);
    }
    (await tunnelTo(proxy.ports.tls)).close();
    (await tunnelTo(proxy.ports.http)).close();
    await exchange(old, ping);
  }
  assertEquals(await reloads(proxy, "success"), 0);
});

Deno.test("a new address that is in use changes nothing and is counted", async (test) => {
  await using blue = serve(echo);
  await using green = serve(echo);
  await using proxy = await Proxy.start({ config: appConfig(blue.port) });
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [free] = freePorts(1);
  const used = `127.0.0.1:${taken.addr.port}`;
  const changes: Record<string, (text: string) => string> = {
    "of a listener": (text) => text.replace(`["127`, `["127.0.0.1:${free}", "${used}", "127`),
    "of the endpoint": (text) =>
      text.replace(`["127`, `["127.0.0.1:${free}", "127`).replace("127.0.0.1:$METRICS", used),
  };
  for (const [name, change] of Object.entries(changes)) {
    await test.step(name, async () => {
      await proxy.rewrite(change(appConfig(green.port)));
      await reload(proxy, "failure");
      await until("it to be logged", () => proxy.logged(`cannot listen on ${used}`));
      assert(await isRefused(free), "nothing of the new configuration is left open");
      for (const port of [proxy.ports.tls, proxy.ports.http]) (await tunnelTo(port)).close();
      assertEquals(green.accepted, 0);
    });
  }
});

Deno.test("a reload while clients wait for a place gives them the places that were added", async () => {
  await using backend = serve(echo);
  await using proxy = await Proxy.start({ config: appConfig(backend.port, "max_connections: 1") });
  using _first = await tunnelTo(proxy.ports.tls);
  const waiting = Array.from({ length: 3 }, () => later(tunnelTo(proxy.ports.tls)));
  await proxy.rewrite(appConfig(backend.port, "max_connections: 4"));
  await reload(proxy, "success");
  for (const each of await Promise.all(waiting)) close(each);
});

Deno.test("the logs follow a reload", async () => {
  await using backend = serve(echo);
  await using proxy = await Proxy.start({ config: appConfig(backend.port) });
  await proxy.rewrite(appConfig(backend.port, "access_log: { enabled: false }"));
  await reload(proxy, "success");
  (await tunnelTo(proxy.ports.tls)).close();
  await until("the connection to end", async () => {
    return await proxy.metric(`sniproxy_connections_total{protocol="tls",status="success"}`) === 1;
  });

  await proxy.rewrite(appConfig(backend.port, "log: { level: error }"));
  await reload(proxy, "success");
  await until("the first reload to be logged", () => proxy.logged("configuration reloaded"));
  (await tunnelTo(proxy.ports.http)).close();
  await until("the access log", () => proxy.access.length > 0);
  assertEquals(proxy.access.map((line) => line.listener), [`127.0.0.1:${proxy.ports.http}`]);
  const reloaded = proxy.log.filter((line) => line.includes(`"message":"configuration reloaded"`));
  assertEquals(reloaded.length, 1);
});

Deno.test("--log-level goes before the level of the file, at the start and after a reload", async () => {
  await using backend = serve(echo);
  const config = appConfig(backend.port, "log: { level: error }");
  // Starting waits for a line of level info.
  await using proxy = await Proxy.start({ config, args: ["--log-level", "info"] });
  await reload(proxy, "success");
  await until("the reload to be logged", () => proxy.logged("configuration reloaded"));
});

Deno.test("a reload after the signal to stop opens nothing", async () => {
  await using backend = serve(echo);
  await using proxy = await Proxy.start({ config: appConfig(backend.port) });
  using client = await tunnelTo(proxy.ports.tls);
  proxy.signal("SIGTERM");
  await until("the drain to begin", () => proxy.logged("draining"));
  proxy.signal("SIGHUP");
  await exchange(client, ping);
  for (let i = 0; i < 3; i++) assertEquals((await proxy.ask("/ready")).status, 503);
  assertEquals(await reloads(proxy, "success"), 0);
  assert(await isRefused(proxy.ports.tls));
  client.closeWrite();
  assertEquals(await lastWords(client), "");
  assertEquals((await proxy.exit()).code, 0);
});

Deno.test("fifty reloads asked for at once leave the last configuration in force", async () => {
  await using blue = serve(echo);
  await using green = serve(echo);
  await using proxy = await Proxy.start({ config: appConfig(blue.port) });
  await proxy.rewrite(appConfig(green.port));
  for (let i = 0; i < 50; i++) proxy.signal("SIGHUP");
  await until("a reload", async () => await reloads(proxy, "success") > 0);
  (await tunnelTo(proxy.ports.tls)).close();
  assertEquals([blue.accepted, green.accepted], [0, 1]);
  assertEquals(await reloads(proxy, "failure"), 0);
});

Deno.test("with --watch, a change of the file is a reload", async () => {
  await using blue = serve(echo);
  await using green = serve(echo);
  await using proxy = await Proxy.start({ config: appConfig(blue.port), args: ["--watch"] });
  await proxy.rewrite(appConfig(green.port));
  await until("the reload", async () => await reloads(proxy, "success") === 1);
  (await tunnelTo(proxy.ports.tls)).close();
  await proxy.rewrite("listen_addrs: 7\n");
  await until("the refusal", async () => await reloads(proxy, "failure") === 1);
  (await tunnelTo(proxy.ports.tls)).close();
  assertEquals([blue.accepted, green.accepted], [0, 2]);
});
