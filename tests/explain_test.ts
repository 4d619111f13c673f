import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Command, readCommand } from "../src/command_line.ts";
import type { Config } from "../src/config/config.ts";
import { parseConfig } from "../src/config/load.ts";
import { explain } from "../src/explain.ts";
import type { Explanation, Outcome } from "../src/explanation.ts";
import { explanationText } from "../src/explain_text.ts";
import { startDnsServer } from "./upstream/dns_server.ts";

function load(text: string): Config {
  const loaded = parseConfig(text);
  assert(loaded.ok, JSON.stringify(loaded));
  return loaded.config;
}

/** Asks as the command line does. */
async function ask(config: Config, line: string): Promise<Explanation> {
  const command: Command | string = readCommand(["explain", ...line.split(" ")]);
  assert(typeof command !== "string" && command.word === "explain", String(command));
  return await explain(config, command.question);
}

/** The outcomes in short. */
function short({ outcomes }: Explanation): string[] {
  return outcomes.map(({ protocol, listeners, route, pattern, reason, target }: Outcome) => {
    const where = listeners.map((each) => each.split(":").at(-1)).join("+");
    const what = reason ?? target?.chosen ?? "?";
    return [protocol, where, route ?? "-", pattern ?? "-", what].join(" ");
  });
}

const CONFIG = load(`listen_addrs: ["127.0.0.1:80", "127.0.0.1:443"]
metrics: { enabled: false }
timeouts: { connect: 0.5 }
allowlist: ["*.test", "a.forward", "denied.forward", "nowhere.invalid"]
routes:
  - { name: tls, hosts: ["a.test"], backends: ["10.0.0.1:1"], protocols: [tls] }
  - { name: h2, hosts: ["a.test"], backends: ["10.0.0.2:1"], alpn: [h2] }
  - { name: wild, hosts: ["*.test"], backends: ["10.0.0.3:1"] }
  - { name: here, hosts: ["*.on.test"], backends: ["10.0.0.4:1"], listen: ["127.0.0.1:80"] }
  - { name: two, hosts: ["two.test"], backends: ["10.0.0.5:1", "10.0.0.6:1"], balance: source_ip }
  - { name: dice, hosts: ["dice.test"], backends: ["10.0.0.5:1", "10.0.0.6:1"], balance: random }
  - { name: name, hosts: ["name.test"], backends: ["both.internal:1"], max_connections: 7 }
  - { name: no, hosts: ["/^no[0-9]\\\\.test$/", "no.test"], action: reject }
forward: { enabled: true, allow_networks: ["10.9.0.0/16"] }
dns:
  hosts:
    both.internal: ["10.0.1.1", "10.0.1.2"]
    a.forward: ["10.0.0.1", "10.9.0.1"]
    denied.forward: ["127.0.0.1"]
`);

Deno.test("an explanation says which rule wins, for each protocol and set of listeners", async () => {
  for (
    const [line, ...expected] of [
      ["a.test", "tls 80+443 tls a.test 10.0.0.1:1", "http 80+443 wild *.test 10.0.0.3:1"],
      ["A.Test.:8080 --protocol http", "http 80+443 wild *.test 10.0.0.3:1"],
      [
        "x.on.test --protocol tls",
        "tls 80 here *.on.test 10.0.0.4:1",
        "tls 443 wild *.test 10.0.0.3:1",
      ],
      ["two.test --protocol tls", "tls 80+443 two two.test ?"],
      ["two.test --protocol tls --client 192.0.2.9", "tls 80+443 two two.test 10.0.0.5:1"],
      ["dice.test --protocol tls", "tls 80+443 dice dice.test ?"],
      ["name.test --protocol tls", "tls 80+443 name name.test 10.0.1.1:1"],
      ["no.test", "tls 80+443 no no.test rejected", "http 80+443 no no.test rejected"],
      ["no7.test --protocol tls", "tls 80+443 wild *.test 10.0.0.3:1"],
      ["a.forward", "tls 80+443 forward - 10.9.0.1:443", "http 80+443 forward - 10.9.0.1:80"],
      ["a.forward:81 --protocol http", "http 80+443 forward - 10.9.0.1:81"],
      ["denied.forward --protocol tls", "tls 80+443 forward - denied_network"],
      ["nowhere.invalid --protocol tls", "tls 80+443 forward - backend_unresolved"],
      ["other.net --protocol tls", "tls 80+443 - - not_allowed"],
      ["-", "tls 80+443 - - no_name", "http 80+443 - - no_name"],
      ["10.0.0.1", "tls 80+443 - - no_name", "http 80+443 - - no_name"],
      ["a_b@c", "tls 80+443 - - no_name", "http 80+443 - - malformed"],
    ]
  ) {
    assertEquals(short(await ask(CONFIG, line)), expected, line);
  }
});

