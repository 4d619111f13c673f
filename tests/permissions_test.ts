import { assert, assertEquals } from "@std/assert";
import { parseConfig } from "../src/config/load.ts";
import { permissionsOf } from "../src/permissions.ts";

function flags(text: string, file = "config.yaml"): string[] {
  const loaded = parseConfig(text);
  assert(loaded.ok, JSON.stringify(loaded));
  return permissionsOf(loaded.config, file).map(({ flag }) => flag);
}

Deno.test("the flags name everything that a configuration connects to and listens on, once", () => {
  const top = `listen_addrs: ["127.0.0.1:80", "[::1]:443"]`;
  const base = "127.0.0.1:80,[::1]:443,127.0.0.1:9090";
  const routes = (...backends: string[]): string =>
    `routes: [{ hosts: ["a.test"], backends: ${JSON.stringify(backends)} }]`;
  for (
    const [more, net] of [
      [routes("10.0.0.1:1", "[2001:db8::1]:2"), `${base},10.0.0.1:1,[2001:db8::1]:2`],
      ["forward: { enabled: false }", base],
      ["metrics: { enabled: false }\nforward: { enabled: false }", "127.0.0.1:80,[::1]:443"],
      [
        `${routes("10.0.0.1:1")}\nfallback: { backends: ["10.0.0.2:2"] }`,
        `${base},10.0.0.1:1,10.0.0.2:2`,
      ],
      [routes("one.internal:1"), `${base},0.0.0.0/0:1,one.internal`],
      [routes("localhost:1"), `${base},127.0.0.0/8:1,[::1]:1,localhost`],
      [
        `${routes("one.internal:1")}\ndns: { hosts: { one.internal: ["10.1.1.1"] } }`,
        `${base},10.1.1.1:1`,
      ],
      [
        `${routes("one.internal:1")}\ndns: { servers: ["10.0.0.53", "[2001:db8::53]:5353"] }`,
        `${base},0.0.0.0/0:1,10.0.0.53:53,0.0.0.0:0,[2001:db8::53]:5353,[::]:0`,
      ],
      [`${routes("10.0.0.1:1")}\ndns: { servers: ["10.0.0.53"] }`, `${base},10.0.0.1:1`],
    ]
  ) {
    assertEquals(
      flags(`${top}\n${more}`),
      [`--allow-net=${net}`, "--allow-read=config.yaml"],
      more,
    );
  }
  assertEquals(
    flags(`listen_addrs: [":80"]\nmetrics: { enabled: false }\nforward: { enabled: false }`),
    [
      "--allow-net=[::]:80,0.0.0.0:80",
      "--allow-read=config.yaml",
    ],
  );
});

Deno.test("names that are forwarded to themselves may be anywhere", () => {
  assertEquals(flags(`listen_addrs: ["127.0.0.1:80"]`, "/etc/a,b.yaml"), [
    "--allow-net",
    "--allow-read=/etc/a,,b.yaml",
  ]);
});

Deno.test("a configuration from the environment needs the environment, and a file only if it is one", () => {
  const text = `listen_addrs: ["127.0.0.1:80"]\nforward: { enabled: true }\n`;
  const loaded = parseConfig(text);
  assert(loaded.ok);
  const env = "--allow-env=SNIPROXY_CONFIG";
  for (
    const [file, expected] of [
      ["a.yaml", ["--allow-net", "--allow-read=a.yaml", env]],
      [text, ["--allow-net", env]],
    ] as const
  ) {
    const permissions = permissionsOf(loaded.config, file, "SNIPROXY_CONFIG");
    assertEquals(permissions.map(({ flag }) => flag), [...expected]);
  }
});
