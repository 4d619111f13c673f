import { assert, assertEquals } from "@std/assert";
import { blockList, createNetworkTest } from "../../src/route/networks.ts";
import { generator } from "../sniff/random.ts";

Deno.test("an address is in a network, or it is not", () => {
  const isIn = createNetworkTest([
    ...["10.0.0.0/8", "192.0.2.128/25", "203.0.113.7/32"],
    ...["2001:db8::/32", "fe80::/10", "::1/128"],
  ]);
  for (
    const [ip, expected] of [
      ["10.0.0.0", true],
      ["10.255.255.255", true],
      ["9.255.255.255", false],
      ["11.0.0.0", false],
      ["192.0.2.127", false],
      ["192.0.2.128", true],
      ["203.0.113.7", true],
      ["203.0.113.6", false],
      ["2001:db8::1", true],
      ["2001:DB8:FFFF::", true],
      ["2001:db9::", false],
      ["fe80::1%eth0", true],
      ["::1", true],
      ["::2", false],
      ["::ffff:10.1.2.3", true],
      ["::FFFF:0a01:0203", true],
      ["0:0:0:0:0:ffff:c000:0201", false],
      ["64:ff9b::10.1.2.3", false],
      ["2002:0a01:0203::", false],
    ] as const
  ) assertEquals(isIn(ip), expected, ip);
});

Deno.test("an IPv6 network has no IPv4 address in it, and the other way round", () => {
  const everyV6 = createNetworkTest(["::/0"]);
  const everyV4 = createNetworkTest(["0.0.0.0/0"]);
  for (const ip of ["192.0.2.1", "::ffff:192.0.2.1"]) {
    assertEquals([everyV4(ip), everyV6(ip)], [true, false], ip);
  }
  for (const ip of ["2001:db8::1", "::"]) {
    assertEquals([everyV4(ip), everyV6(ip)], [false, true], ip);
  }
});

Deno.test("no network has no address, and what is no address is in no network", () => {
  assertEquals(createNetworkTest([])("192.0.2.1"), false);
  const every = createNetworkTest(["0.0.0.0/0", "::/0"]);
  for (const text of ["", "example.com", "010.0.0.1", "10.1", "1.2.3.4.5", "::1::", "[::1]", "%"]) {
    assertEquals(every(text), false, text);
  }
});

Deno.test("the list is the one of the platform", () => {
  const list = blockList(["192.0.2.0/24", "2001:db8::/32"]);
  assertEquals([list.check("192.0.2.1", "ipv4"), list.check("2001:db8::1", "ipv6")], [true, true]);
});

Deno.test("any text gives an answer", () => {
  const isIn = createNetworkTest(["10.0.0.0/8", "2001:db8::/32"]);
  const below = generator(1);
  const alphabet = "0123456789abcdef:::...%/[] g";
  for (let i = 0; i < 20_000; i++) {
    const text = Array.from({ length: below(24) }, () => alphabet[below(alphabet.length)]).join("");
    assert(typeof isIn(text) === "boolean", text);
  }
});

Deno.test("prefixes of any length are compared bit by bit", () => {
  const below = generator(2);
  const octets = (value: number): string =>
    [24, 16, 8, 0].map((shift) => value >>> shift & 255).join(".");
  for (let i = 0; i < 2_000; i++) {
    const prefix = below(33);
    const [network, flipped] = [below(2 ** 32), below(32)];
    const other = (network ^ (1 << (31 - flipped))) >>> 0;
    const isIn = createNetworkTest([`${octets(network)}/${prefix}`]);
    assertEquals(isIn(octets(network)), true);
    assertEquals(
      isIn(octets(other)),
      flipped >= prefix,
      `${octets(other)}, bit ${flipped}/${prefix}`,
    );
  }
});
