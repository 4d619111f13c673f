import { assert, assertEquals } from "@std/assert";
import type { ClientLimits as Limits } from "../../src/config/config.ts";
import { clientKey, ClientLimits } from "../../src/upstream/client_limits.ts";
import { generator } from "../sniff/random.ts";

const NONE: Limits = { connections: 0, connectionsPerSecond: 0, burst: 0 };

/** What is said of several connections at one moment. */
function enterAll(limits: ClientLimits, ips: readonly string[], now = 0): string {
  return ips.map((ip) => limits.enter(ip, now)?.[0] ?? ".").join("");
}

Deno.test("a client is an IPv4 address or an IPv6 /64", () => {
  for (
    const [ip, key] of [
      ["192.0.2.1", "192.0.2.1"],
      ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
      ["2001:DB8:1:2::", "2001:db8:1:2"],
      ["2001:db8::1", "2001:db8:0:0"],
      ["::1", "0:0:0:0"],
      ["fe80::1%eth0", "fe80:0:0:0"],
      ["::ffff:192.0.2.1", "192.0.2.1"],
      ["::FFFF:c000:201", "192.0.2.1"],
      ["64:ff9b::192.0.2.1", "64:ff9b:0:0"],
      ["not:an:address", "not:an:address"],
    ]
  ) assertEquals(clientKey(ip), key, ip);
});

Deno.test("each client has its limits for itself", () => {
  const [a, b] = ["192.0.2.1", "192.0.2.2"];
  for (
    const [limits, ips, expected] of [
      [{}, [a, a, a, a], "...."],
      [{ connections: 2 }, [a, a, a, b, b, b], "..c..c"],
      [{ connections: 1 }, [a, "::ffff:192.0.2.1"], ".c"],
      [{ connections: 1 }, ["2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"], ".c."],
      [{ connectionsPerSecond: 2 }, [a, a, a, b], "..r."],
      [{ connectionsPerSecond: 0.1 }, [a, a], ".r"],
      [{ connectionsPerSecond: 1.5 }, [a, a, a], "..r"],
      [{ connectionsPerSecond: 1, burst: 3 }, [a, a, a, a], "...r"],
      [{ connections: 2, connectionsPerSecond: 1, burst: 1 }, [a, a, a], ".rr"],
      [{ burst: 1 }, [a, a], ".."],
    ] as const
  ) {
    const tried = enterAll(new ClientLimits({ ...NONE, ...limits }), ips);
    assertEquals(tried, expected, JSON.stringify(limits));
  }
});

Deno.test("who leaves makes room, and no token", () => {
  const limits = new ClientLimits({ connections: 1, connectionsPerSecond: 1, burst: 2 });
  const ip = "192.0.2.1";
  assertEquals(enterAll(limits, [ip, ip]), ".c");
  limits.leave(ip);
  limits.leave(ip);
  assertEquals(enterAll(limits, [ip]), ".");
  limits.leave(ip);
  assertEquals(enterAll(limits, [ip]), "r");
  limits.leave("::ffff:192.0.2.1");
  assertEquals(enterAll(limits, [ip], 1_000), ".");
});

Deno.test("nobody is remembered for connections alone, and nobody known leaves without harm", () => {
  const limits = new ClientLimits({ ...NONE, connections: 1 });
  limits.leave("192.0.2.9");
  enterAll(limits, ["192.0.2.1", "192.0.2.2"]);
  assertEquals(limits.size, 2);
  for (const ip of ["192.0.2.1", "192.0.2.2"]) limits.leave(ip);
  assertEquals(limits.size, 0);
});

Deno.test("other limits hold for those who are there, too", () => {
  const limits = new ClientLimits({ connections: 2, connectionsPerSecond: 1, burst: 1 });
  const [a, b] = ["192.0.2.1", "192.0.2.2"];
  assertEquals(enterAll(limits, [a, b]), "..");
  limits.leave(b);
  limits.configure({ connections: 3, connectionsPerSecond: 1, burst: 1 });
  assertEquals(limits.size, 2);
  assertEquals(enterAll(limits, [a, b], 100), "rr", "the same rate: no token is new");
  limits.configure({ connections: 3, connectionsPerSecond: 1, burst: 2 });
  assertEquals(enterAll(limits, [a, a, a, b], 100), "..c.");
  limits.configure(NONE);
  assertEquals(enterAll(limits, [a, a, a, a], 100), "....");
  for (let i = 0; i < 7; i++) limits.leave(a);
  limits.leave(b);
  assertEquals(limits.size, 0);
});

