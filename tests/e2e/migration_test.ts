import { assert, assertEquals, assertMatch } from "@std/assert";
import { type DaemonOptions, startDaemon } from "./daemon.ts";
import { Proxy } from "./harness.ts";
import { ask, blocks, type Question, Servers } from "./migration_peers.ts";
import { e2eTest } from "./tools.ts";

/** What is asked for, and which servers may answer: here, and, where its guide says that it differs, there. */
type Case = [question: Question, here: string, there?: string];

/** A program, and how its part of a guide runs here. */
interface Original {
  readonly guide: string;
  run(block: string): Pick<DaemonOptions, "args" | "files">;
  readonly cases: readonly Case[];
}

function tls(name: string, more: Partial<Question> = {}): Question {
  return { port: 443, name, ...more };
}

function http(name: string): Question {
  return { port: 80, name, protocol: "http" };
}

const ACME: Partial<Question> = { alpn: ["acme-tls/1"] };

const ORIGINALS: Readonly<Record<string, Original>> = {
  nginx: {
    guide: "nginx-stream.md",
    run: (block) => ({
      args: (home) => ["-p", home, "-c", `${home}/nginx.conf`, "-e", "stderr"],
      files: (home) => ({
        "nginx.conf": `load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off; master_process off; pid ${home}/pid; events {}
${block}`,
      }),
    }),
    cases: [
      [tls("shop.example.com"), "11 v1 127.0.0.1"],
      [tls("SHOP.example.com"), "11 v1 127.0.0.1"],
      [tls("a.shop.example.com"), "12 v1 127.0.0.1"],
      [tls("a.b.shop.example.com"), "12 v1 127.0.0.1"],
      [tls("docs.example.com"), "15 or 16 v1 127.0.0.1"],
      [tls("a.docs.example.com"), "15 or 16 v1 127.0.0.1"],
      [tls("api7.example.com"), "13 v1 127.0.0.1"],
      [tls("api.example.com"), "99 v1 127.0.0.1"],
      [tls("shopXexample.com"), "99 v1 127.0.0.1"],
      [tls("shop.example.com", ACME), "17 v1 127.0.0.1"],
      [tls("a.shop.example.com", ACME), "17 v1 127.0.0.1"],
      [tls("other.example", ACME), "17 v1 127.0.0.1"],
      [tls("shop.example.com", { alpn: ["h2", "http/1.1"] }), "11 v1 127.0.0.1"],
      [
        tls("shop.example.com", { alpn: ["h2", "acme-tls/1"] }),
        "17 v1 127.0.0.1",
        "11 v1 127.0.0.1",
      ],
    ],
  },
  haproxy: {
    guide: "haproxy.md",
    run: (block) => ({
      args: (home) => ["-db", "-f", `${home}/haproxy.cfg`],
      files: () => ({ "haproxy.cfg": block }),
    }),
    cases: [
      [tls("shop.example.com"), "11 v2 127.0.0.1"],
      [tls("SHOP.example.com"), "11 v2 127.0.0.1"],
      [tls("shop.example.com", { port: 8443, from: "192.0.2.7" }), "11 v2 192.0.2.7"],
      [tls("a.shop.example.com", { port: 8443, from: "192.0.2.7" }), "12"],
      [tls("a.b.SHOP.example.com"), "12"],
      [tls("admin.shop.example.com"), "refused"],
      [tls("api7.example.com"), "13"],
      [tls("api.example.com"), "99"],
      [tls("other.example"), "99"],
      [tls("shop.example.com", ACME), "17"],
      [tls("a.shop.example.com", ACME), "12"],
      [http("shop.example.com"), "18"],
      [http("other.example"), "refused"],
    ],
  },
  sniproxy: {
    guide: "sniproxy.md",
    run: (block) => ({
      args: (home) => ["-f", "-c", `${home}/sniproxy.conf`],
      files: (home) => ({
        "sniproxy.conf": block.replaceAll(/\/var\/\S*\//g, `${home}/`)
          .replace("syslog daemon", "filename /dev/stderr"),
      }),
    }),
    cases: [
      [tls("shop.example.com"), "11 v1 127.0.0.1"],
      [tls("SHOP.example.com"), "11 v1 127.0.0.1", "99"],
      [tls("a.shop.example.com"), "12"],
      [tls("a.b.shop.example.com"), "12"],
      [tls("api7.example.com"), "13"],
      [tls("api.example.com"), "99"],
      [tls("shopXexample.com"), "99"],
      [http("shop.example.com"), "18"],
      [http("other.example"), "refused"],
    ],
  },
};

for (const [tool, { guide, run, cases }] of Object.entries(ORIGINALS)) {
  e2eTest(
    `what ${guide} translates leads to the same backends as the original`,
    [tool],
    async () => {
      const [source] = await blocks(guide, "conf");
      const [yaml] = await blocks(guide, "yaml");
      await using servers = new Servers();
      const original = servers.here(source);
      const translated = servers.here(yaml);
      await using _daemon = await startDaemon({
        tool,
        ...run(original.text),
        ports: [...original.ports.values()],
      });
      await using proxy = await Proxy.start({ config: withEndpoint(translated.text) });
      assertEquals(proxy.log.filter((line) => line.includes('"warn"')), []);
      for (const [question, here, there = here] of cases) {
        const asked = JSON.stringify(question);
        assertIsOf(await ask(question, portOf(translated, question)), here, `${asked}, here`);
        assertIsOf(await ask(question, portOf(original, question)), there, `${asked}, ${tool}`);
      }
    },
  );
}

/** Its proxy in front is this machine, and its endpoint is where nobody else is. */
function withEndpoint(yaml: string): string {
  const front = yaml.replace("10.0.1.0/24", "127.0.0.0/8");
  return `${front}metrics: { address: "127.0.0.1:$METRICS" }\n`;
}

function portOf({ ports }: { ports: ReadonlyMap<number, number> }, { port }: Question): number {
  const moved = ports.get(port);
  assert(moved !== undefined, `the guide listens on ${port}`);
  return moved;
}

/** Asserts that an answer is the expected one, or one of two: "15 or 16 v1". */
function assertIsOf(answer: string, expected: string, message: string): void {
  const [, one, other, rest] = /^(\w+) or (\w+)(.*)$/.exec(expected) ?? [];
  if (one === undefined) assertEquals(answer, expected, message);
  else assert([one + rest, other + rest].includes(answer), `${answer}, ${message}`);
}

Deno.test("names that sniproxy.md leads to themselves get there, and no others", async () => {
  const [, yaml] = await blocks("sniproxy.md", "yaml");
  await using servers = new Servers();
  const moved = servers.here(yaml);
  const known = ["a.example.org", "example.org", "other.example"].map((name) =>
    `"${name}": ["127.0.0.1"]`
  );
  const ports = `{ tls: ${servers.portOf("21")} }`;
  const config = moved.text
    .replace(/enabled: true/, `enabled: true, ports: ${ports}, allow_networks: ["127.0.0.0/8"]`)
    .replace('servers: ["10.0.0.53"]', `hosts: { ${known.join()} }`);
  await using _proxy = await Proxy.start({ config: withEndpoint(config) });
  const cases: Record<string, string> = {
    "mirror.example.org": "11",
    "a.example.org": "21",
    "example.org": "21",
    "other.example": "refused",
  };
  for (const [name, expected] of Object.entries(cases)) {
    assertEquals(await ask(tls(name), portOf(moved, tls(name))), expected, name);
  }
});

Deno.test("a file of SNIProxy-rs does what it says, and says what has no effect", async () => {
  const [yaml] = await blocks("sniproxy-rs.md", "yaml");
  await using servers = new Servers();
  // Its UDP port is nobody's.
  const [file, ignored] = yaml.split(/^(?=udp_listen_addrs)/m);
  const moved = servers.here(file);
  const port = servers.portOf("21");
  const known = ["shop.example.com", "a.shop.example.com", "other.example"].map((name) =>
    `"${name}": ["127.0.0.1"]`
  );
  // What it would find in DNS, on ports that are free here.
  const around =
    `forward: { ports: { tls: ${port}, http: ${port} }, allow_networks: ["127.0.0.0/8"] }
dns: { hosts: { ${known.join()} } }
`;
  const config = moved.text.replace("127.0.0.1:9090", "127.0.0.1:$METRICS") + ignored + around;
  await using proxy = await Proxy.start({ config });
  const warnings = proxy.log.filter((line) => line.includes("has no effect here"));
  const keys = [
    "udp_listen_addrs",
    "quic_config",
    "http3_config",
    "protocol_routing",
    "ssh_routes",
  ];
  assertEquals(warnings.length, keys.length, proxy.log.join("\n"));
  for (const key of keys) assert(warnings.some((line) => line.includes(key)), key);
  const cases: [Question, string][] = [
    [tls("shop.example.com"), "21"],
    [tls("a.SHOP.example.com"), "21"],
    [tls("other.example"), "refused"],
    [http("shop.example.com"), "21"],
    [http("other.example"), "refused"],
  ];
  for (const [question, expected] of cases) {
    assertEquals(await ask(question, portOf(moved, question)), expected, question.name);
  }
  const { body } = await proxy.ask("/metrics");
  assertMatch(body, /^sniproxy_connections_total\{protocol="tls",status="[a-z]+"\} [0-9]/m);
});
