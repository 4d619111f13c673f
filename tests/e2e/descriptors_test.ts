import { assert, assertEquals, assertRejects } from "@std/assert";
import { freePorts, Proxy, soon, until } from "./harness.ts";
import {
  appConfig,
  close,
  connectTo,
  echo,
  exchange,
  h2c,
  hello,
  lastWords,
  resetAfterFirstByte,
  serve,
  tunnelTo,
} from "./peers.ts";
import { e2eTest } from "./tools.ts";
import { writeAll } from "../relay/sockets.ts";

const ping = new TextEncoder().encode("ping");

/** Does something many times, so many at a time. */
async function repeat(
  count: number,
  atOnce: number,
  act: (i: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (next < count) await act(next++);
  }));
}

/** The sum of all series of `sniproxy_connections_total`. */
async function total(proxy: Proxy): Promise<number> {
  const { body } = await proxy.ask("/metrics");
  return body.matchAll(/^sniproxy_connections_total\{.*\} (\d+)$/gm)
    .reduce((sum, [, value]) => sum + Number(value), 0);
}

/** Waits until nobody is connected, and no more descriptors are open than before. */
async function untilBack(proxy: Proxy, baseline: number): Promise<void> {
  await until("all connections to end", async () => {
    return await proxy.metric("sniproxy_connections_active") === 0;
  });
  await until(`at most ${baseline} descriptors to be open`, async () => {
    return await proxy.descriptors() <= baseline;
  });
}

/** A tunnel through the proxy, used once. */
async function visit(port: number): Promise<void> {
  using client = await tunnelTo(port);
  await exchange(client, ping);
}

const bursts: Record<string, readonly [opening: Uint8Array, refusal: RegExp]> = {
  TLS: [hello("app.test"), /^$/],
  // What is not the echo of the preface is an answer.
  h2c: [h2c("app.test"), /^(?!PRI ).*503/s],
};
for (const [protocol, [opening, refusal]] of Object.entries(bursts)) {
  e2eTest(`600 ${protocol} clients at 256 descriptors are served or refused, and all comes back`, [
    "prlimit",
  ], async () => {
    await using backend = serve(echo);
    await using proxy = await Proxy.start({
      config: appConfig(backend.port),
      through: ["prlimit", "--nofile=256:256"],
    });
    await repeat(20, 5, () => visit(proxy.ports.tls));
    await until("the warm-up to end", async () => await total(proxy) === 20);
    const baseline = await proxy.descriptors();
    const pid = await proxy.pid();
    const echoed = new TextDecoder("latin1").decode(opening);

    for (let round = 0; round < 3; round++) {
      let arrived = 0;
      const everybody = Promise.withResolvers<void>();
      const answers = await Promise.all(Array.from({ length: 600 }, async () => {
        using client = await connectTo(proxy.ports.tls);
        await writeAll(client, opening);
        // Nobody leaves before all are there, so that they do come at once.
        if (++arrived === 600) everybody.resolve();
        await everybody.promise;
        await client.closeWrite();
        return await lastWords(client);
      }));
      assertEquals(answers.filter((said) => said !== echoed && !refusal.test(said)), []);
      assert(answers.includes(echoed), "some were served");
      await repeat(100, 20, () => visit(proxy.ports.tls));
      await untilBack(proxy, baseline);
      assertEquals(await proxy.pid(), pid);
    }
    assert(proxy.logged("out of file descriptors"), "there was a shortage at all");
    assertEquals(proxy.log.filter((line) => line.includes(`"level":"error"`)), []);
  });
}

/** Runs out of descriptors, with clients that stay until told to leave. */
async function shortage(
  use: (proxy: Proxy, clients: ReadonlyMap<Deno.TcpConn, string>) => Promise<void>,
): Promise<void> {
  await using backend = serve(echo);
  await using proxy = await Proxy.start({
    config: appConfig(backend.port),
    through: ["prlimit", "--nofile=256:256"],
  });
  const clients = new Map<Deno.TcpConn, string>();
  const answers: Promise<void>[] = [];
  try {
    for (let i = 0; i < 600; i++) {
      const client = await connectTo(proxy.ports.http);
      clients.set(client, "");
      await writeAll(client, h2c("app.test"));
      answers.push(firstWords(client).then((said) => void clients.set(client, said)));
    }
    await until("the shortage", () => proxy.logged("out of file descriptors"));
    await use(proxy, clients);
  } finally {
    for (const client of clients.keys()) close(client);
    await Promise.all(answers);
  }
}

/** The beginning of an answer; nothing if none comes. */
async function firstWords(conn: Deno.TcpConn): Promise<string> {
  const buffer = new Uint8Array(12);
  try {
    const count = await conn.read(buffer);
    return new TextDecoder().decode(buffer.subarray(0, count ?? 0));
  } catch {
    return "";
  }
}

