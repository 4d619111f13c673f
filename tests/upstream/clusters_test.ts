import { assert, assertEquals } from "@std/assert";
import type { Config } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/load.ts";
import { Clusters } from "../../src/upstream/clusters.ts";
import { freePorts, until } from "../e2e/harness.ts";
import { serve } from "../e2e/peers.ts";

/** A configuration with these routes, each in flow style. */
function config(...routes: readonly string[]): Config {
  const lines = routes.map((route) => `  - ${route}\n`).join("");
  const loaded = parseConfig(`listen_addrs: ["127.0.0.1:443"]\nroutes:\n${lines}`);
  assert("config" in loaded, JSON.stringify(loaded));
  return loaded.config;
}

/** Clusters whose names are in a map, and what they tell. */
function create(names = new Map<string, readonly string[]>()): [Clusters, string[]] {
  const told: string[] = [];
  const clusters = new Clusters({
    resolve: (name) => names.get(name) ?? [],
    removed: (label, { key }) => told.push(`removed ${label} ${key}`),
    changed: (label, { up, reason }) => told.push(`${label} ${up ? "up" : reason}`),
    ejected: (label) => told.push(`ejected ${label}`),
  });
  return [clusters, told];
}

Deno.test("each route that leads to backends has a cluster, whose places outlive the configuration", () => {
  const [clusters, told] = create();
  using _end = clusters;
  const one = config(
    `{ name: a, hosts: ["a.test"], backends: ["10.0.0.1:80", "10.0.0.2:80"] }`,
    `{ name: a, hosts: ["b.test"], backends: ["10.0.0.3:80"] }`,
    `{ hosts: ["c.test"], action: reject }`,
  );
  clusters.configure(one);
  const first = [...clusters.all.values()];
  assertEquals(first.map(({ label, size }) => `${label} ${size}`), ["a 2", "a 1"]);
  const two = config(
    `{ name: a, hosts: ["a.test"], backends: ["10.0.0.1:80"] }`,
    `{ name: d, hosts: ["d.test"], backends: ["10.0.0.1:80"] }`,
  );
  clusters.configure(two);
  const [next] = clusters.all.values();
  const [place] = first[0].endpoints;
  assert(next.isCurrent(place) && first[0].isCurrent(place));
  assertEquals(told, ["removed a 10.0.0.2:80", "removed a 10.0.0.3:80"]);
  assertEquals(clusters.all.get(one.routes[0]), undefined);
  assertEquals(clusters.states(), [
    { route: "a", backend: "10.0.0.1:80", up: true },
    { route: "d", backend: "10.0.0.1:80", up: true },
  ]);
});

Deno.test("backends are checked, with the header of a proxy that has no client", async () => {
  const [dead] = freePorts(1);
  let asked = "";
  await using server = serve(async (conn) => {
    const buffer = new Uint8Array(2_000);
    const count = await conn.read(buffer) ?? 0;
    asked += new TextDecoder().decode(buffer.subarray(0, count));
    await conn.write(new TextEncoder().encode("HTTP/1.1 204 No Content\r\n\r\n"));
  });
  const [clusters, told] = create(new Map([["one.test", ["127.0.0.1"]]]));
  using _end = clusters;
  const check = "health_check: { type: http, interval: 0.1, timeout: 5, rise: 1, fall: 1 }";
  const route = (port: number): string =>
    `{ name: a, hosts: ["a.test"], backends: ["one.test:${port}"], proxy_protocol: v1, ${check} }`;
  clusters.configure(config(route(server.port)));
  await until("a check", () => asked.includes("\r\n\r\n"));
  assert(asked.startsWith("PROXY UNKNOWN\r\nGET / HTTP/1.1\r\nHost: a.test\r\n"), asked);
  assertEquals(told, []);
  clusters.configure(config(route(dead)));
  await until("it to be down", () => clusters.states().every(({ up }) => !up));
  assertEquals(told.length, 2);
  assertEquals(told[0], `removed a 127.0.0.1:${server.port}`);
});

Deno.test("places that a name comes to later are checked, too", async () => {
  const [dead] = freePorts(1);
  const names = new Map<string, readonly string[]>();
  const [clusters, told] = create(names);
  using _end = clusters;
  const check = "health_check: { type: tcp, interval: 0.1, timeout: 5, fall: 1 }";
  clusters.configure(
    config(`{ name: a, hosts: ["a.test"], backends: ["one.test:${dead}"], ${check} }`),
  );
  clusters.refresh();
  assertEquals(clusters.states().map(({ up }) => up), [false]);
  names.set("one.test", ["127.0.0.1"]);
  clusters.refresh();
  assertEquals(clusters.states().map(({ up }) => up), [true]);
  await until("it to be down", () => told.length > 0);
  assertEquals(clusters.states().map(({ up }) => up), [false]);
});
