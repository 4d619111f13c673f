import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { parse } from "@std/yaml";
import { listOf, mappingOf } from "../../src/config/fields.ts";
import type { End } from "../../src/observe/summary.ts";
import { type Reason, REASONS } from "../../src/route/refusal.ts";
import { inVain, type Live, liveSeries } from "../docs/promql.ts";
import { readAll, writeAll } from "../relay/sockets.ts";
import { type AccessLine, freePorts, Proxy, until } from "./harness.ts";
import { connectTo, h2c, hello, lastWords, request, serve } from "./peers.ts";
import { resettingBackend } from "./resets.ts";

const root = new URL("../../", import.meta.url);

const read = (path: string): string => Deno.readTextFileSync(new URL(path, root));

const encoder = new TextEncoder();

/** Ends that are no refusals: all of them, or this does not compile. */
const OTHER_ENDS: Record<Exclude<End, Reason>, true> = {
  done: true,
  left: true,
  client_reset: true,
  backend_reset: true,
  idle_timeout: true,
  half_closed_timeout: true,
  shutdown: true,
  internal_error: true,
};

/** Values that labels may have, whether or not a test can bring them about. */
const WORDS = { error_type: [...Object.keys(REASONS), ...Object.keys(OTHER_ENDS)] };

/** Traffic of each kind; what `/metrics` says of it, and the access log. */
async function observe(): Promise<{ exposed: string; live: Live; access: readonly AccessLine[] }> {
  await using tunnels = serve(async (conn) => {
    await readAll(conn);
    await writeAll(conn, new Uint8Array(10));
  });
  await using web = serve(async (conn) => {
    const buffer = new Uint8Array(4096);
    const answer = encoder.encode("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    while (await conn.read(buffer) !== null) await writeAll(conn, answer);
  });
  await using breaking = await resettingBackend();
  const [down] = freePorts(1);
  await using proxy = await Proxy.start({
    config: `
listen_addrs: ["127.0.0.1:$TLS"]
metrics: { address: "127.0.0.1:$METRICS" }
routes:
  - { name: shop, hosts: [shop.test], backends: ["127.0.0.1:${tunnels.port}"] }
  - { name: web, hosts: [web.test], backends: ["127.0.0.1:${web.port}"] }
  - { name: breaking, hosts: [breaking.test], backends: ["127.0.0.1:${breaking.port}"] }
  - { name: down, hosts: [down.test], backends: ["127.0.0.1:${down}"] }
`,
  });
  const get = new TextDecoder().decode(request("web.test"));
  const visits = [
    hello("shop.test"),
    encoder.encode(get + get),
    h2c("shop.test"),
    hello("breaking.test"),
    hello("down.test"),
    hello("no.test"),
    new Uint8Array(),
  ];
  for (const said of visits) {
    const conn = await connectTo(proxy.ports.tls);
    try {
      await writeAll(conn, said);
      await conn.closeWrite();
      await lastWords(conn);
    } finally {
      conn.close();
    }
  }
  await until("the access log", () => proxy.access.length === visits.length + 1);
  await until("the end", async () => await proxy.metric("sniproxy_connections_active") === 0);
  const { body } = await proxy.ask("/metrics");
  return { exposed: body, live: liveSeries(body), access: proxy.access };
}

/** The rows of the table under a heading, or behind a sentence, as lists of cells. */
function table(page: string, after: string): string[][] {
  const from = page.indexOf(after);
  assert(from !== -1, after);
  const [lines] = page.slice(from).match(/(?:^\|.*\n)+/m) ?? [""];
  return lines.trim().split("\n").slice(2).map((line) =>
    line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim().replace(/^`(\w+)`$/, "$1"))
  );
}

/** Every expression of the dashboard, with where it stands. */
function inDashboard(): [string, string][] {
  const dashboard = mappingOf(JSON.parse(read("deploy/grafana/sniproxy.json")));
  const panels = listOf(dashboard.panels).map(mappingOf).flatMap(({ title, targets }) =>
    listOf(targets).map(mappingOf).map(({ expr }): [string, string] => [`${title}`, `${expr}`])
  );
  const variables = listOf(mappingOf(dashboard.templating).list).map(mappingOf)
    .filter(({ type }) => type === "query")
    .map(({ name, definition }): [string, string] => {
      const [, series, label] = /^label_values\((.*), (\w+)\)$/.exec(`${definition}`) ?? [];
      return [`$${name}`, `group by (${label}) (${series})`];
    });
  return [...panels, ...variables];
}

