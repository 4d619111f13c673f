/**
 * What `config.yaml` may say of names that are looked up: which of them are connected to, and who is asked.
 *
 * @module
 */
import { dictionary, flag, list, mapping, nonEmpty, text, whole } from "./fields.ts";
import { parseIpLiteral } from "./host_name.ts";
import { duration, readDnsServer, readHostName } from "./leaves.ts";
import { parseNetwork } from "./network.ts";
import type { Parsed } from "./parsed.ts";

const NETWORKS = [
  "loopback",
  "private",
  "link_local",
  "unique_local",
  "multicast",
  "unspecified",
  "self",
];

function readIp(found: string): Parsed<string> {
  const value = parseIpLiteral(found);
  return value === undefined
    ? { accepts: `an IP address such as "10.0.0.1" or "fd00::1"` }
    : { value };
}

function readDenied(found: string): Parsed<string> {
  if (NETWORKS.includes(found)) return { value: found };
  const parsed = parseNetwork(found);
  if ("value" in parsed || found.includes("/")) return parsed;
  return { accepts: `one of ${NETWORKS.join(", ")}, or a network such as "10.0.0.0/8"` };
}

/**
 * Names without a route.
 *
 * @internal
 */
export const forward = mapping({
  enabled: flag().optional()
    .describe("Whether it happens; by default if there are neither routes nor a fallback."),
  ports: mapping({
    tls: whole(1, 65535).default(443).describe("For TLS."),
    http: whole(1, 65535).default(80).describe("For HTTP; a port in Host wins."),
  }).prefault({}).describe("Where to connect."),
  deny_networks: list(
    text("a text", readDenied, {
      anyOf: [{ enum: NETWORKS }, { title: "network", pattern: "/" }],
    }),
    "networks",
  ).default(NETWORKS).meta({
    description: "Networks that names may not lead into, by name or as CIDR; `self` is this proxy.",
    examples: [["loopback", "private", "100.64.0.0/10"]],
  }),
  allow_networks: list(text("a text", parseNetwork, { title: "network", pattern: "/" }), "networks")
    .default([]).meta(
      {
        description: "CIDRs that are let through all the same.",
        examples: [["10.1.0.0/16"]],
      },
    ),
}).prefault({}).describe("Names without a route are looked up and connected to themselves.");

/**
 * How names are looked up.
 *
 * @internal
 */
export const dns = mapping({
  servers: list(
    text("a text", readDnsServer),
    `DNS servers such as ["10.0.0.53"]`,
  ).default([]).meta({
    description: "Whom to ask: IP addresses, with or without a port; none is the system.",
    examples: [["10.0.0.53", "[fd00::53]:5353"]],
  }),
  hosts: dictionary(
    (name) => readHostName(name, "internal.example"),
    nonEmpty(text("a text", readIp), `IP addresses such as ["10.0.0.1"]`),
    `a mapping of names to IP addresses, such as { "internal.example": ["10.0.0.1"] }`,
  ).prefault({}).meta({
    description: "Names that are known without asking anybody, and their addresses.",
    examples: [{ "internal.example": ["10.0.0.1"] }],
  }),
  cache: mapping({
    max_entries: whole(1, 10_000_000).default(10_000).describe("Names at a time."),
    ttl: duration(60).describe("How long an answer is good."),
    negative_ttl: duration(5, { zero: true })
      .describe("How long it is remembered that there is none."),
    stale: duration(600, { zero: true })
      .describe("How much longer an old answer serves while nobody gives a new one."),
  }).prefault({}).describe("What is remembered."),
}).prefault({}).describe("How names are looked up.");
