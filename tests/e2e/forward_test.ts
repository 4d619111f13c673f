import { assertEquals } from "@std/assert";
import { curl, openssl } from "./clients.ts";
import { Proxy, until } from "./harness.ts";
import { startNginx } from "./nginx.ts";
import { close, connectTo, hello, lastWords, request, serve } from "./peers.ts";
import { e2eTest } from "./tools.ts";
import { writeAll } from "../relay/sockets.ts";

const UNRECOGNIZED_NAME = "\x15\x03\x01\x00\x02\x02\x70";

/** Sends bytes and gives what comes back up to the end. */
async function ask(port: number, bytes: Uint8Array): Promise<string> {
  using conn = await connectTo(port);
  await writeAll(conn, bytes);
  return await lastWords(conn);
}

e2eTest(
  "names are forwarded to the addresses they are known by, once these are allowed",
  ["nginx", "openssl", "curl"],
  async () => {
    await using nginx = await startNginx({ "one.test": ["one.test"], "two.test": ["two.test"] });
    const { "one.test": one, "two.test": two } = nginx.sites;
    await using proxy = await Proxy.start({
      config: `
listen_addrs: ["127.0.0.1:$HTTP", "127.0.0.1:$TLS"]
metrics: { address: "127.0.0.1:$METRICS" }
routes: [{ hosts: ["two.test"], protocols: [tls], backends: ["127.0.0.1:${two.tls}"] }]
dns: { hosts: { "one.test": ["127.0.0.1"], "two.test": ["::ffff:127.0.0.1"] } }
forward:
  enabled: true
  ports: { tls: ${one.tls}, http: ${one.http} }
  allow_networks: ["127.0.0.0/8"]
`,
    });
    const { http, tls } = proxy.ports;
    const trust = ["--cacert", nginx.trust];
    const { body } = await curl(tls, "https://one.test/name", trust);
    assertEquals(body, "one.test one.test", "to ports.tls");
    assertEquals((await curl(http, "http://ONE.test./name")).body, "one.test one.test");
    const other = `http://one.test:${two.http}/name`;
    assertEquals((await curl(http, other)).body, "two.test one.test", "a port in Host wins");
    const prior = await curl(http, `http://one.test:${two.h2c}/name`, ["--http2-prior-knowledge"]);
    assertEquals(prior.body, "two.test one.test", "a port in :authority wins");
    assertEquals((await curl(http, "http://two.test/name")).body, "one.test two.test", "mapped");
    const { subject } = await openssl(tls, { name: "two.test", trust: nginx.trust });
    assertEquals(subject, "two.test", "a route comes before the name itself");

    await until("the access log", () => proxy.access.length === 6);
    const lines = proxy.access.map(({ route, backend, end }) => `${route} ${backend} ${end}`);
    assertEquals(
      lines.sort(),
      [
        `forward one.test:${one.tls} done`,
        `forward one.test:${one.http} done`,
        `forward one.test:${two.http} done`,
        `forward one.test:${two.h2c} done`,
        `forward two.test:${one.http} done`,
        `two.test 127.0.0.1:${two.tls} done`,
      ].sort(),
    );
  },
);

Deno.test("a name that leads to this machine is refused unless that is allowed, and nothing is dialled", async () => {
  await using backend = serve(() => Promise.resolve());
  await using proxy = await Proxy.start({
    config: `
listen_addrs: ["127.0.0.1:$HTTP", "127.0.0.1:$TLS"]
metrics: { address: "127.0.0.1:$METRICS" }
dns:
  hosts:
    v4.test: ["127.0.0.1"]
    other.test: ["127.1.2.3"]
    any.test: ["0.0.0.0"]
    v6.test: ["::1"]
    mapped.test: ["::ffff:127.0.0.1"]
    nat64.test: ["64:ff9b::7f00:1"]
    both.test: ["10.0.0.1", "127.0.0.1"]
forward: { ports: { tls: ${backend.port}, http: ${backend.port} } }
`,
  });
  const names = ["v4", "other", "any", "v6", "mapped", "nat64", "both"].map((each) =>
    `${each}.test`
  );
  // The system knows this one by itself.
  for (const name of [...names, "localhost"]) {
    assertEquals(await ask(proxy.ports.tls, hello(name)), UNRECOGNIZED_NAME, name);
    const answer = await ask(proxy.ports.http, request(name));
    assertEquals(answer.slice(0, 13), "HTTP/1.1 403 ", name);
  }
  await until("the access log", () => proxy.access.length === 2 * (names.length + 1));
  assertEquals(new Set(proxy.access.map((line) => line.end)), new Set(["denied_network"]));
  assertEquals(backend.accepted, 0);
});

/** A listener on one address, and one on all of them, which every loopback address leads to. */
const selves: Record<string, { readonly listen: string; readonly addresses: readonly string[] }> = {
  "its listener": { listen: "127.0.0.1", addresses: ["127.0.0.1", "::ffff:127.0.0.1", "0.0.0.0"] },
  "its listener on every address": {
    listen: "0.0.0.0",
    addresses: ["127.0.0.1", "127.9.9.9", "0.0.0.0", "::ffff:127.0.0.1"],
  },
};

for (const [what, { listen, addresses }] of Object.entries(selves)) {
  Deno.test(`a name that leads back to ${what} is refused at once, whatever is allowed`, async () => {
    const hosts = addresses.map((address, i) => `"me${i}.test": ["${address}"]`).join(", ");
    await using proxy = await Proxy.start({
      config: `
listen_addrs: ["${listen}:$HTTP", "${listen}:$TLS"]
metrics: { address: "127.0.0.1:$METRICS" }
dns: { hosts: { ${hosts} } }
forward:
  ports: { tls: $TLS, http: $HTTP }
  allow_networks: ["0.0.0.0/0", "::/0"]
`,
    });
    const { http, tls, metrics } = proxy.ports;
    for (let i = 0; i < addresses.length; i++) {
      const name = `me${i}.test`;
      assertEquals(await ask(tls, hello(name)), UNRECOGNIZED_NAME, addresses[i]);
      for (const host of [name, `${name}:${tls}`]) {
        const answer = await ask(http, request(host));
        assertEquals(answer.slice(0, 13), "HTTP/1.1 403 ", addresses[i]);
      }
    }
    assertEquals((await ask(http, request(`me0.test:${metrics}`))).slice(0, 13), "HTTP/1.1 403 ");

    const made = 3 * addresses.length + 1;
    await until("the access log", () => proxy.access.length === made);
    assertEquals(new Set(proxy.access.map((line) => line.end)), new Set(["denied_network"]));
    // Had one of them looped, there would have been more.
    close(await connectTo(http));
    await until("one more, that left", () => proxy.access.length > made);
    assertEquals(proxy.access.slice(made).map((line) => line.end), ["left"]);
  });
}
