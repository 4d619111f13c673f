import { assertEquals, assertGreaterOrEqual } from "@std/assert";
import { readAll, writeAll } from "../relay/sockets.ts";
import { alpn, messageWith, records, serverName } from "../sniff/hello_builder.ts";
import { latin1 } from "../sniff/hex.ts";
import { selfSigned } from "./certificates.ts";
import { startDaemon } from "./daemon.ts";
import { startHaproxy } from "./haproxy.ts";
import { freePorts, Proxy, soon, until } from "./harness.ts";
import { connectTo, h2c, hello, request } from "./peers.ts";
import { ANSWER, block, type End, endOf, line, listening } from "./proxy_headers.ts";
import { Caller } from "./raw_http.ts";
import { e2eTest, run } from "./tools.ts";

function chars(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** A hello that offers protocols by ALPN. */
function offering(...ids: string[]): string {
  return chars(records(messageWith(serverName("app.test"), alpn(...ids))));
}

const HELLO = chars(hello("app.test"));
const GET = chars(request("app.test"));
const H2C = chars(h2c("app.test"));

const ALPN = 1;
const AUTHORITY = [2, "app.test"] as const;

function config(backend: number, version: string, more = "", listener = ""): string {
  return `listen_addrs: [{ address: "127.0.0.1:$HTTP" ${listener} }]
metrics: { address: "127.0.0.1:$METRICS" }
${more}
routes:
  - { name: app, hosts: ["app.test"], backends: ["127.0.0.1:${backend}"], proxy_protocol: ${version} }
fallback: { backends: ["127.0.0.1:${backend}"], proxy_protocol: ${version} }
`;
}

/** Each as it is and with what version 2 says besides the addresses. */
const clients: readonly [text: string, facts: readonly (readonly [number, string])[]][] = [
  [HELLO, [AUTHORITY]],
  [offering("h2"), [[ALPN, "h2"], AUTHORITY]],
  [offering("h2", "http/1.1"), [AUTHORITY]],
  [GET, [AUTHORITY]],
  [GET.replace("GET", "POST").replace("\r\n\r\n", "\r\nContent-Length: 4\r\n\r\nbody"), [
    AUTHORITY,
  ]],
  [H2C, [AUTHORITY]],
  ["SSH-2.0-OpenSSH_9.2\r\n", []],
];
const TEXTS = clients.map(([text]) => text);

/** Has a client say something and hear the answer. Returns where it was, and what it spoke to. */
async function ask(port: number, text: string): Promise<{ client: End; local: End }> {
  using conn = await connectTo(port);
  await writeAll(conn, latin1(text));
  await conn.closeWrite();
  assertEquals(chars(await soon("an answer", readAll(conn))), ANSWER);
  return { client: endOf(conn.localAddr), local: { host: "127.0.0.1", port } };
}

function headerOf(version: string, client: End, local: End, facts: typeof clients[0][1]): string {
  return version === "v1" ? line(client, local) : block(client, local, facts);
}

for (const version of ["v1", "v2"]) {
  for (const preconnect of ["off", "3"]) {
    const sockets = preconnect === "off" ? "a new socket" : "a warm one";
    Deno.test(`a backend reads a header of ${version} before anything else, on ${sockets}`, async () => {
      await using backend = listening(...TEXTS);
      const pool = `connection_pool: { preconnect: ${preconnect} }`;
      await using proxy = await Proxy.start({ config: config(backend.port, version, pool) });
      if (preconnect !== "off") await until("warm sockets", () => backend.accepted === 6);
      const expected: string[] = [];
      for (const [text, facts] of clients) {
        const { client, local } = await ask(proxy.ports.http, text);
        expected.push(headerOf(version, client, local, facts) + text);
      }
      assertEquals(backend.heard, expected);
      const hits = await proxy.metric('sniproxy_pool_hits_total{route="app"}');
      if (preconnect === "off") assertEquals(hits, 0);
      else assertGreaterOrEqual(hits, 3);
    });
  }

  Deno.test(`no two requests share a socket to a backend that reads ${version}`, async () => {
    await using backend = listening(GET);
    await using proxy = await Proxy.start({ config: config(backend.port, version) });
    const local = { host: "127.0.0.1", port: proxy.ports.http };
    const expected: string[] = [];
    for (let i = 0; i < 3; i++) {
      using conn = await connectTo(proxy.ports.http);
      await writeAll(conn, latin1(GET + GET));
      await conn.closeWrite();
      assertEquals(chars(await soon("two answers", readAll(conn))), ANSWER + ANSWER);
      const header = headerOf(version, endOf(conn.localAddr), local, [AUTHORITY]);
      expected.push(header + GET, header + GET);
    }
    assertEquals(backend.heard, expected);
    assertEquals(await proxy.metric('sniproxy_keep_alive_reuses_total{route="app"}'), 0);
  });
}

const CLIENT: End = { host: "192.0.2.7", port: 56324 };
const SITE: End = { host: "198.51.100.1", port: 443 };
const CLIENT6: End = { host: "2001:db8:0:0:0:0:0:7", port: 56324 };
const SITE6: End = { host: "2001:db8:0:0:0:0:0:1", port: 443 };

Deno.test("what one proxy says of a client arrives behind the next one", async () => {
  await using backend = listening(...TEXTS);
  const trusting = ", proxy_protocol: true";
  for (const version of ["v1", "v2"]) {
    const text = config(backend.port, version, "", trusting);
    await using proxy = await Proxy.start({ config: text });
    for (const [client, site] of [[CLIENT, SITE], [CLIENT6, SITE6]]) {
      for (const header of [line(client, site), block(client, site, [[2, "other.test"]])]) {
        for (const [said, facts] of clients) {
          const before = backend.heard.length;
          await ask(proxy.ports.http, header + said);
          const short = (end: End): End => ({
            ...end,
            host: end.host.replace(":0:0:0:0:0:", "::"),
          });
          const expected = version === "v1"
            ? line(short(client), short(site))
            : block(client, site, facts);
          assertEquals(backend.heard.slice(before), [expected + said]);
        }
      }
    }
  }
});

Deno.test("two clients of one proxy keep their addresses, however they take turns", async () => {
  await using backend = listening(GET);
  const text = config(backend.port, "v1", "", ", proxy_protocol: true");
  await using proxy = await Proxy.start({ config: text });
  const ends = [CLIENT, { host: "192.0.2.8", port: 1024 }];
  using first = await Caller.connect(proxy.ports.http);
  using second = await Caller.connect(proxy.ports.http);
  await first.say(line(ends[0], SITE));
  await second.say(line(ends[1], SITE));
  const expected: string[] = [];
  for (let i = 0; i < 6; i++) {
    const caller = [first, second][i % 2];
    await caller.say(GET);
    await caller.hear(ANSWER);
    expected.push(line(ends[i % 2], SITE) + GET);
  }
  assertEquals(backend.heard, expected);
});

Deno.test("a header that a reload turns on or off is on no socket that has served before", async () => {
  await using backend = listening(...TEXTS);
  await using proxy = await Proxy.start({ config: config(backend.port, "off") });
  assertEquals((await ask(proxy.ports.http, GET)).client.host, "127.0.0.1");
  for (const [index, version] of ["v1", "off", "v2", "v1", "off"].entries()) {
    await proxy.rewrite(config(backend.port, version));
    proxy.signal("SIGHUP");
    const reloads = 'sniproxy_config_reloads_total{result="success"}';
    await until("a reload", async () => await proxy.metric(reloads) === index + 1);
    const before = [...backend.heard];
    const expected: string[] = [];
    for (const text of [GET, HELLO, GET, HELLO]) {
      const { client, local } = await ask(proxy.ports.http, text);
      if (version !== "off") expected.push(headerOf(version, client, local, [AUTHORITY]) + text);
    }
    const [old, young] = [
      backend.heard.slice(0, before.length),
      backend.heard.slice(before.length),
    ];
    if (version !== "off") assertEquals([old, young], [before, expected]);
    else assertEquals(young.filter((each) => each !== HELLO && !each.startsWith(GET)), []);
  }
});

e2eTest(
  "an nginx behind it, with an HAProxy in front, logs where the client is",
  ["nginx", "haproxy", "openssl", "curl"],
  async () => {
    const { certificate, key } = await selfSigned("app", ["app.test"]);
    const [http, tls, front] = freePorts(3);
    await using nginx = await startDaemon({
      tool: "nginx",
      args: (home) => ["-p", home, "-c", `${home}/nginx.conf`, "-e", "stderr"],
      files: (home) => ({
        "site.pem": certificate + key,
        "nginx.conf": `
daemon off;
master_process off;
error_log stderr warn;
pid ${home}/nginx.pid;
events {}
http {
  log_format client "$proxy_protocol_addr:$proxy_protocol_port $scheme";
  access_log ${home}/access.log client;
  client_body_temp_path ${home}/body;
  proxy_temp_path ${home}/proxy;
  fastcgi_temp_path ${home}/fastcgi;
  uwsgi_temp_path ${home}/uwsgi;
  scgi_temp_path ${home}/scgi;
  server {
    listen 127.0.0.1:${http} proxy_protocol;
    listen 127.0.0.1:${tls} ssl proxy_protocol;
    ssl_certificate ${home}/site.pem;
    ssl_certificate_key ${home}/site.pem;
    return 200 "$proxy_protocol_addr:$proxy_protocol_port";
  }
}
`,
      }),
      ports: [http, tls],
    });
    for (const version of ["v1", "v2"]) {
      await using proxy = await Proxy.start({
        config: `listen_addrs: [{ address: "127.0.0.1:$HTTP", proxy_protocol: true }]
metrics: { address: "127.0.0.1:$METRICS" }
routes:
  - { hosts: ["app.test"], protocols: [http], backends: ["127.0.0.1:${http}"], proxy_protocol: ${version} }
  - { hosts: ["app.test"], protocols: [tls], backends: ["127.0.0.1:${tls}"], proxy_protocol: ${version} }
`,
      });
      await using _haproxy = await startHaproxy(front, proxy.ports.http);
      for (const scheme of ["http", "https"]) {
        const { stdout } = await run("curl", [
          ...["-q", "--noproxy", "*", "--silent", "--show-error", "--max-time", "15"],
          ...["--connect-to", `::127.0.0.1:${front}`, "--cacert", `${nginx.home}/site.pem`],
          ...["--interface", "127.0.0.9", "--write-out", " %{local_ip}:%{local_port}"],
          `${scheme}://app.test/`,
        ]);
        const [seen, own] = stdout.split(" ");
        assertEquals(seen, own, stdout);
        await until("a line of nginx", async () => {
          const logged = await Deno.readTextFile(`${nginx.home}/access.log`);
          return logged.endsWith(`${own} ${scheme}\n`);
        });
        await until("the access log", () => proxy.access.some(({ client }) => client === own));
      }
    }
  },
);