e2eTest(
  "the endpoint and a clean exit outlive a shortage of descriptors",
  ["prlimit"],
  async () => {
    await shortage(async (proxy, clients) => {
      // What becomes of these is for the shortage to say; what they do to the endpoint is what matters.
      const asked = Promise.allSettled(Array.from({ length: 5 }, () => proxy.ask("/ready")));
      for (const client of clients.keys()) close(client);
      await soon("answers or refusals", asked);
      await until("everybody to be gone", () => proxy.access.length === 600);
      assertEquals((await proxy.ask("/ready")).status, 200);
      proxy.signal("SIGTERM");
      assertEquals((await proxy.exit()).code, 0);
    });
  },
);

e2eTest("a shortage leaves as many places as there is room for", ["prlimit"], async () => {
  await shortage(async (proxy, clients) => {
    const refused = (): Deno.TcpConn[] =>
      [...clients].filter(([, said]) => said.startsWith("\0\0\0\x04")).map(([client]) => client);
    await until("somebody to be refused", () => refused().length > 0);
    const last = new Set(refused());
    for (const client of clients.keys()) if (!last.has(client)) close(client);
    await until("all but the refused to be gone", () => {
      return proxy.access.length >= clients.size - last.size;
    });
    for (const client of last) close(client);
    await until("everybody to be gone", () => proxy.access.length === clients.size);

    const wanted = 40;
    const together = Array.from({ length: wanted }, () => tunnelTo(proxy.ports.tls));
    const served = await Promise.allSettled(together);
    for (const each of served) if (each.status === "fulfilled") close(each.value);
    assertEquals(served.filter((each) => each.status === "fulfilled").length, wanted);
  });
});

Deno.test("after 5,000 mixed connections everything is as before, and all are counted", async () => {
  const chunk = new Uint8Array(16384);
  await using backend = serve(echo);
  await using resetting = serve(resetAfterFirstByte);
  await using flood = serve(async (conn) => {
    for (;;) await writeAll(conn, chunk);
  });
  const [dead] = freePorts(1);
  const config = appConfig(backend.port, "", [
    `{ hosts: ["resetting.test"], backends: ["127.0.0.1:${resetting.port}"] }`,
    `{ hosts: ["flood.test"], backends: ["127.0.0.1:${flood.port}"] }`,
    `{ hosts: ["dead.test"], backends: ["127.0.0.1:${dead}"] }`,
    `{ hosts: ["blocked.test"], action: reject }`,
  ]);
  await using proxy = await Proxy.start({ config });
  const port = proxy.ports.tls;

  /** Says something, reads the answer to its end, and leaves. */
  const says = (bytes: Uint8Array) => async (): Promise<void> => {
    using client = await connectTo(port);
    await writeAll(client, bytes);
    await lastWords(client);
  };
  const kinds: readonly (readonly [end: string, act: () => Promise<void>])[] = [
    ["done", () => visit(port)],
    ["done", async (): Promise<void> => {
      using client = await tunnelTo(port);
      await client.closeWrite();
      assertEquals(await lastWords(client), "");
    }],
    ["client_reset", async (): Promise<void> => {
      using client = await connectTo(port);
      await client.write(hello("flood.test"));
      await resetAfterFirstByte(client);
    }],
    ["backend_reset", async (): Promise<void> => {
      using client = await connectTo(port);
      await client.write(hello("resetting.test"));
      await assertRejects(async () => {
        for (;;) await client.write(chunk);
      }, Error);
    }],
    ["left", async (): Promise<void> => {
      using client = await connectTo(port);
      await client.write(hello("app.test").subarray(0, 3));
    }],
    ["rejected", says(hello("blocked.test"))],
    ["backend_refused", says(hello("dead.test"))],
    ["unknown_protocol", says(new Uint8Array(10))],
  ];
  const act = (i: number): Promise<void> => kinds[i % kinds.length][1]();

  const warmUp = 200;
  await repeat(warmUp, 50, act);
  await until("the warm-up to end", async () => await total(proxy) === warmUp);
  const baseline = await proxy.descriptors();

  const count = 5_000;
  await repeat(count, 50, act);
  await until("all to be counted", async () => await total(proxy) >= warmUp + count);
  assertEquals(await total(proxy), warmUp + count);
  await untilBack(proxy, baseline);

  await until("the access log", () => proxy.access.length === warmUp + count);
  const ends = Object.groupBy(proxy.access, (line) => String(line.end));
  const each = (warmUp + count) / kinds.length;
  assertEquals(
    Object.fromEntries(Object.entries(ends).map(([end, lines = []]) => [end, lines.length])),
    Object.fromEntries(kinds.map(([end]) => [end, end === "done" ? 2 * each : each])),
  );
});
