import { assert, assertEquals, assertRejects } from "@std/assert";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { Address } from "../../src/config/config.ts";
import { createDnsClient, type DnsClientOptions } from "../../src/upstream/dns_client.ts";
import { freePorts, soon, until } from "../e2e/harness.ts";
import {
  answerTo,
  type Asked,
  type DnsServer,
  type Reply,
  type Script,
  startDnsServer,
} from "./dns_server.ts";

const V4 = ["192.0.2.1", "192.0.2.2"];
const V6 = ["2001:db8:0:0:0:0:0:1", "2001:db8:0:0:0:0:0:2", "2001:db8:0:0:0:0:0:3"];
const BOTH: Reply = { addresses: [...V4, ...V6] };
const SERVFAIL: Reply = { code: 2 };
const NXDOMAIN: Reply = { code: 3 };
const SILENCE = undefined;

/** Where nothing ever comes. */
const HASTY: DnsClientOptions = { timeout: 100 };
/** Where something comes after nothing has. */
const CALM: DnsClientOptions = { timeout: 500 };
/** Where all comes in the end. */
const PATIENT: DnsClientOptions = { timeout: 20_000, grace: 20_000 };
const never = new AbortController().signal;

function at({ port }: DnsServer): Address {
  return { host: "127.0.0.1", port };
}

