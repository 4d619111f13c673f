import { assert, assertEquals } from "@std/assert";
import type { Address, Forward } from "../../src/config/config.ts";
import { createNetworkGuard, type NetworkGuard } from "../../src/route/network_guard.ts";

const DEFAULT = [
  "loopback",
  "private",
  "link_local",
  "unique_local",
  "multicast",
  "unspecified",
  "self",
];

function guardOf(
  denyNetworks: string[],
  allowNetworks: string[] = [],
  own: readonly Address[] = [],
): NetworkGuard {
  const forward: Forward = {
    enabled: true,
    ports: { tls: 443, http: 80 },
    denyNetworks,
    allowNetworks,
  };
  return createNetworkGuard(forward, own);
}

Deno.test("The named networks are denied to their edges, under their own names.", () => {
  const cases: [ip: string, network: string | undefined][] = [
    ["126.255.255.255", undefined],
    ["127.0.0.0", "loopback"],
    ["127.0.0.1", "loopback"],
    ["127.255.255.255", "loopback"],
    ["128.0.0.0", undefined],
    ["::1", "loopback"],
    ["0:0:0:0:0:0:0:1", "loopback"],
    ["::1%lo", "loopback"],
    ["::2", undefined],
    ["9.255.255.255", undefined],
    ["10.0.0.0", "private"],
    ["10.255.255.255", "private"],
    ["11.0.0.0", undefined],
    ["172.15.255.255", undefined],
    ["172.16.0.0", "private"],
    ["172.31.255.255", "private"],
    ["172.32.0.0", undefined],
    ["192.167.255.255", undefined],
    ["192.168.0.0", "private"],
    ["192.168.255.255", "private"],
    ["192.169.0.0", undefined],
    ["100.63.255.255", undefined],
    ["100.64.0.0", "private"],
    ["100.127.255.255", "private"],
    ["100.128.0.0", undefined],
    ["169.253.255.255", undefined],
    ["169.254.0.0", "link_local"],
    ["169.254.169.254", "link_local"],
    ["169.254.255.255", "link_local"],
    ["169.255.0.0", undefined],
    ["fe7f:ffff::", undefined],
    ["fe80::", "link_local"],
    ["fe80::1%eth0", "link_local"],
    ["FE80::1%25eth0", "link_local"],
    ["febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "link_local"],
    ["fec0::", undefined],
    ["fbff::1", undefined],
    ["fc00::", "unique_local"],
    ["fd12:3456::1", "unique_local"],
    ["fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "unique_local"],
    ["fe00::", undefined],
    ["223.255.255.255", undefined],
    ["224.0.0.0", "multicast"],
    ["239.255.255.255", "multicast"],
    ["240.0.0.0", undefined],
    ["255.255.255.254", undefined],
    ["255.255.255.255", "multicast"],
    ["feff::1", undefined],
    ["ff00::", "multicast"],
    ["ff02::1%eth0", "multicast"],
    ["ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast"],
    ["0.0.0.0", "unspecified"],
    ["0.255.255.255", "unspecified"],
    ["1.0.0.0", undefined],
    ["::", "unspecified"],
    ["0:0:0:0:0:0:0:0", "unspecified"],
    ["8.8.8.8", undefined],
    ["2001:4860:4860::8888", undefined],
  ];
  const guard = guardOf(DEFAULT);
  for (const [ip, network] of cases) assertEquals(guard(ip, 443), network, ip);
});

Deno.test("An IPv6 address counts as the IPv4 address inside it.", () => {
  const cases: [ip: string, network: string | undefined][] = [
    ["::ffff:127.0.0.1", "loopback"],
    ["::ffff:7f00:1", "loopback"],
    ["::FFFF:7F00:0001", "loopback"],
    ["0:0:0:0:0:ffff:127.0.0.1", "loopback"],
    ["0000:0000:0000:0000:0000:ffff:7f00:0001", "loopback"],
    ["::ffff:127.0.0.1%eth0", "loopback"],
    ["::ffff:10.1.2.3", "private"],
    ["::ffff:169.254.169.254", "link_local"],
    ["::ffff:224.0.0.1", "multicast"],
    ["::ffff:0.0.0.0", "unspecified"],
    ["::ffff:0:0", "unspecified"],
    ["::ffff:8.8.8.8", undefined],
    ["64:ff9b::127.0.0.1", "loopback"],
    ["64:ff9b::7f00:1", "loopback"],
    ["64:ff9b::c0a8:1", "private"],
    ["0064:FF9B:0:0:0:0:10.0.0.1", "private"],
    ["64:ff9b::8.8.8.8", undefined],
    ["2002:7f00:1::", "loopback"],
    ["2002:7f00:0001::1", "loopback"],
    ["2002:a9fe:a9fe:1:2:3:4:5", "link_local"],
    ["2002:c0a8:0101::", "private"],
    ["2002:0808:0808::1", undefined],
    ["2002::", "unspecified"],
  ];
  const guard = guardOf(DEFAULT);
  for (const [ip, network] of cases) assertEquals(guard(ip, 443), network, ip);
});

Deno.test("Only what is listed is denied, and the first entry that holds is named.", () => {
  const cases: [deny: string[], ip: string, network: string | undefined][] = [
    [[], "127.0.0.1", undefined],
    [[], "::", undefined],
    [["private"], "127.0.0.1", undefined],
    [["private"], "10.0.0.1", "private"],
    [["203.0.113.0/24"], "203.0.113.9", "203.0.113.0/24"],
    [["203.0.113.0/24"], "203.0.114.0", undefined],
    [["203.0.113.0/24"], "::ffff:203.0.113.9", "203.0.113.0/24"],
    [["203.0.113.0/24"], "64:ff9b::cb00:7109", "203.0.113.0/24"],
    [["203.0.113.9/24"], "203.0.113.200", "203.0.113.9/24"],
    [["203.0.113.9/32"], "203.0.113.9", "203.0.113.9/32"],
    [["203.0.113.9/32"], "203.0.113.8", undefined],
    [["2001:db8::/32"], "2001:db8:1::1", "2001:db8::/32"],
    [["2001:db8::/32"], "2001:db9::", undefined],
    [["2001:DB8::/32"], "2001:db8::1%eth0", "2001:DB8::/32"],
    [["0.0.0.0/0"], "8.8.8.8", "0.0.0.0/0"],
    [["0.0.0.0/0"], "2001:db8::1", undefined],
    [["::/0"], "2001:db8::1", "::/0"],
    [["::/0"], "8.8.8.8", undefined],
    [["64:ff9b::/96"], "64:ff9b::8.8.8.8", "64:ff9b::/96"],
    [["64:ff9b::/96"], "8.8.8.8", undefined],
    [["2002::/16"], "2002:808:808::1", "2002::/16"],
    [["::ffff:0:0/96"], "::ffff:8.8.8.8", "::ffff:0:0/96"],
    [["10.1.0.0/16", "private"], "10.1.0.1", "10.1.0.0/16"],
    [["private", "10.1.0.0/16"], "10.1.0.1", "private"],
  ];
  for (const [deny, ip, network] of cases) {
    assertEquals(guardOf(deny)(ip, 443), network, JSON.stringify([deny, ip]));
  }
});

Deno.test("Allowed networks are let through all the same.", () => {
  const cases: [allow: string[], ip: string, network: string | undefined][] = [
    [["10.1.0.0/16"], "10.1.2.3", undefined],
    [["10.1.0.0/16"], "10.2.0.1", "private"],
    [["10.1.0.0/16"], "::ffff:10.1.2.3", undefined],
    [["10.1.0.0/16"], "64:ff9b::10.1.2.3", undefined],
    [["10.1.0.0/16"], "2002:a01:203::1", undefined],
    [["10.1.0.0/16"], "::ffff:10.2.0.1", "private"],
    [["127.0.0.0/8", "::1/128"], "127.0.0.1", undefined],
    [["127.0.0.0/8", "::1/128"], "::1", undefined],
    [["127.0.0.0/8", "::1/128"], "10.0.0.1", "private"],
    [["127.0.0.1/32"], "127.0.0.2", "loopback"],
    [["fd00::/8"], "fd00::1", undefined],
    [["fd00::/8"], "fc00::1", "unique_local"],
    [["fe80::/10"], "fe80::1%eth0", undefined],
    [["0.0.0.0/0"], "127.0.0.1", undefined],
    [["0.0.0.0/0"], "::1", "loopback"],
    [["::/0"], "::1", undefined],
    [["::/0"], "127.0.0.1", "loopback"],
    [["::/0"], "::ffff:127.0.0.1", "loopback"],
    [["::/0"], "64:ff9b::7f00:1", "loopback"],
    [["2000::/3"], "2002:7f00:1::", "loopback"],
    [["8.8.8.8/32"], "8.8.8.8", undefined],
    [["8.8.8.8/32"], "8.8.4.4", undefined],
  ];
  for (const [allow, ip, network] of cases) {
    assertEquals(guardOf(DEFAULT, allow)(ip, 443), network, JSON.stringify([allow, ip]));
  }
});

Deno.test("What this process listens on is denied, even if the network is allowed.", () => {
  const everything = ["0.0.0.0/0", "::/0"];
  const cases: [
    own: string,
    ip: string,
    port: number,
    localIp: string | undefined,
    denied: boolean,
  ][] = [
    ["127.0.0.1", "127.0.0.1", 443, undefined, true],
    ["127.0.0.1", "127.0.0.1", 444, undefined, false],
    ["127.0.0.1", "127.0.0.2", 443, undefined, false],
    ["127.0.0.1", "::ffff:127.0.0.1", 443, undefined, true],
    ["127.0.0.1", "::ffff:7f00:1", 443, undefined, true],
    ["127.0.0.1", "0.0.0.0", 443, undefined, true],
    ["127.0.0.1", "::", 443, undefined, false],
    ["127.0.0.1", "::1", 443, undefined, false],
    ["::1", "::1", 443, undefined, true],
    ["::1", "0:0::1", 443, undefined, true],
    ["::1", "::", 443, undefined, true],
    ["::1", "127.0.0.1", 443, undefined, false],
    ["0:0:0:0:0:0:0:1", "::1", 443, undefined, true],
    ["localhost", "127.0.0.1", 443, undefined, true],
    ["localhost", "::1", 443, undefined, true],
    ["localhost", "0.0.0.0", 443, undefined, true],
    ["localhost", "127.0.0.1", 80, undefined, false],
    ["localhost", "10.0.0.5", 443, "10.0.0.5", false],
    ["10.0.0.5", "10.0.0.5", 443, undefined, true],
    ["10.0.0.5", "64:ff9b::10.0.0.5", 443, undefined, true],
    ["10.0.0.5", "2002:a00:5::", 443, undefined, true],
    ["10.0.0.5", "10.0.0.6", 443, "10.0.0.6", false],
    ["::ffff:10.0.0.5", "10.0.0.5", 443, undefined, true],
    ["10.0.0.5", "127.0.0.1", 443, "10.0.0.5", false],
    ["2001:db8::5", "2001:DB8:0::5", 443, undefined, true],
    ["fe80::1", "fe80::1%eth0", 443, undefined, true],
    ["0.0.0.0", "127.0.0.1", 443, undefined, true],
    ["0.0.0.0", "127.9.9.9", 443, undefined, true],
    ["0.0.0.0", "::1", 443, undefined, true],
    ["0.0.0.0", "::ffff:127.0.0.1", 443, undefined, true],
    ["0.0.0.0", "0.0.0.0", 443, undefined, true],
    ["0.0.0.0", "::", 443, undefined, true],
    ["0.0.0.0", "127.0.0.1", 80, undefined, false],
    ["0.0.0.0", "10.0.0.5", 443, "10.0.0.5", true],
    ["0.0.0.0", "::ffff:10.0.0.5", 443, "10.0.0.5", true],
    ["0.0.0.0", "10.0.0.5", 443, "10.0.0.6", false],
    ["0.0.0.0", "10.0.0.5", 443, undefined, false],
    ["0.0.0.0", "10.0.0.5", 80, "10.0.0.5", false],
    ["::", "10.0.0.5", 443, "::ffff:10.0.0.5", true],
    ["::", "2001:db8::5", 443, "2001:db8:0:0::5", true],
    ["::", "fe80::5%eth0", 443, "fe80::5%eth1", true],
    ["::", "127.0.0.1", 443, undefined, true],
    ["::", "8.8.8.8", 443, "10.0.0.5", false],
    ["::", "10.0.0.5", 443, "nonsense", false],
    ["0:0:0:0:0:0:0:0", "::1", 443, undefined, true],
    ["::ffff:0.0.0.0", "127.0.0.1", 443, undefined, true],
    ["proxy.internal", "127.0.0.1", 443, undefined, true],
    ["proxy.internal", "10.0.0.5", 443, "10.0.0.5", true],
    ["proxy.internal", "10.0.0.5", 443, "10.0.0.6", false],
  ];
  for (const [host, ip, port, localIp, denied] of cases) {
    const guard = guardOf(DEFAULT, everything, [{ host, port: 443 }]);
    const message = JSON.stringify([host, ip, port, localIp]);
    assertEquals(guard(ip, port, localIp), denied ? "self" : undefined, message);
  }
});

Deno.test("Each of several listeners is denied, and only if self is.", () => {
  const own = [{ host: "127.0.0.1", port: 8443 }, { host: "::", port: 443 }];
  const guard = guardOf(DEFAULT, [], own);
  assertEquals(guard("127.0.0.1", 8443), "self");
  assertEquals(guard("127.0.0.1", 443), "self");
  assertEquals(guard("127.0.0.1", 80), "loopback");
  assertEquals(guard("203.0.113.1", 443, "203.0.113.1"), "self");
  assertEquals(guard("203.0.113.1", 8443, "203.0.113.1"), undefined);
  assertEquals(guardOf(["loopback"], [], own)("127.0.0.1", 443), "loopback");
  assertEquals(guardOf([], [], own)("127.0.0.1", 443), undefined);
});

Deno.test("What is not an IP address is denied, even if nothing else is.", () => {
  const guard = guardOf([], ["0.0.0.0/0", "::/0"]);
  const cases = [
    "",
    "localhost",
    "example.com",
    "[::1]",
    "127.1",
    "0x7f000001",
    "127.0.0.01",
    "8.8.8.8%eth0",
    "8.8.8.8:443",
    "10.0.0.0/8",
    "constructor",
    "1:".repeat(100_000),
  ];
  for (const ip of cases) {
    assertEquals(guard(ip, 443), "not an IP address", JSON.stringify(ip.slice(0, 50)));
  }
  assert(guard("8.8.8.8", 443) === undefined);
});