Deno.test("an explanation says why, what is shadowed, and what a client that is turned away sees", async () => {
  const { outcomes: [tls, http] } = await ask(CONFIG, "a.test --alpn h2");
  assertEquals(tls.why, "the exact name");
  assertEquals(tls.others.map(({ route, why }) => `${route}: ${why}`), [
    "h2: the same pattern, later in the file",
    "wild: less specific",
  ]);
  assertEquals(http.others.map(({ route, why }) => `${route}: ${why}`), [
    "tls: its protocols are tls",
    "h2: its alpn is h2",
  ]);
  const seen = async (line: string): Promise<unknown[]> =>
    (await ask(CONFIG, line)).outcomes.map((each) => each.client_sees);
  assertEquals(await seen("-"), ["fatal alert unrecognized_name (112)", "400 Bad Request"]);
  assertEquals(await seen("1.2.3.4"), [
    "fatal alert unrecognized_name (112)",
    "421 Misdirected Request",
  ]);
  assertEquals(await seen("nowhere.invalid"), [
    "fatal alert internal_error (80)",
    "502 Bad Gateway",
  ]);
  const { outcomes: [denied] } = await ask(CONFIG, "denied.forward");
  assertEquals(denied.target?.backends[0].denied, { "127.0.0.1": "self" });
  const { outcomes: [named] } = await ask(CONFIG, "name.test");
  assertEquals(named.target?.backends[0].source, "dns.hosts");
  assertEquals(named.target?.limits, ["7 connections to the route", "10000 connections in all"]);
});

Deno.test("with a fallback, it takes whoever has no name or no rule", async () => {
  const config = load(`listen_addrs: ["127.0.0.1:80"]
routes: [{ hosts: ["a.test"], backends: ["10.0.0.1:1"] }]
fallback: { backends: ["10.0.0.2:1"] }
`);
  for (const host of ["-", "other.test", "10.0.0.1"]) {
    const { outcomes } = await ask(config, host);
    assertEquals(outcomes.map(({ route }) => route), ["fallback", "fallback"], host);
    assertMatch(outcomes[0].why, /so the fallback takes it$/);
  }
});

Deno.test("the text has what the explanation has, and nothing that steers a terminal", async () => {
  const text = explanationText(await ask(CONFIG, "a.forward --protocol tls --client 192.0.2.1"));
  assertEquals(
    text,
    `a.forward
  allowlist  has the name
  client     192.0.2.1

TLS on 127.0.0.1:80, 127.0.0.1:443
  rule       forward: no rule matches, and names without one are forwarded to themselves
  goes to    10.9.0.1:443, the name's addresses, in the order they are found
  backends   a.forward:443: 10.0.0.1 (denied: private), 10.9.0.1 from dns.hosts
  limits     10000 connections in all
  pool       no warm sockets, at most 100 for each backend`,
  );
  const explanation = await explain(CONFIG, { host: "\x1b[31mred", protocols: ["tls"], alpn: [] });
  assertStringIncludes(explanationText(explanation), "counts as no name");
  // deno-lint-ignore no-control-regex -- that is the question
  assert(!/[\x00-\x09\x0b-\x1f]/.test(explanationText(explanation)));
});

Deno.test("limits, backups and wildcards are told apart", async () => {
  const config = load(`listen_addrs: ["127.0.0.1:80"]
limits: { per_client: { connections: 5, connections_per_second: 10 } }
routes:
  - name: a
    hosts: ["*.a.test"]
    backends: ["10.0.0.1:1", { address: "10.0.0.2:1", backup: true }]
    rate_limit: { connections_per_second: 1, burst: 2 }
  - { name: b, hosts: ["*.test", "/^.*$/"], backends: ["10.0.0.3:1"] }
  - { name: c, hosts: ["/^x.*$/"], backends: ["10.0.0.3:1"] }
`);
  const { outcomes: [{ target, others }] } = await ask(config, "x.a.test");
  assertEquals(target?.choice, "the only one that is no backup");
  assertEquals(target?.limits, [
    "1 connections a second to the route, bursts of 2",
    "5 connections of a client",
    "10 connections a second of a client",
    "10000 connections in all",
  ]);
  assertEquals(others.map(({ pattern, why }) => `${pattern} ${why}`), [
    "*.test a shorter wildcard",
    "/^.*$/ less specific",
    "/^x.*$/ less specific",
  ]);
  const { outcomes: [{ others: [later] }] } = await ask(config, "xtest");
  assertEquals(later, { route: "c", pattern: "/^x.*$/", why: "later in the file" });
});

Deno.test("names that nobody answers for are told from those there are not", async () => {
  await using dns = await startDnsServer(({ name }) =>
    name === "no.test" ? { code: 3 } : undefined
  );
  const config = load(`listen_addrs: ["127.0.0.1:80"]
timeouts: { connect: 0.2 }
dns: { servers: ["127.0.0.1:${dns.port}"] }
`);
  for (
    const [host, reason, said] of [
      ["no.test", "backend_unresolved", "no address from dns.servers"],
      ["silent.test", "backend_timeout", "no answer from dns.servers in time"],
    ]
  ) {
    const explanation = await ask(config, `${host} --protocol tls`);
    assertEquals(short(explanation), [`tls 80 forward - ${reason}`]);
    assertStringIncludes(explanationText(explanation), `${host}:443: ${said}`);
  }
});
