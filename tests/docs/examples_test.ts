import { assert, assertEquals } from "@std/assert";
import { canonical } from "../../src/config/address.ts";
import type { Config } from "../../src/config/config.ts";
import { readConfig } from "../../src/config/read.ts";
import { compileRules, decide, type Wish } from "../../src/route/decide.ts";
import { createNetworkGuard } from "../../src/route/network_guard.ts";
import { overlapsOf } from "../../src/route/overlaps.ts";

const folder = new URL("../../docs/examples/", import.meta.url);

/** A name, `""` for none; how it is asked for, if not by TLS on the last listener; what becomes of it. */
type Case = [name: string, how: Partial<Wish>, expected: string];

const TLS = {};
const HTTP: Partial<Wish> = { protocol: "http" };
const H2C: Partial<Wish> = { protocol: "h2c" };
const ACME: Partial<Wish> = { alpn: ["acme-tls/1"] };

const EXAMPLES: Readonly<Record<string, readonly Case[]>> = {
  "homelab.yaml": [
    ["cloud.example.net", TLS, "cloud"],
    ["cloud.example.net", HTTP, "cloud-http"],
    ["photos.example.net", TLS, "photos"],
    ["photos.example.net", { alpn: ["h2", "http/1.1"] }, "photos"],
    ["photos.example.net", ACME, "photos-acme"],
    ["photos.example.net", HTTP, "page"],
    ["cloud.example.net", ACME, "cloud"],
    ["camera.example.net", { ...HTTP, listener: "[::]:80" }, "camera"],
    ["camera.example.net", HTTP, "page"],
    ["camera.example.net", TLS, "fallback"],
    ["other.example.net", HTTP, "page"],
    ["other.example.net", H2C, "page"],
    ["other.example.net", TLS, "fallback"],
    ["", TLS, "fallback"],
    ["", HTTP, "fallback"],
    ["", { protocol: "unknown" }, "fallback"],
  ],
  "certificates.yaml": [
    ["initech.example", TLS, "initech"],
    ["www.initech.example", TLS, "initech"],
    ["www.globex.example", TLS, "globex"],
    ["globex.example", TLS, "no_route"],
    ["pr-42.platform-preview.example", TLS, "previews"],
    ["pr-x.platform-preview.example", TLS, "no_route"],
    ["a.platform.example", TLS, "apps"],
    ["a.b.platform.example", TLS, "apps"],
    ["a.eu.platform.example", TLS, "apps-eu"],
    ["eu.platform.example", TLS, "apps"],
    ["platform.example", TLS, "no_route"],
    ["admin.platform.example", TLS, "rejected"],
    ["other.example", TLS, "no_route"],
    ["", TLS, "no_name"],
  ],
  "canary.yaml": [
    ["shop.example.com", TLS, "shop"],
    ["shop.example.com", HTTP, "shop-http"],
    ["shop.example.com", H2C, "shop-http"],
    ["canary.shop.example.com", TLS, "canary"],
    ["canary.shop.example.com", HTTP, "no_route"],
    ["www.shop.example.com", TLS, "no_route"],
    ["", TLS, "no_name"],
  ],
  "egress.yaml": [
    ["deb.debian.org", TLS, "forward"],
    ["deb.debian.org", HTTP, "forward"],
    ["security.debian.org", TLS, "not_allowed"],
    ["pypi.org", TLS, "forward"],
    ["test.pypi.org", H2C, "forward"],
    ["notpypi.org", TLS, "not_allowed"],
    ["registry.npmjs.org", TLS, "npm-mirror"],
    ["registry.npmjs.org", HTTP, "forward"],
    ["git.corp.example", TLS, "forward"],
    ["", TLS, "no_name"],
    ["", { protocol: "unknown" }, "unknown_protocol"],
  ],
  "kubernetes.yaml": [
    ["shop.example.com", TLS, "shop"],
    ["shop.example.com", HTTP, "shop-http"],
    ["api.example.com", TLS, "api"],
    ["v2.api.example.com", TLS, "api"],
    ["api.example.com", HTTP, "no_route"],
    ["orders.example.com", TLS, "orders"],
    ["other.example.com", TLS, "no_route"],
    ["", TLS, "no_name"],
  ],
};

async function load(name: string): Promise<Config> {
  const read = await readConfig(new URL(name, folder).pathname);
  assert(read.ok, JSON.stringify(read));
  assertEquals(read.warnings, [], name);
  return read.config;
}

for (const [file, cases] of Object.entries(EXAMPLES)) {
  Deno.test(`docs/examples/${file} loads without a warning and leads names where it says`, async () => {
    const config = await load(file);
    assertEquals(overlapsOf(config).warnings, []);
    const listener = canonical(config.listeners[config.listeners.length - 1].address);
    const rules = compileRules(config);
    for (const [name, how, expected] of cases) {
      const named = name === "" ? {} : { name };
      const decision = decide(rules, { protocol: "tls", alpn: [], listener, ...named, ...how });
      const found = decision.kind === "refusal" ? decision.reason : decision.label;
      assertEquals(found, expected, `${name} ${JSON.stringify(how)}`);
    }
  });
}

Deno.test("docs/examples/egress.yaml lets nobody into networks inside but the one it names", async () => {
  const { forward, listeners } = await load("egress.yaml");
  const guard = createNetworkGuard(forward, listeners.map(({ address }) => address));
  const cases: Record<string, string | undefined> = {
    "151.101.1.1": undefined,
    "10.50.0.7": undefined,
    "10.50.1.7": "private",
    "10.0.0.2": "self",
    "169.254.169.254": "link_local",
    "127.0.0.1": "loopback",
    "::ffff:10.0.0.9": "private",
  };
  for (const [ip, denied] of Object.entries(cases)) assertEquals(guard(ip, 443), denied, ip);
});

Deno.test("docs/examples/README.md lists what is there", async () => {
  const text = await Deno.readTextFile(new URL("README.md", folder));
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name.endsWith(".yaml"));
  assertEquals(files.sort(), Object.keys(EXAMPLES).sort());
  for (const file of files) assert(text.includes(`[${file}](${file})`), file);
});