function inAlerts(): [string, string][] {
  const { groups } = mappingOf(parse(read("deploy/prometheus/alerts.yaml")));
  return listOf(groups).map(mappingOf).flatMap(({ rules }) =>
    listOf(rules).map(mappingOf).map(({ alert, expr }): [string, string] => [`${alert}`, `${expr}`])
  );
}

function inPages(): [string, string][] {
  const pages = [...Deno.readDirSync(new URL("docs", root))].filter(({ name }) =>
    name.endsWith(".md")
  );
  return pages.flatMap(({ name }) =>
    [...read(`docs/${name}`).matchAll(/^```promql\n(.*?)^```$/gms)].flatMap(([, block]) =>
      block.split(/\n\n+/).map((expression): [string, string] => [name, expression])
    )
  );
}

Deno.test("what is written about logs and metrics is what there is", async (t) => {
  const { exposed, live, access } = await observe();
  const page = read("docs/observability.md");

  for (
    const [what, expressions, least] of [
      ["the dashboard", inDashboard(), 30],
      ["the alerts", inAlerts(), 10],
      ["the pages", inPages(), 5],
    ] as const
  ) {
    await t.step(`${what} ask for nothing that does not exist`, () => {
      assertGreaterOrEqual(expressions.length, least);
      for (const [where, expression] of expressions) {
        assertEquals(inVain(expression, live, WORDS), [], `${where}: ${expression}`);
      }
    });
  }

  await t.step("the page has every metric, with its labels and meaning", () => {
    const metrics = [...exposed.matchAll(/^# HELP (sniproxy_\w+) (.*)$/gm)].map(
      ([, name, help]) => {
        const series = ["", "_bucket"].flatMap((suffix) => live.get(name + suffix) ?? []);
        const labels = new Set(series.flatMap((each) => Object.keys(each)));
        labels.delete("le");
        return [name, [...labels].map((label) => `\`${label}\``).sort().join(", "), help];
      },
    );
    const told = table(page, "## Metrics").map(([name, labels, help]) => [
      name,
      labels.split(", ").map((label) => label === "" ? "" : `\`${label.replaceAll("`", "")}\``)
        .sort().join(", "),
      help,
    ]);
    assertEquals(told.toSorted(), metrics.toSorted());
  });

  await t.step("the page has every field of the access log", () => {
    const fields = new Set(access.flatMap((line) => Object.keys(line)));
    assertEquals(table(page, "## Access log").map(([field]) => field).sort(), [...fields].sort());
  });

  await t.step("the page has every end, and the reasons in their words", () => {
    assertEquals(table(page, "turned away:"), Object.entries(REASONS));
    assertEquals(table(page, "All others:").map(([end]) => end), Object.keys(OTHER_ENDS));
  });

  await t.step("the page has every alert", () => {
    assertEquals(
      table(page, "under `rule_files`").map(([alert]) => alert),
      inAlerts().map(([name]) => name),
    );
  });

  await t.step(
    "the page has every step of a connection, every message, and none that is never logged",
    () => {
      const sources = ["src", "src/observe", "src/workers"].flatMap((folder) =>
        [...Deno.readDirSync(new URL(folder, root))].filter(({ isFile }) => isFile)
          .map(({ name }) => read(`${folder}/${name}`))
      ).join("\n");
      const steps = [...sources.matchAll(/\.step\(\s*"([^"]+)"/g)].map(([, message]) => message);
      const told = table(page, "### Steps").map(([message]) => message);
      assertEquals(told.sort(), [...new Set(steps)].sort());
      const messages = table(page, "## Log\n").flatMap(([, cell]) =>
        cell.includes(":") ? [cell] : cell.split(/, (?!the old|and )/)
      );
      for (const message of messages) assert(sources.includes(`"${message}`), message);
      for (const [, logged] of sources.matchAll(/\blog\??\.(?:info|warn|error)\(\s*"([^"]+)"/g)) {
        assert(messages.some((message) => logged.startsWith(message)), logged);
      }
    },
  );
});
