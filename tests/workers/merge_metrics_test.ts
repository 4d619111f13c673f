import { assertEquals } from "@std/assert";
import { Metrics } from "../../src/observe/metrics.ts";
import { countersOf, mergeMetrics, withoutOffers } from "../../src/workers/merge_metrics.ts";

/** One worker's metrics: so many connections, and whether its backend is up. */
function metrics(connections: number, up: boolean): Metrics {
  const each = new Metrics("1.2.3", {
    activeConnections: () => connections,
    maxConnections: () => 10,
    droppedLogLines: () => 1,
    pooled: () => new Map([["a", connections]]),
    backends: () => [{ route: "a", backend: "b:1", up }],
  }, false);
  each.counts("a").rx += connections * 100;
  for (let i = 0; i < connections; i++) {
    each.connected("a", 2);
    each.ended(
      { id: "", client: "", listener: "", protocol: "tls", route: "a", rx: 0, tx: 0 },
      "done",
    );
  }
  return each;
}

const LINES =
  /^sniproxy_(?:connections_(?:total|active|max)|bytes|backend_|pool_size|build|log)\S*(?:_count)?\S* .*$/gm;

async function lines(text: Promise<string>): Promise<string[]> {
  return [...(await text).matchAll(LINES)].map(([line]) => line)
    .filter((line) => !line.includes("_bucket") && !line.includes("_sum"));
}

Deno.test("counters, histograms and gauges of workers add up", async () => {
  const parts = await Promise.all(
    [metrics(1, true), metrics(3, false)].map((each) => each.snapshot()),
  );
  assertEquals(await lines(mergeMetrics(parts).metrics()), [
    `sniproxy_connections_total{protocol="tls",status="success"} 4`,
    `sniproxy_backend_connect_seconds_count{route="a"} 4`,
    `sniproxy_bytes_transferred_total{route="a",direction="rx"} 400`,
    `sniproxy_bytes_transferred_total{route="a",direction="tx"} 0`,
    `sniproxy_pool_size{route="a"} 4`,
    `sniproxy_backend_up{route="a",backend="b:1"} 0`,
    `sniproxy_connections_active 4`,
    `sniproxy_connections_max 20`,
    `sniproxy_log_lines_dropped_total 2`,
    `sniproxy_build_info{version="1.2.3"} 1`,
  ]);
});

Deno.test("what a worker has counted outlives it, and what it was does not", async () => {
  const [gone, alive] = await Promise.all(
    [metrics(2, true), metrics(1, true)].map((each) => each.snapshot()),
  );
  // Merged twice, as with two that are gone.
  const past = await mergeMetrics([[], countersOf(gone)]).getMetricsAsJSON();
  const all = await lines(mergeMetrics([alive, past]).metrics());
  const value = (name: string): string | undefined =>
    all.find((line) => line.startsWith(name))?.split(" ").at(-1);
  assertEquals(value("sniproxy_connections_total"), "3");
  assertEquals(value("sniproxy_backend_connect_seconds_count"), "3");
  assertEquals(value("sniproxy_connections_active"), "1");
});

Deno.test("a worker that finishes has no room and no say", async () => {
  const [leaving, alive] = await Promise.all(
    [metrics(2, false), metrics(1, true)].map((each) => each.snapshot()),
  );
  const all = await lines(mergeMetrics([alive, withoutOffers(leaving)]).metrics());
  assertEquals(all.filter((line) => /_max|_up|_active|_total\{protocol/.test(line)), [
    `sniproxy_connections_total{protocol="tls",status="success"} 3`,
    `sniproxy_backend_up{route="a",backend="b:1"} 1`,
    `sniproxy_connections_active 3`,
    `sniproxy_connections_max 10`,
  ]);
});