Deno.test("open connections are counted right, whatever comes in whatever order", () => {
  for (let seed = 0; seed < 30; seed++) {
    const below = generator(seed);
    let connections = 1 + below(4);
    const limits = new ClientLimits({ ...NONE, connections, connectionsPerSecond: below(2) * 1e6 });
    const open: string[] = [];
    for (let now = 0; now < 2_000; now++) {
      if (below(100) === 0) {
        connections = 1 + below(4);
        limits.configure({ ...NONE, connections, connectionsPerSecond: below(2) * 1e6 });
      }
      if (below(2) === 0 && open.length > 0) {
        limits.leave(open.splice(below(open.length), 1)[0]);
      } else {
        const ip = `192.0.2.${below(5)}`;
        const count = open.filter((each) => each === ip).length;
        const expected = count >= connections ? "connection_limit" : undefined;
        assertEquals(limits.enter(ip, now), expected, `seed ${seed}, step ${now}`);
        if (expected === undefined) open.push(ip);
      }
      assert(limits.size <= 5);
    }
    for (const ip of open) limits.leave(ip);
    limits.configure(NONE);
    assertEquals(limits.size, 0, `seed ${seed}`);
  }
});

Deno.test("an attacker with many addresses fills no memory, and frees no one", () => {
  const limits = new ClientLimits({ connections: 5, connectionsPerSecond: 0.001, burst: 1 });
  const here = Array.from({ length: 50 }, (_, i) => `192.0.2.${i}`);
  const returning = "198.51.100.1";
  assertEquals(enterAll(limits, here), ".".repeat(50));
  for (let i = 0; i < 300_000; i++) {
    const ip = `10.${i >> 16}.${i >> 8 & 255}.${i & 255}`;
    limits.enter(ip, i / 1_000);
    limits.leave(ip);
    if (i % 50_000 !== 0) continue;
    const expected = i === 0 ? undefined : "rate_limit";
    assertEquals(limits.enter(returning, i / 1_000), expected, "who was here lately is known");
    limits.leave(returning);
  }
  assert(limits.size <= 100_100, `${limits.size} are remembered`);
  assert(limits.size >= 50_000, `only ${limits.size} are remembered`);
  assertEquals(enterAll(limits, here, 300), "r".repeat(50), "connections are never forgotten");
});

Deno.test("clients whose bucket is full again are forgotten as others come", () => {
  const limits = new ClientLimits({ ...NONE, connectionsPerSecond: 1 });
  for (let i = 0; i < 1_000; i++) {
    const ip = `10.0.${i >> 8}.${i & 255}`;
    assertEquals(limits.enter(ip, 0), undefined);
    limits.leave(ip);
  }
  for (const [now, size] of [[999, 1_000], [1_000, 1_000], [2_000, 1]]) {
    limits.enter("192.0.2.1", now);
    limits.leave("192.0.2.1");
    assertEquals(limits.size - (now < 2_000 ? 1 : 0), size, `after ${now} ms`);
  }
});

Deno.test("who is forgotten for the time that has passed gets no token early", () => {
  for (let seed = 0; seed < 20; seed++) {
    const below = generator(seed);
    const limits = new ClientLimits({ ...NONE, connectionsPerSecond: 1, burst: 2 });
    const passed = [0, 0, 0];
    for (let now = 0; now < 60_000; now += below(700)) {
      const client = below(3);
      if (limits.enter(`192.0.2.${client}`, now) === undefined) passed[client]++;
      limits.leave(`192.0.2.${client}`);
      assert(passed[client] <= 2 + now / 1_000, `seed ${seed}: ${passed[client]} in ${now} ms`);
    }
  }
});
