import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parse } from "@std/yaml";
import meta from "../../deno.json" with { type: "json" };
import { parseConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/config.ts";

const root = new URL("../../", import.meta.url);

function read(path: string): string {
  return Deno.readTextFileSync(new URL(`deploy/${path}`, root));
}

/** A document of Kubernetes or Compose. */
// deno-lint-ignore no-explicit-any -- its shape is theirs, and a test says what it expects of it
function document(path: string): any {
  return parse(read(path));
}

function load(text: string): Config {
  const loaded = parseConfig(text);
  assert(loaded.ok, JSON.stringify(loaded));
  assertEquals(loaded.warnings, []);
  return loaded.config;
}

/** The permissions of `deno task start`, and the rest of what follows `deno run`. */
const FLAGS = meta.tasks.start.split(" ").slice(2);

Deno.test("everything starts the proxy with the permissions of `deno task start`", () => {
  const entrypoint: string[] = JSON.parse(
    /^ENTRYPOINT (.*)$/m.exec(read("Dockerfile"))?.[1] ?? "[]",
  );
  assertEquals(entrypoint, ["deno", "run", "--cached-only", ...FLAGS]);
  const unit = read("sniproxy.service");
  for (const [, line] of unit.matchAll(/^ExecStart(?:Pre)?=(.*)$/gm)) {
    assertStringIncludes(line, ` run --cached-only ${FLAGS.join(" ")}`);
  }
  const compile = new URL("deploy/compile.ts", root);
  assertStringIncludes(Deno.readTextFileSync(compile), "meta.tasks.start");
});

Deno.test("the image has the version of Deno that the project asks for, or a newer one", () => {
  const [, version] = /^FROM denoland\/deno:(\S+)$/m.exec(read("Dockerfile")) ?? [];
  assert(version.localeCompare("2.9.5", undefined, { numeric: true }) >= 0, version);
});

Deno.test("what is mounted is accepted, and everybody has the time to finish", () => {
  const compose = read("compose.yaml");
  const seconds = (text: string, key: string): number =>
    Number(new RegExp(`${key}[:=] *(\\d+)`).exec(text)?.[1]);
  const { shutdownTimeout } = load(read("config.yaml"));
  assert(seconds(compose, "stop_grace_period") * 1000 > shutdownTimeout);
  assert(seconds(read("sniproxy.service"), "TimeoutStopSec") > 30);
  assertEquals(Object.keys(document("compose.yaml").services), ["sniproxy"]);

  const map = document("kubernetes/configmap.yaml");
  const config = load(map.data["config.yaml"]);
  const { spec: { template: { spec } } } = document("kubernetes/deployment.yaml");
  const [container] = spec.containers;
  const pause = Number(container.lifecycle.preStop.exec.command[1]);
  assert(spec.terminationGracePeriodSeconds > pause + config.shutdownTimeout / 1000);
  const ports: Record<string, number> = Object.fromEntries(
    container.ports.map((
      each: { name: string; containerPort: number },
    ) => [each.name, each.containerPort]),
  );
  assertEquals(config.listeners.map(({ address }) => address.port), [ports.tls, ports.http]);
  assertEquals(config.metrics.address.port, ports.metrics);
  assertEquals(container.readinessProbe.httpGet, { path: "/ready", port: "metrics" });
  assertEquals(container.livenessProbe.httpGet, { path: "/health", port: "metrics" });
  const service = document("kubernetes/service.yaml");
  for (const { targetPort } of service.spec.ports) assert(targetPort in ports, targetPort);
});

Deno.test("all that kustomize is to apply is there", () => {
  const { resources } = document("kubernetes/kustomization.yaml");
  const kinds = resources.map((file: string) => document(`kubernetes/${file}`).kind);
  assertEquals(kinds, [
    ...["ConfigMap", "Deployment", "Service", "PodDisruptionBudget", "HorizontalPodAutoscaler"],
  ]);
});

Deno.test("deno itself is not taken for the runtime of an executable", async () => {
  const build = async (denort: string): Promise<[number, string]> => {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["task", "--quiet", "compile"],
      cwd: root,
      env: { DENORT_BIN: denort, NO_COLOR: "1" },
    });
    const { code, stderr } = await child.output();
    return [code, new TextDecoder().decode(stderr)];
  };
  const [code, said] = await build(Deno.execPath());
  assertEquals(code, 1);
  assertEquals(
    said,
    `sniproxy: DENORT_BIN=${Deno.execPath()} is deno itself; it has to be denort, of the same version\n`,
  );
  assertStringIncludes((await build("/nowhere"))[1], "DENORT_BIN=/nowhere: ");
});
