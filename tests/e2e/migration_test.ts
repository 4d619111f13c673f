import { assert, assertEquals } from "@std/assert";
import { parseConfig } from "../../src/config/load.ts";
import { writeAll } from "../relay/sockets.ts";
import { type DaemonOptions, startDaemon } from "./daemon.ts";
import { freePorts, Proxy } from "./harness.ts";
import { type Backend, connectTo, hello, lastWords, serve } from "./peers.ts";
import { e2eTest } from "./tools.ts";

const guides = new URL("../../docs/migration/", import.meta.url);

/** The last parts of the addresses in the guides, which are what their servers say. */
const SERVERS = ["11", "12", "13", "14", "99"];

const NAMES: Readonly<Record<string, string>> = {
  "shop.example.com": "11",
  "SHOP.example.com": "11",
  "a.shop.example.com": "12",
  "a.b.shop.example.com": "12",
  "api7.example.com": "13",
  "api.example.com": "99",
  "other.example": "99",
  "shopXexample.com": "99",
};

/** Where the original differs, as its guide says. */
const DIFFERENT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  sniproxy: { "SHOP.example.com": "99" },
};

/** The blocks of a guide in one language. */
async function blocks(guide: string, language: string): Promise<string[]> {
  const text = await Deno.readTextFile(new URL(guide, guides));
  return [...text.matchAll(new RegExp("^```" + language + "\\n([^]*?)^```$", "gm"))]
    .map(([, block]) => block);
}

/** A server that says who it is to whoever says anything. */
function speaker(name: string): Backend {
  return serve(async (conn) => {
    await conn.read(new Uint8Array(4096));
    await writeAll(conn, new TextEncoder().encode(name));
    await conn.closeWrite();
    await conn.read(new Uint8Array(1));
  });
}

async function ask(port: number, name: string): Promise<string> {
  using conn = await connectTo(port);
  await writeAll(conn, hello(name));
  return await lastWords(conn);
}

/** What is around the block of a guide so that it runs here, and how. */
type Run = (block: string, home: string) => Pick<DaemonOptions, "args" | "files">;

const PROGRAMS: Readonly<Record<string, [guide: string, run: Run]>> = {
  nginx: ["nginx-stream.md", (block) => ({
    args: (home) => ["-p", home, "-c", `${home}/nginx.conf`, "-e", "stderr"],
    files: (home) => ({
      "nginx.conf": `load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off; master_process off; pid ${home}/pid; events {}
${block}`,
    }),
  })],
  haproxy: ["haproxy.md", (block) => ({
    args: (home) => ["-db", "-f", `${home}/haproxy.cfg`],
    files: () => ({ "haproxy.cfg": block }),
  })],
  sniproxy: ["sniproxy.md", (block) => ({
    args: (home) => ["-f", "-c", `${home}/sniproxy.conf`],
    files: (home) => ({
      "sniproxy.conf": `${block}\npidfile ${home}/pid\nerror_log { filename /dev/stderr }\n`,
    }),
  })],
};

for (const [tool, [guide, run]] of Object.entries(PROGRAMS)) {
  e2eTest(
    `what ${guide} translates leads to the same backends as the original`,
    [tool],
    async () => {
      const servers = SERVERS.map(speaker);
      try {
        const [original, translated, endpoint] = freePorts(3);
        const here = (text: string, port: number): string =>
          SERVERS.reduce(
            (all, name, i) => all.replaceAll(`10.0.0.${name}:443`, `127.0.0.1:${servers[i].port}`),
            text.replace("0.0.0.0:443", `127.0.0.1:${port}`),
          );
        const [source] = await blocks(guide, "conf");
        const [yaml] = await blocks(guide, "yaml");
        await using _daemon = await startDaemon({
          tool,
          ...run(here(source, original), ""),
          ports: [original],
        });
        await using _proxy = await Proxy.start({
          config: `${here(yaml, translated)}metrics: { address: "127.0.0.1:${endpoint}" }\n`,
        });
        for (const [name, expected] of Object.entries(NAMES)) {
          assertEquals(await ask(translated, name), expected, `${name}, here`);
          const there = DIFFERENT[tool]?.[name] ?? expected;
          assertEquals(await ask(original, name), there, `${name}, ${tool}`);
        }
      } finally {
        await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
      }
    },
  );
}

Deno.test("a file of SNIProxy-rs loads unchanged, with a warning for what has no effect", async () => {
  const [yaml] = await blocks("sniproxy-rs.md", "yaml");
  const loaded = parseConfig(yaml);
  assert(loaded.ok, JSON.stringify(loaded));
  assertEquals(loaded.warnings.map(({ path }) => path), ["udp_listen_addrs"]);
  assertEquals([loaded.config.forward.enabled, loaded.config.maxConnections], [true, 10_000]);
});
