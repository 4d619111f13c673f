import { assertEquals } from "@std/assert";
import { curl, openssl } from "./clients.ts";
import { Proxy, until } from "./harness.ts";
import { startNginx } from "./nginx.ts";
import { e2eTest } from "./tools.ts";

const tools = ["nginx", "openssl", "curl"];

const TOP = `
listen_addrs: ["127.0.0.1:$HTTP", "127.0.0.1:$TLS"]
metrics: { address: "127.0.0.1:$METRICS" }
`;

e2eTest(
  "a route with alpn takes the hellos that offer it, another one the rest",
  tools,
  async () => {
    await using nginx = await startNginx({
      "h2.test": ["one.test"],
      "acme.test": ["one.test"],
      "rest.test": ["one.test"],
    });
    const { "h2.test": h2, "acme.test": acme, "rest.test": rest } = nginx.sites;
    await using proxy = await Proxy.start({
      config: `${TOP}
routes:
  - { name: acme, hosts: ["one.test"], alpn: [acme-tls/1], backends: ["127.0.0.1:${acme.tls}"] }
  - { name: h2, hosts: ["one.test"], alpn: [h2, h3], backends: ["127.0.0.1:${h2.tls}"] }
  - { name: rest, hosts: ["one.test"], backends: ["127.0.0.1:${rest.tls}"] }
  - { name: h2-only, hosts: ["two.test"], alpn: [h2], backends: ["127.0.0.1:${h2.tls}"] }
`,
    });
    const cases: [name: string, alpn: string | undefined, subject?: string, alert?: number][] = [
      ["one.test", "h2", "h2.test"],
      ["one.test", "http/1.1,h2", "h2.test"],
      ["one.test", "http/1.1", "rest.test"],
      ["one.test", undefined, "rest.test"],
      ["two.test", "h2", "h2.test"],
      ["two.test", "http/1.1", undefined, 112],
      ["two.test", "H2", undefined, 112],
      ["two.test", undefined, undefined, 112],
    ];
    for (const [name, alpn, subject, alert] of cases) {
      const got = await openssl(proxy.ports.tls, { name, trust: nginx.trust, alpn });
      assertEquals([got.subject, got.alert], [subject, alert], `${name} with ${alpn}`);
    }
    // No server speaks acme-tls/1, so this handshake fails, but it does so where it was sent to.
    await openssl(proxy.ports.tls, { name: "one.test", trust: nginx.trust, alpn: "acme-tls/1" });
    await until("the access log", () => proxy.access.length === cases.length + 1);
    assertEquals(proxy.access.filter((line) => line.route === "acme").length, 1);
  },
);

e2eTest("protocols and listen decide between routes of the same name", tools, async () => {
  await using nginx = await startNginx({ "one.test": ["one.test"], "two.test": ["one.test"] });
  const { "one.test": one, "two.test": two } = nginx.sites;
  await using proxy = await Proxy.start({
    config: `${TOP}
routes:
  - hosts: ["one.test"]
    protocols: [tls]
    listen: ["127.0.0.1:$HTTP"]
    backends: ["127.0.0.1:${two.tls}"]
  - { hosts: ["one.test"], protocols: [tls], backends: ["127.0.0.1:${one.tls}"] }
  - hosts: ["one.test"]
    protocols: [http]
    listen: ["127.0.0.1:$TLS"]
    backends: ["127.0.0.1:${two.http}"]
  - { hosts: ["one.test"], protocols: [http], backends: ["127.0.0.1:${one.http}"] }
  - { hosts: ["tls.test"], protocols: [tls], backends: ["127.0.0.1:${one.tls}"] }
  - { hosts: ["http.test"], protocols: [http], backends: ["127.0.0.1:${one.http}"] }
`,
  });
  const { http, tls } = proxy.ports;
  const trust = ["--cacert", nginx.trust];
  const body = async (port: number, url: string): Promise<string> =>
    (await curl(port, url, trust)).body;
  assertEquals(await body(tls, "https://one.test/name"), "one.test one.test");
  assertEquals(await body(http, "https://one.test/name"), "two.test one.test");
  assertEquals(await body(http, "http://one.test/name"), "one.test one.test");
  assertEquals(await body(tls, "http://one.test/name"), "two.test one.test");

  const refused = await openssl(tls, { name: "http.test", trust: nginx.trust });
  assertEquals([refused.subject, refused.alert], [undefined, 112]);
  assertEquals((await curl(http, "http://tls.test/name")).status, 421);
  assertEquals((await curl(http, "http://tls.test/name", ["--http2-prior-knowledge"])).status, 421);
  assertEquals((await curl(http, "http://http.test/name")).status, 200);
});

e2eTest("reject takes a name out of a wider rule, wherever it stands", tools, async () => {
  await using nginx = await startNginx({ "star.test": ["*.star.test"] });
  const { tls, http } = nginx.sites["star.test"];
  await using proxy = await Proxy.start({
    config: `${TOP}
routes:
  - { hosts: ["*.star.test"], protocols: [tls], backends: ["127.0.0.1:${tls}"] }
  - { hosts: ["*.star.test"], protocols: [http], backends: ["127.0.0.1:${http}"] }
  - { name: closed, hosts: ["*.closed.star.test", "bad.star.test"], action: reject }
fallback: { backends: ["127.0.0.1:${tls}"] }
`,
  });
  const expected: Record<string, [subject: string | undefined, alert?: number, status?: number]> = {
    "a.star.test": ["star.test", undefined, 200],
    "bad.star.test": [undefined, 112, 403],
    "BAD.star.test.": [undefined, 112, 403],
    "a.closed.star.test": [undefined, 112, 403],
    "closed.star.test": ["star.test", undefined, 200],
  };
  for (const [name, outcome] of Object.entries(expected)) {
    const { subject, alert } = await openssl(proxy.ports.tls, { name, trust: nginx.trust });
    const { status } = await curl(proxy.ports.http, `http://${name}/name`);
    assertEquals([subject, alert, status], outcome, name);
  }
});

e2eTest("what is not on the allowlist is refused, even with a route", tools, async () => {
  await using nginx = await startNginx({ "one.test": ["*.test"] });
  const { tls, http } = nginx.sites["one.test"];
  await using proxy = await Proxy.start({
    config: `${TOP}
allowlist: ["one.test", "*.star.test", "*suffix.test"]
routes:
  - { hosts: ["*.test"], protocols: [tls], backends: ["127.0.0.1:${tls}"] }
  - { hosts: ["*.test"], protocols: [http], backends: ["127.0.0.1:${http}"] }
`,
  });
  const expected: Record<string, boolean> = {
    "one.test": true,
    "ONE.test.": true,
    "a.one.test": false,
    "star.test": true,
    "a.b.star.test": true,
    "mystar.test": false,
    "my-suffix.test": true,
    "two.test": false,
  };
  for (const [name, allowed] of Object.entries(expected)) {
    const { subject, alert } = await openssl(proxy.ports.tls, { name, trust: nginx.trust });
    assertEquals([subject, alert], allowed ? ["one.test", undefined] : [undefined, 112], name);
    const { status } = await curl(proxy.ports.http, `http://${name}/name`);
    assertEquals(status, allowed ? 200 : 403, name);
  }
});