/** What a lookup comes to: addresses, or an error. */
async function look(
  servers: readonly DnsServer[],
  options?: DnsClientOptions,
  name = "www.example",
): Promise<string> {
  const lookup = createDnsClient(servers.map(at), options);
  try {
    return (await soon(name, lookup(name, never))).join(" ");
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const FAILED = "no DNS server can tell the addresses of www.example";
const ALL = "2001:db8::1 192.0.2.1 2001:db8::2 192.0.2.2 2001:db8::3";

const byType = (a: Reply | undefined, aaaa: Reply | undefined): Script => ({ type }) =>
  type === "A" ? a : aaaa;

Deno.test("what the server says is what a lookup comes to", async () => {
  const many = Array.from({ length: 128 }, (_, i) => `192.0.2.${i}`);
  for (
    const [about, script, expected, options] of [
      ["both families take turns, IPv6 first", () => BOTH, ALL],
      ["one family", () => ({ addresses: V4 }), V4.join(" ")],
      ["the other family", () => ({ addresses: V6.slice(0, 1) }), "2001:db8::1"],
      ["aliases", () => ({ aliases: ["a.example", "b"], ...BOTH }), ALL],
      ["no such name", () => NXDOMAIN, ""],
      ["no such address", () => ({}), ""],
      ["no such name in one family", byType({ addresses: V4 }, NXDOMAIN), V4.join(" ")],
      ["a failure", () => SERVFAIL, FAILED],
      ["a failure in one family", byType({ addresses: V4 }, SERVFAIL), V4.join(" ")],
      ["a failure, and none in the other", byType({}, SERVFAIL), FAILED],
      ["silence", () => SILENCE, FAILED, HASTY],
      ["silence in one family", byType({ addresses: V4 }, SILENCE), V4.join(" "), { grace: 1 }],
      ["silence, and none in the other", byType(NXDOMAIN, SILENCE), FAILED, HASTY],
      ["garbage", () => new Uint8Array([1, 2, 3]), FAILED, HASTY],
      ["its own question", ({ bytes }) => bytes, FAILED, HASTY],
      ["nothing at all", () => new Uint8Array(0), FAILED, HASTY],
      ["truncated", ({ over }) => over === "udp" ? { truncated: true } : BOTH, ALL],
      ["truncated, again", () => ({ truncated: true }), FAILED],
      [
        "truncated, then garbage",
        ({ over }) => over === "udp" ? { truncated: true } : new Uint8Array(3),
        FAILED,
      ],
      [
        "truncated, then silence",
        ({ over }) => over === "udp" ? { truncated: true } : SILENCE,
        FAILED,
        HASTY,
      ],
      [
        "huge",
        ({ over }: Asked) => ({ addresses: many, truncated: over === "udp" }),
        many.join(" "),
      ],
    ] as [string, Script, string, DnsClientOptions?][]
  ) {
    await using server = await startDnsServer(script);
    assertEquals(await look([server], options), expected, about);
  }
});

Deno.test("the largest message there can be is read", async () => {
  const addresses = Array.from({ length: 4_000 }, (_, i) => `10.0.${i >> 8}.${i & 0xff}`);
  await using server = await startDnsServer(({ over }) => ({
    addresses,
    truncated: over === "udp",
  }));
  const found = await createDnsClient([at(server)])("www.example", never);
  assertEquals(found, addresses.slice(0, 128));
});

Deno.test("a question that got lost is sent again", async () => {
  let lost = 3;
  await using server = await startDnsServer(() => lost-- > 0 ? SILENCE : BOTH);
  assertEquals(await look([server], PATIENT), ALL);
  assertEquals(server.asked.length, 5);
});

Deno.test("servers are asked in turn until one can tell", async () => {
  for (
    const [first, asked] of [
      [() => BOTH, 0],
      [() => NXDOMAIN, 0],
      [() => SERVFAIL, 2],
      [() => ({ code: 5 }), 2],
      [byType({}, SERVFAIL), 2],
      [() => SILENCE, 2],
    ] as [Script, number][]
  ) {
    await using one = await startDnsServer(first);
    await using two = await startDnsServer(() => BOTH);
    await look([one, two], CALM);
    assertEquals(two.asked.length, asked);
  }
});

Deno.test("a server that was silent is asked last for a while", async () => {
  for (const [shun, names] of [[0, "a.example b.example"], [60_000, "a.example"]] as const) {
    let mute = true;
    await using one = await startDnsServer(() => mute ? SILENCE : BOTH);
    await using two = await startDnsServer(() => mute ? NXDOMAIN : SERVFAIL);
    const lookup = createDnsClient([at(one), at(two)], { ...CALM, shun });
    for (const name of ["a.example", "b.example"]) assertEquals(await lookup(name, never), []);
    // On a busy machine it may come to read its questions late.
    const asked = (): string =>
      [...new Set(one.asked.map((each) => each.split(" ")[1]))].toSorted().join(" ");
    await until("the questions", () => asked() === names);
    mute = false;
    assertEquals((await lookup("c.example", never)).length, 5);
    const { length } = two.asked;
    assertEquals((await lookup("d.example", never)).length, 5);
    assertEquals(two.asked.length, length, "the first one has answered, and is first again");
  }
});

Deno.test("where nobody listens the next one is asked", async () => {
  const [port] = freePorts(1);
  await using server = await startDnsServer(() => BOTH);
  for (const host of ["127.0.0.1", "255.255.255.255", "::1"]) {
    const lookup = createDnsClient([{ host, port }, at(server)], CALM);
    assertEquals((await lookup("www.example", never)).length, 5, host);
  }
});

Deno.test("only the server that was asked can answer", async () => {
  const forger = createSocket("udp4");
  forger.bind(0, "127.0.0.1");
  await once(forger, "listening");
  for (const [truth, expected] of [[BOTH, ALL], [SILENCE, FAILED]] as const) {
    // Even if everything but the server's own port could be guessed.
    await using server = await startDnsServer(async ({ bytes, port }) => {
      const lie = answerTo(bytes, { addresses: ["192.0.2.66", "2001:db8:0:0:0:0:0:66"] });
      await new Promise((resolve) => forger.send(lie, port, "127.0.0.1", resolve));
      return truth;
    });
    assertEquals(await look([server], CALM), expected);
  }
  forger.close();
  await once(forger, "close");
});

Deno.test("a signal ends a lookup in whatever state it is", async () => {
  const truncated: Script = ({ over }) => over === "udp" ? { truncated: true } : SILENCE;
  for (const [script, heard] of [[() => SILENCE, 2], [truncated, 4]] as [Script, number][]) {
    await using server = await startDnsServer(script);
    const stop = new AbortController();
    const lookup = createDnsClient([at(server), at(server)])("www.example", stop.signal);
    await until("the questions", () => server.asked.length === heard);
    stop.abort();
    await assertRejects(() => soon("the end", lookup), DOMException);
    await assertRejects(
      () => createDnsClient([at(server)])("b.example", stop.signal),
      DOMException,
    );
    assertEquals(server.asked.length, heard);
  }
});

Deno.test("localhost, and what can't be a name, are never asked for", async () => {
  await using server = await startDnsServer(() => BOTH);
  for (const name of ["localhost", "a.localhost", "", "a..b", "a".repeat(64)]) {
    const expected = name.endsWith("localhost") ? "::1 127.0.0.1" : "";
    assertEquals(await look([server], {}, name), expected, name);
  }
  assertEquals(server.asked, []);
  assertEquals(await look([server], {}, "notlocalhost"), ALL);
});

Deno.test({
  name: "without the permission for UDP it is done over TCP",
  permissions: { net: ["127.0.0.1"] },
  fn: async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const serving = (async () => {
      for (let i = 0; i < 2; i++) {
        using conn = await listener.accept();
        const bytes = new Uint8Array(512);
        const count = await conn.read(bytes) ?? 0;
        const message = answerTo(bytes.slice(2, count), BOTH);
        // In pieces, as a connection may deliver them.
        await conn.write(new Uint8Array([message.length >> 8]));
        await conn.write(new Uint8Array([message.length & 0xff, ...message.subarray(0, 20)]));
        await conn.write(message.subarray(20));
      }
    })();
    const lookup = createDnsClient([{ host: "127.0.0.1", port: listener.addr.port }]);
    assertEquals((await lookup("www.example", never)).join(" "), ALL);
    await serving;
    listener.close();
  },
});

Deno.test("many lookups at a time don't get into each other's way", async () => {
  await using server = await startDnsServer(({ name, type }) => {
    const last = parseInt(name.slice(1), 10);
    return type === "A" ? { addresses: [`192.0.2.${last}`] } : NXDOMAIN;
  });
  const lookup = createDnsClient([at(server)], PATIENT);
  const all = Array.from({ length: 200 }, (_, i) => lookup(`n${i}.example`, never));
  const found = await soon("all of them", Promise.all(all));
  assert(found.every(([address], i) => address === `192.0.2.${i}`));
});
