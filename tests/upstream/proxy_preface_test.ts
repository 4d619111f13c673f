import { assert, assertEquals } from "@std/assert";
import { canonical } from "../../src/config/address.ts";
import type { Address } from "../../src/config/config.ts";
import { proxyHeader } from "../../src/upstream/proxy_preface.ts";
import { ProxyHeaderReader } from "../../src/sniff/proxy_header.ts";
import { latin1 } from "../sniff/hex.ts";
import { generator } from "../sniff/random.ts";

const SIGNATURE = "0d0a0d0a000d0a515549540a";

/** Addresses, what version 1 makes of them behind `PROXY`, and version 2 behind its signature. */
const TABLE: [client: string, local: string, line: string, block: string][] = [
  [
    "192.0.2.7",
    "198.51.100.1",
    "TCP4 192.0.2.7 198.51.100.1 56324 443",
    "2111000c c0000207c6336401dc0401bb",
  ],
  [
    "2001:db8::7",
    "2001:DB8:0:0:0::1",
    "TCP6 2001:db8::7 2001:db8::1 56324 443",
    "21210024 20010db8000000000000000000000007 20010db8000000000000000000000001 dc0401bb",
  ],
  [
    "::ffff:192.0.2.7",
    "::ffff:c633:6401",
    "TCP4 192.0.2.7 198.51.100.1 56324 443",
    "2111000c c0000207c6336401dc0401bb",
  ],
  [
    "192.0.2.7",
    "::ffff:198.51.100.1",
    "TCP4 192.0.2.7 198.51.100.1 56324 443",
    "2111000c c0000207c6336401dc0401bb",
  ],
  [
    "192.0.2.7",
    "2001:db8::1",
    "TCP6 ::ffff:c000:207 2001:db8::1 56324 443",
    "21210024 00000000000000000000ffffc0000207 20010db8000000000000000000000001 dc0401bb",
  ],
  [
    "2001:db8::7",
    "198.51.100.1",
    "TCP6 2001:db8::7 ::ffff:c633:6401 56324 443",
    "21210024 20010db8000000000000000000000007 00000000000000000000ffffc6336401 dc0401bb",
  ],
  [
    // Other addresses that carry an IPv4 one are themselves.
    "64:ff9b::192.0.2.7",
    "2002:c633:6401::",
    "TCP6 64:ff9b::c000:207 2002:c633:6401:: 56324 443",
    "21210024 0064ff9b0000000000000000c0000207 2002c633640100000000000000000000 dc0401bb",
  ],
  [
    "fe80::1%eth0",
    "::",
    "TCP6 fe80::1 :: 56324 443",
    "21210024 fe800000000000000000000000000001 00000000000000000000000000000000 dc0401bb",
  ],
  ["a.example", "198.51.100.1", "UNKNOWN", "20000000"],
  ["192.0.2.7", "", "UNKNOWN", "20000000"],
];

Deno.test("a header is written byte for byte", () => {
  for (const [from, to, line, block] of TABLE) {
    const client = { host: from, port: 56324 };
    const local = { host: to, port: 443 };
    const what = `${from} to ${to}`;
    assertEquals(proxyHeader("v1", client, local, {}), latin1(`PROXY ${line}\r\n`), what);
    const expected = SIGNATURE + block.replaceAll(" ", "");
    assertEquals(proxyHeader("v2", client, local, {}).toHex(), expected, what);
  }
});

const CLIENT = { host: "192.0.2.7", port: 56324 };
const LOCAL = { host: "198.51.100.1", port: 443 };

Deno.test("version 2 tells the name and the ALPN id, version 1 can't", () => {
  const start = `${SIGNATURE}2111`;
  const addresses = "c0000207c6336401dc0401bb";
  const cases: [facts: { authority?: string; alpn?: string }, rest: string][] = [
    [{ authority: "a.b" }, `0012${addresses}020003612e62`],
    [{ alpn: "h2" }, `0011${addresses}0100026832`],
    [{ authority: "a.b", alpn: "h2" }, `0017${addresses}0100026832020003612e62`],
    [{ authority: undefined, alpn: undefined }, `000c${addresses}`],
    // ALPN ids are bytes: RFC 7301, 3.1.
    [{ alpn: "\x00\xff" }, `0011${addresses}01000200ff`],
    [{ authority: "a".repeat(253) }, `010c${addresses}0200fd${"61".repeat(253)}`],
  ];
  for (const [facts, rest] of cases) {
    assertEquals(proxyHeader("v2", CLIENT, LOCAL, facts).toHex(), start + rest);
    assertEquals(proxyHeader("v1", CLIENT, LOCAL, facts), proxyHeader("v1", CLIENT, LOCAL, {}));
  }
});

Deno.test("the longest headers are as long as is said", () => {
  const address = { host: Array(8).fill("ffff").join(":"), port: 65535 };
  const facts = { authority: "a".repeat(255), alpn: "b".repeat(255) };
  assertEquals(proxyHeader("v1", address, address, facts).length, 104);
  assertEquals(proxyHeader("v2", address, address, facts).length, 568);
});

Deno.test("what is written is read as it was", () => {
  const next = generator(21);
  const random = (): Address => {
    const size = next(2) === 0 ? 4 : 8;
    const parts = Array.from({ length: size }, () => next(2) * next(size === 4 ? 256 : 65536));
    const port = next(65536);
    if (size === 4) return { host: parts.join("."), port };
    const literal = parts.map((part) => part.toString(16)).join(":");
    return { host: new URL(`http://[${literal}]`).hostname.slice(1, -1), port };
  };
  for (let i = 0; i < 5_000; i++) {
    const [client, local] = [random(), random()];
    const facts = {
      authority: next(2) === 0 ? undefined : "a".repeat(next(254)),
      alpn: next(2) === 0 ? undefined : "b".repeat(next(256)),
    };
    for (const version of ["v1", "v2"] as const) {
      const bytes = proxyHeader(version, client, local, facts);
      const what = `${version}: ${canonical(client)} to ${canonical(local)}`;
      const result = new ProxyHeaderReader().read(bytes);
      assert(result?.kind === "header", what);
      assertEquals(result.length, bytes.length, what);
      assertEquals([result.source, result.destination], [client, local], what);
    }
  }
});

Deno.test("a header without addresses is read as one", () => {
  for (const version of ["v1", "v2"] as const) {
    const bytes = proxyHeader(version, { host: "a.example", port: 1 }, LOCAL, { alpn: "h2" });
    assertEquals(new ProxyHeaderReader().read(bytes), { kind: "header", length: bytes.length });
  }
});
