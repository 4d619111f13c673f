import { assert, assertEquals } from "@std/assert";
import { Metrics } from "../../src/observe/metrics.ts";
import type { Summary } from "../../src/observe/summary.ts";

function summary(part: Partial<Summary>): Summary {
  return { id: "", client: "", listener: "", protocol: "tls", rx: 0, tx: 0, totalMs: 5, ...part };
}

async function series(metrics: Metrics): Promise<Map<string, number>> {
  const text = await metrics.expose();
  return new Map(
    text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).map((line) => {
      const end = line.lastIndexOf(" ");
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}

Deno.test("every metric of the contract is there, counted and live", async () => {
  let active = 3;
  const metrics = new Metrics("1.2.3", {
    activeConnections: () => active,
    maxConnections: () => 10,
    droppedLogLines: () => 7,
    pooled: () => new Map([["shop", 2]]),
    backends: () => [
      { route: "shop", backend: "10.0.0.1:443", up: true },
      { route: "shop", backend: "10.0.0.2:443", up: false },
    ],
  });
  const bytes = metrics.counts("shop");
  assert(metrics.counts("shop") === bytes);
  bytes.hits += 9;
  bytes.misses += 1;
  bytes.reuses += 4;
  bytes.rejections += 2;
  bytes.savedMs += 1500;
  bytes.active += 3;
  bytes.evictions.closed_by_backend += 6;
  bytes.rx += 10;
  bytes.tx += 20;
  metrics.counts(undefined).rx += 5;
  metrics.detected("tls");
  metrics.detected("tls");
  metrics.connected("shop", 3);
  metrics.ended(summary({ route: "shop", backend: "b" }), "done");
  metrics.ended(summary({ route: "shop", backend: "b" }), "backend_reset");
  metrics.ended(summary({ protocol: "http" }), "no_route");
  metrics.ended(summary({ protocol: "unknown" }), "left");
  metrics.reloaded("failure");
  for (
    const [name, value] of [
      ['sniproxy_connections_total{protocol="tls",status="success"}', 1],
      ['sniproxy_connections_total{protocol="tls",status="failure"}', 1],
      ['sniproxy_connections_total{protocol="http",status="refused"}', 1],
      ["sniproxy_connections_active", 3],
      ['sniproxy_connection_duration_seconds_count{protocol="tls",route="shop"}', 2],
      ['sniproxy_connection_duration_seconds_sum{protocol="tls",route="shop"}', 0.01],
      ['sniproxy_connection_duration_seconds_count{protocol="http",route="none"}', 1],
      ['sniproxy_bytes_transferred_total{route="shop",direction="rx"}', 10],
      ['sniproxy_bytes_transferred_total{route="shop",direction="tx"}', 20],
      ['sniproxy_bytes_transferred_total{route="none",direction="rx"}', 5],
      ['sniproxy_errors_total{error_type="backend_reset",protocol="tls"}', 1],
      ['sniproxy_errors_total{error_type="no_route",protocol="http"}', 1],
      ['sniproxy_protocol_distribution_total{protocol="tls"}', 2],
      ['sniproxy_backend_connect_seconds_count{route="shop"}', 1],
      ['sniproxy_config_reloads_total{result="success"}', 0],
      ['sniproxy_config_reloads_total{result="failure"}', 1],
      ['sniproxy_pool_hits_total{route="shop"}', 9],
      ['sniproxy_pool_misses_total{route="shop"}', 1],
      ['sniproxy_pool_evictions_total{route="shop",reason="closed_by_backend"}', 6],
      ['sniproxy_pool_evictions_total{route="shop",reason="ttl"}', 0],
      ['sniproxy_pool_size{route="shop"}', 2],
      ['sniproxy_pool_active_connections{route="shop"}', 3],
      ['sniproxy_keep_alive_reuses_total{route="shop"}', 4],
      ['sniproxy_keep_alive_rejections_total{route="shop"}', 2],
      ['sniproxy_pool_connect_seconds_saved_total{route="shop"}', 1.5],
      ["sniproxy_connections_max", 10],
      ["sniproxy_log_lines_dropped_total", 7],
      ['sniproxy_build_info{version="1.2.3"}', 1],
    ] as const
  ) assertEquals((await series(metrics)).get(name), value, name);
  bytes.tx += 1;
  active = 0;
  const later = await series(metrics);
  assertEquals(later.get('sniproxy_bytes_transferred_total{route="shop",direction="tx"}'), 21);
  assertEquals(later.get("sniproxy_connections_active"), 0);
  const up = ["1", "2"].map((last) =>
    later.get(`sniproxy_backend_up{route="shop",backend="10.0.0.${last}:443"}`)
  );
  assertEquals(up, [1, 0]);
});

Deno.test("process metrics say what can be measured, and nothing that can't", async () => {
  const all = await series(
    new Metrics("1", {
      activeConnections: () => 0,
      maxConnections: () => 10,
      droppedLogLines: () => 0,
      pooled: () => new Map(),
      backends: () => [],
    }),
  );
  assert((all.get("process_resident_memory_bytes") ?? 0) > 1_000_000);
  assert((all.get("process_cpu_seconds_total") ?? -1) >= 0);
  for (const name of ["process_open_fds", "process_max_fds", "process_virtual_memory_bytes"]) {
    assertEquals(all.get(name), undefined);
  }
});
