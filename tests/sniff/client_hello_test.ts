import { assert, assertEquals, assertLessOrEqual, assertStringIncludes } from "@std/assert";
import { ClientHelloSniffer } from "../../src/sniff/client_hello.ts";
import { hostName } from "../../src/sniff/host_name.ts";
import type { HelloFacts, Sniffed, SniffResult } from "../../src/sniff/sniffed.ts";
import {
  alpn,
  ascii,
  chromeLike,
  extension,
  join,
  keyShare,
  message,
  messageOfSize,
  messageWith,
  records,
  serverName,
  supportedVersions,
  TYPE,
  uint,
  uint16s,
  vector,
} from "./hello_builder.ts";
import { generator } from "./random.ts";
import { REAL_HELLOS } from "./real_hellos.ts";

const NOTHING = new Uint8Array();

function sniff(bytes: Uint8Array): SniffResult {
  return new ClientHelloSniffer().sniff(bytes);
}

/** What a well-formed hello says. */
function sniffed(bytes: Uint8Array): Sniffed & { readonly tls: HelloFacts } {
  const result = sniff(bytes);
  assert(result?.kind === "sniffed" && result.tls !== undefined, JSON.stringify(result));
  return { ...result, tls: result.tls };
}

/** What is wrong with a hello. */
function detail(bytes: Uint8Array): string {
  const result = sniff(bytes);
  assert(result?.kind === "malformed", JSON.stringify(result));
  assertEquals(result.protocol, "tls");
  return result.detail;
}

/** The verdict on bytes that come in pieces, and how many had come by then. */
function sniffInPieces(
  bytes: Uint8Array,
  ends: Iterable<number>,
): { result: SniffResult; after: number } {
  const sniffer = new ClientHelloSniffer();
  for (const end of ends) {
    const result = sniffer.sniff(bytes.subarray(0, end));
    if (result !== undefined) return { result, after: end };
  }
  return { result: sniffer.sniff(bytes), after: bytes.length };
}

/** 1, 2, 3 and so on up to `length`. */
function* eachByte(length: number): Generator<number> {
  for (let end = 1; end <= length; end++) yield end;
}

/** The handshake message in a hello of one record. */
function messageOf(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(5);
}

Deno.test("What real clients send is read.", () => {
  for (const { client, name, alpn, versions, bytes } of REAL_HELLOS) {
    assertEquals(
      sniffed(bytes),
      {
        kind: "sniffed",
        protocol: "tls",
        name,
        alpn,
        tls: { versions, size: bytes.length - 5, records: 1, ech: false, postQuantum: false },
      },
      client,
    );
  }
});

Deno.test("GREASE is left out, ECH and a post-quantum share are seen.", () => {
  const hello = chromeLike("www.example.com");
  assert(hello.length > 1700 && hello.length < 1900, `${hello.length} bytes`);
  assertEquals(sniffed(records(hello)), {
    kind: "sniffed",
    protocol: "tls",
    name: "www.example.com",
    alpn: ["h2", "http/1.1"],
    tls: {
      versions: [0x0304, 0x0303],
      size: hello.length,
      records: 1,
      ech: true,
      postQuantum: true,
    },
  });
});

Deno.test("Every prefix of a hello needs more, and two segments are as good as one.", () => {
  const hellos = [...REAL_HELLOS.map(({ bytes }) => bytes), records(chromeLike("a.example"), 700)];
  for (const bytes of hellos) {
    const whole = sniff(bytes);
    for (let split = 0; split < bytes.length; split++) {
      const sniffer = new ClientHelloSniffer();
      assertEquals(sniffer.sniff(bytes.subarray(0, split)), undefined, `split at ${split}`);
      assertEquals(sniffer.sniff(bytes), whole, `split at ${split}`);
    }
    assertEquals(sniffInPieces(bytes, eachByte(bytes.length)), {
      result: whole,
      after: bytes.length,
    });
  }
});

Deno.test("The bytes may move to another buffer as they grow.", () => {
  for (const bytes of [records(chromeLike("a.example")), records(chromeLike("a.example"), 50)]) {
    const sniffer = new ClientHelloSniffer();
    for (let end = 1; end < bytes.length; end += 13) {
      const buffer = bytes.slice(0, end);
      assertEquals(sniffer.sniff(buffer), undefined);
      buffer.fill(0);
    }
    assertEquals(sniffer.sniff(bytes), sniff(bytes));
  }
});

Deno.test("A hello may be cut into records of any size, at any place.", () => {
  for (const { client, bytes } of REAL_HELLOS) {
    const whole = sniffed(bytes);
    const hello = messageOf(bytes);
    for (const size of [1, 2, 3, 4, 5, 7, 100, 16384]) {
      const wire = records(hello, size);
      const count = Math.ceil(hello.length / size);
      assertEquals(
        sniffed(wire),
        { ...whole, tls: { ...whole.tls, records: count } },
        `${client} in records of ${size}`,
      );
      assertEquals(sniffInPieces(wire, eachByte(wire.length)).after, wire.length);
    }
    for (let split = 1; split < hello.length; split++) {
      const wire = join(records(hello.subarray(0, split)), records(hello.subarray(split)));
      assertEquals(sniffed(wire).name, whole.name, `${client}, second record from ${split}`);
    }
  }
});

Deno.test("A hello of up to 64 KiB is read, and a longer one refused once its length says so.", () => {
  for (const size of [300, 16_380, 16_381, 17_000, 40_000, 65_535, 65_536]) {
    const hello = messageOfSize(size, "large.example");
    assertEquals(hello.length, size + 4);
    for (const recordSize of [1, 2, 7, 1400, 16384]) {
      const { name, tls } = sniffed(records(hello, recordSize));
      assertEquals([name, tls.size, tls.records], [
        "large.example",
        hello.length,
        Math.ceil(hello.length / recordSize),
      ]);
    }
    const wire = records(hello);
    assertEquals(sniff(wire.subarray(0, wire.length - 1)), undefined);
  }
  for (const size of [65_537, 0xffffff]) {
    const wire = join(22, uint16s(0x0301, 16384), 1, uint(size, 3));
    assertEquals(sniff(wire.subarray(0, wire.length - 1)), undefined);
    assertStringIncludes(detail(wire), `${size} bytes, over the limit`);
  }
});

Deno.test("What comes behind the hello changes nothing, together with it or later.", () => {
  const hello = messageOf(REAL_HELLOS[0].bytes);
  const behind: [what: string, bytes: Uint8Array][] = [
    ["early data", join(23, uint16s(0x0303), vector(2, new Uint8Array(64)))],
    ["another handshake record", records(hello)],
    ["no record at all", ascii("GET / HTTP/1.1\r\n\r\n")],
    ["half a header", new Uint8Array([22, 3])],
  ];
  for (const size of [1, 2, 3, 7, 16384]) {
    const alone = records(hello, size);
    for (const [what, bytes] of behind) {
      const both = join(alone, bytes);
      const verdict = sniff(alone);
      assertEquals(sniff(both), verdict, `${what}, records of ${size}`);
      assertEquals(sniffInPieces(both, [alone.length + 1]).result, verdict);
    }
  }
  const inTheSameRecord = join(hello, new Uint8Array(9).fill(0xff));
  assertEquals(sniff(records(inTheSameRecord)), sniff(records(hello)));
});

Deno.test("What cannot become a hello is refused with the byte that shows it.", () => {
  const oneByte = [22, 3, 1, 0, 1, 1];
  const cases: [detail: string, bytes: number[]][] = [
    ["record of type 23", [23]],
    ["record of type 21", [21]],
    ["record of type 128", [0x80]],
    ["record of type 71", [71]],
    ["record version 2.x", [22, 2]],
    ["record version 254.x", [22, 254]],
    ["empty handshake record", [22, 3, 1, 0, 0]],
    ["a record of 16385 bytes", [22, 3, 1, 0x40, 1]],
    ["a message of type 0", [22, 3, 1, 0, 200, 0]],
    ["a message of type 2", [22, 3, 1, 0, 200, 2]],
    ["a ClientHello of 65537 bytes", [22, 3, 1, 0, 200, 1, 1, 0, 1]],
    ["record of type 21 before the hello is complete", [...oneByte, 21]],
    ["record of type 20 before the hello is complete", [...oneByte, 20]],
    ["record version 0.x", [...oneByte, 22, 0]],
    ["empty handshake record", [...oneByte, 22, 3, 3, 0, 0]],
    ["a record of 65535 bytes", [...oneByte, 22, 3, 3, 255, 255]],
    ["record of type 23", [22, 3, 1, 0, 5, 1, 0, 0, 100, 3, 23]],
  ];
  for (const [expected, values] of cases) {
    const bytes = new Uint8Array(values);
    const { result, after } = sniffInPieces(bytes, eachByte(bytes.length));
    assertEquals(after, bytes.length, expected);
    assertEquals(sniff(join(bytes, new Uint8Array(40).fill(0xff))), result);
    assertStringIncludes(detail(bytes), expected);
    if (!expected.includes("65537")) assertStringIncludes(detail(bytes), "(RFC 8446,");
  }
  const largest = records(messageOfSize(16_380, "a.example"));
  assertEquals([...largest.subarray(3, 5)], [0x40, 0]);
  assertEquals(sniffed(largest).tls.records, 1);
});

/** The length fields of a hello. */
type Field =
  | "record"
  | "message"
  | "session id"
  | "cipher suites"
  | "compression methods"
  | "extensions"
  | "server_name"
  | "server_name list"
  | "host name"
  | "ALPN"
  | "ALPN list"
  | "ALPN id"
  | "supported_versions"
  | "version list"
  | "key_share"
  | "key_share list"
  | "key exchange";

/** A hello in which one length is wrong by so many bytes. */
function lying(field: Field, by: number): Uint8Array {
  const lie = (of: Field): number => field === of ? by : 0;
  const name = join(0, vector(2, ascii("a.example"), lie("host name")));
  const id = vector(1, ascii("h2"), lie("ALPN id"));
  const share = join(uint(29, 2), vector(2, new Uint8Array(32).fill(0xab), lie("key exchange")));
  const hello = message({
    sessionId: vector(1, new Uint8Array(32).fill(0xef), lie("session id")),
    suites: vector(2, uint16s(0x1301, 0x1302), lie("cipher suites")),
    compression: vector(1, new Uint8Array(1), lie("compression methods")),
    extensions: vector(
      2,
      join(
        extension(TYPE.serverName, vector(2, name, lie("server_name list")), lie("server_name")),
        extension(TYPE.alpn, vector(2, id, lie("ALPN list")), lie("ALPN")),
        extension(
          TYPE.supportedVersions,
          vector(1, uint16s(0x0304, 0x0303), lie("version list")),
          lie("supported_versions"),
        ),
        extension(TYPE.keyShare, vector(2, share, lie("key_share list")), lie("key_share")),
      ),
      lie("extensions"),
    ),
    lie: lie("message"),
  });
  return join(22, uint16s(0x0301), vector(2, hello, lie("record")));
}

Deno.test("A length that is wrong anywhere is found and named.", () => {
  const cases: [field: Field, by: number, detail: string][] = [
    ["record", -1, "a record of type 171"],
    ["message", -1, "extensions do not end where the message ends (RFC 8446, 4.1.2)"],
    ["session id", 1, "legacy_session_id cut off or over 32 bytes (RFC 8446, 4.1.2)"],
    ["session id", 223, "legacy_session_id cut off or over 32 bytes (RFC 8446, 4.1.2)"],
    ["session id", -1, "cipher_suites empty, odd or cut off (RFC 8446, 4.1.2)"],
    ["cipher suites", 1, "cipher_suites empty, odd or cut off (RFC 8446, 4.1.2)"],
    ["cipher suites", -1, "cipher_suites empty, odd or cut off (RFC 8446, 4.1.2)"],
    ["cipher suites", 60_000, "cipher_suites empty, odd or cut off (RFC 8446, 4.1.2)"],
    ["cipher suites", -4, "cipher_suites empty, odd or cut off (RFC 8446, 4.1.2)"],
    ["compression methods", 1, "extensions do not end where the message ends (RFC 8446, 4.1.2)"],
    ["compression methods", -1, "legacy_compression_methods empty or cut off (RFC 8446, 4.1.2)"],
    ["compression methods", 200, "legacy_compression_methods empty or cut off (RFC 8446, 4.1.2)"],
    ["extensions", 1, "extensions do not end where the message ends (RFC 8446, 4.1.2)"],
    ["extensions", -1, "extensions do not end where the message ends (RFC 8446, 4.1.2)"],
    ["server_name", 1, "server_name list is empty or does not fit its extension (RFC 6066, 3)"],
    ["server_name", -1, "server_name list is empty or does not fit its extension (RFC 6066, 3)"],
    ["server_name", 60_000, "an extension is cut off (RFC 8446, 4.2)"],
    ["server_name list", 1, "server_name list is empty or does not fit its extension"],
    ["server_name list", -1, "server_name list is empty or does not fit its extension"],
    ["host name", 1, "a server_name entry is cut off (RFC 6066, 3)"],
    ["host name", -1, "a server_name entry is cut off (RFC 6066, 3)"],
    ["ALPN", 1, "ALPN list is empty or does not fit its extension (RFC 7301, 3.1)"],
    ["ALPN", -1, "ALPN list is empty or does not fit its extension (RFC 7301, 3.1)"],
    ["ALPN list", 1, "ALPN list is empty or does not fit its extension (RFC 7301, 3.1)"],
    ["ALPN list", -1, "ALPN list is empty or does not fit its extension (RFC 7301, 3.1)"],
    ["ALPN id", 1, "an ALPN id is cut off or empty (RFC 7301, 3.1)"],
    ["ALPN id", -1, "an ALPN id is cut off or empty (RFC 7301, 3.1)"],
    ["ALPN id", -2, "an ALPN id is cut off or empty (RFC 7301, 3.1)"],
    ["supported_versions", 1, "supported_versions is empty or does not fit its extension"],
    ["supported_versions", -1, "supported_versions is empty or does not fit its extension"],
    ["version list", 1, "supported_versions is empty or does not fit its extension"],
    ["version list", -1, "supported_versions is empty or does not fit its extension"],
    ["version list", -4, "supported_versions is empty or does not fit its extension"],
    ["key_share", 1, "an extension is cut off (RFC 8446, 4.2)"],
    ["key_share", -1, "key_share list does not fit its extension (RFC 8446, 4.2.8)"],
    ["key_share list", 1, "key_share list does not fit its extension (RFC 8446, 4.2.8)"],
    ["key_share list", -1, "key_share list does not fit its extension (RFC 8446, 4.2.8)"],
    ["key exchange", 1, "a key share is cut off (RFC 8446, 4.2.8)"],
    ["key exchange", -1, "a key share is cut off (RFC 8446, 4.2.8)"],
  ];
  assertEquals(sniffed(lying("record", 0)).name, "a.example");
  for (const [field, by, expected] of cases) {
    assertStringIncludes(detail(lying(field, by)), expected, `${field} ${by}`);
  }
  // The whole message is there, whatever its record goes on with.
  assertEquals(sniffed(lying("record", 1)).name, "a.example");
  assertEquals(sniff(lying("message", 1)), undefined);
  const tooLong = join(messageOf(lying("message", 1)), 0);
  assertStringIncludes(detail(records(tooLong)), "extensions do not end where the message ends");
});

Deno.test("What RFC 8446, RFC 6066 and RFC 7301 forbid is malformed.", () => {
  const name = serverName("a.example");
  const cases: [detail: string, hello: Uint8Array][] = [
    ["legacy_session_id", new Uint8Array([1, 0, 0, 0])],
    ["legacy_session_id", join(1, uint(35, 3), new Uint8Array(34), 33)],
    ["legacy_session_id", message({ sessionId: vector(1, new Uint8Array(33)) })],
    ["cipher_suites empty", message({ suites: vector(2, NOTHING) })],
    ["cipher_suites empty, odd", message({ suites: vector(2, new Uint8Array(3)) })],
    ["legacy_compression_methods empty", message({ compression: vector(1, NOTHING) })],
    ["legacy_compression_methods empty", message({ compression: NOTHING })],
    ["extensions do not end", message({ extensions: new Uint8Array(1) })],
    ["extensions do not end", message({ extensions: new Uint8Array(3) })],
    ["an extension is cut off", messageWith(new Uint8Array(3))],
    ["an extension is cut off", messageWith(name, new Uint8Array(1))],
    ["extension 0 appears twice", messageWith(name, name)],
    ["extension 16 appears twice", messageWith(alpn("h2"), name, alpn("h3"))],
    ["extension 43 appears twice", messageWith(supportedVersions(772), supportedVersions(772))],
    ["extension 51 appears twice", messageWith(keyShare(), keyShare())],
    [
      "extension 65037 appears twice",
      messageWith(
        extension(TYPE.encryptedClientHello, NOTHING),
        extension(TYPE.encryptedClientHello, NOTHING),
      ),
    ],
    ["server_name list is empty", messageWith(serverName())],
    ["server_name list is empty", messageWith(extension(TYPE.serverName, NOTHING))],
    ["two host names", messageWith(serverName("a.example", "b.example"))],
    ["two host names", messageWith(serverName("*", "b.example"))],
    ["ALPN list is empty", messageWith(alpn())],
    ["ALPN list is empty", messageWith(extension(TYPE.alpn, NOTHING))],
    ["an ALPN id is cut off or empty", messageWith(alpn("h2", ""))],
    ["supported_versions is empty", messageWith(supportedVersions())],
    ["supported_versions is empty", messageWith(extension(TYPE.supportedVersions, NOTHING))],
    [
      "half a version",
      messageWith(extension(TYPE.supportedVersions, vector(1, new Uint8Array([3, 4, 3])))),
    ],
    ["key_share list does not fit", messageWith(extension(TYPE.keyShare, NOTHING))],
    [
      "a key share is cut off",
      messageWith(extension(TYPE.keyShare, vector(2, new Uint8Array(3)))),
    ],
  ];
  for (const [expected, hello] of cases) {
    for (const size of [1, 16384]) {
      assertStringIncludes(detail(records(hello, size)), expected);
    }
  }
});

Deno.test("What is merely unusual is read.", () => {
  const pad = extension(TYPE.padding, NOTHING);
  const cases: [what: string, hello: Uint8Array, expected: Partial<Sniffed>][] = [
    ["no extensions", message(), { name: undefined, alpn: [] }],
    ["an empty extensions block", messageWith(), { name: undefined, alpn: [] }],
    ["a session id of no bytes", message({ sessionId: new Uint8Array(1) }), { name: undefined }],
    ["a kind we do not read, twice", messageWith(pad, pad, serverName("a.example")), {
      name: "a.example",
    }],
    ["a name in capitals with a dot", messageWith(serverName("WWW.Example.COM.")), {
      name: "www.example.com",
    }],
    ["another type of name first", messageWith(otherNameFirst("a.example")), { name: "a.example" }],
    ["an ALPN id in Latin-1", messageWith(alpn(new Uint8Array([0xe9, 0x00]))), {
      alpn: ["\u00e9\0"],
    }],
    ["an ALPN id of 255 bytes", messageWith(alpn("x".repeat(255))), { alpn: ["x".repeat(255)] }],
    [
      "70 ALPN ids, of which 64 are kept",
      messageWith(alpn(...Array.from({ length: 70 }, (_, i) => `p${i}`))),
      { alpn: Array.from({ length: 64 }, (_, i) => `p${i}`) },
    ],
    [
      "ALPN ids that look a little like GREASE",
      messageWith(
        alpn(uint16s(0x0a1a), uint16s(0x0b0b), uint16s(0xfafa), join(10), uint(0xa0a0a, 3)),
      ),
      { alpn: ["\n\x1a", "\x0b\x0b", "\n", "\n\n\n"] },
    ],
  ];
  for (const [what, hello, expected] of cases) {
    const { name, alpn } = sniffed(records(hello));
    if ("name" in expected) assertEquals(name, expected.name, what);
    if (expected.alpn !== undefined) assertEquals(alpn, expected.alpn, what);
  }
});

/** A server_name with a type of name that nobody has defined before the host name. */
function otherNameFirst(name: string): Uint8Array {
  const entries = join(7, vector(2, ascii("whatever")), 0, vector(2, ascii(name)));
  return extension(TYPE.serverName, vector(2, entries));
}

Deno.test("A server name that is no valid host name counts as none.", () => {
  const names = [
    "",
    ".",
    "*.example.com",
    "a..example",
    "a.example\0.evil.example",
    "a b.example",
    "127.0.0.1",
    "2130706433",
    "::1",
    "[::1]",
    `${"l".repeat(64)}.example`,
    "a.".repeat(128),
    "a.".repeat(30_000),
    "b\u00fccher.example",
  ];
  for (const name of names) {
    assertEquals(sniffed(records(messageWith(serverName(name)))).name, undefined, name);
  }
  const longest = `${"a.".repeat(126)}b`;
  assertEquals(sniffed(records(messageWith(serverName(`${longest}.`)))).name, longest);
});

Deno.test("Versions are those of supported_versions without GREASE, else legacy_version.", () => {
  const cases: [hello: Uint8Array, versions: number[]][] = [
    [message({ version: 0x0301 }), [0x0301]],
    [message({ version: 0x0302 }), [0x0302]],
    [message({ version: 0x0303 }), [0x0303]],
    [messageWith(supportedVersions(0x0304)), [0x0304]],
    [messageWith(supportedVersions(0x7a7a, 0x0304, 0x0303)), [0x0304, 0x0303]],
    [messageWith(supportedVersions(0x0a0a)), [0x0303]],
    [messageWith(supportedVersions(0x0a1a, 0x7f1c)), [0x0a1a, 0x7f1c]],
  ];
  for (const [hello, versions] of cases) {
    assertEquals(sniffed(records(hello)).tls.versions, versions);
  }
});

Deno.test("Hybrid key shares and ECH are told from others.", () => {
  const cases: [hello: Uint8Array, postQuantum: boolean, ech: boolean][] = [
    [messageWith(keyShare()), false, false],
    [messageWith(keyShare([0x001d, 32], [0x0017, 65])), false, false],
    [messageWith(keyShare([0x0200, 1184])), false, false],
    [messageWith(keyShare([0x11ec, 1216])), true, false],
    [messageWith(keyShare([0x11eb, 1249])), true, false],
    [messageWith(keyShare([0x2a2a, 1], [0x001d, 32], [0x11ed, 1665])), true, false],
    [messageWith(keyShare([0x6399, 1216], [0x001d, 32])), true, false],
    [messageWith(keyShare([0x639a, 1249])), true, false],
    [messageWith(extension(TYPE.encryptedClientHello, new Uint8Array(200))), false, true],
    [messageWith(extension(0xfe0c, new Uint8Array(200))), false, false],
  ];
  for (const [hello, postQuantum, ech] of cases) {
    const { tls } = sniffed(records(hello));
    assertEquals([tls.postQuantum, tls.ech], [postQuantum, ech]);
  }
});

/** Counts how many bytes are looked at or copied out of an array and its views. */
class TouchCounter {
  touched = 0;

  watch(bytes: Uint8Array): Uint8Array {
    return new Proxy(bytes, {
      get: (target, key): unknown => {
        if (typeof key === "string" && /^\d+$/.test(key)) {
          this.touched++;
          return target[Number(key)];
        }
        if (key === "subarray") {
          return (start?: number, end?: number) => this.watch(target.subarray(start, end));
        }
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== "function") return value;
        // Whatever else is called may look at every byte.
        this.touched += target.length;
        return value.bind(target);
      },
    });
  }
}

Deno.test("Every byte is touched a few times at most, however finely the hello is cut.", () => {
  const cases: [what: string, wire: Uint8Array, perByte: number][] = [
    ["one record", records(messageOfSize(16_000, "a.example")), 1],
    ["1-byte records", records(messageOfSize(10_000, "a.example"), 1), 4],
    ["1-byte records, twice as long", records(messageOfSize(20_000, "a.example"), 1), 4],
    ["7-byte records", records(messageOfSize(20_000, "a.example"), 7), 4],
  ];
  for (const [what, wire, perByte] of cases) {
    const counter = new TouchCounter();
    const sniffer = new ClientHelloSniffer();
    for (let end = 1; end < wire.length; end++) {
      assert(sniffer.sniff(counter.watch(wire.subarray(0, end))) === undefined);
    }
    assertEquals(sniffer.sniff(counter.watch(wire)), sniff(wire));
    assertLessOrEqual(counter.touched / wire.length, perByte, what);
  }
});

Deno.test("A 64 KiB hello in 1-byte records and 1-byte segments is read.", () => {
  const wire = records(messageOfSize(65_536, "slow.example"), 1);
  assertEquals(wire.length, 393_240);
  const { result, after } = sniffInPieces(wire, eachByte(wire.length));
  assert(result?.kind === "sniffed");
  assertEquals([result.name, result.tls?.records, after], ["slow.example", 65_540, wire.length]);
});

/** Changes a hello a little. */
function mutate(
  bytes: Uint8Array,
  other: Uint8Array,
  random: (below: number) => number,
): Uint8Array {
  const at = random(bytes.length);
  // Half of the changes go where lengths and types are dense.
  const near = random(2) === 0 ? at : random(Math.min(bytes.length, 90));
  const count = 1 + random(8);
  switch (random(6)) {
    case 0: {
      const flipped = bytes.slice();
      flipped[near] ^= 1 << random(8);
      return flipped;
    }
    case 1: {
      const set = bytes.slice();
      set[near] = [0, 1, 127, 128, 255, random(256)][random(6)];
      return set;
    }
    case 2: {
      const noise = Uint8Array.from({ length: count }, () => random(256));
      return join(bytes.subarray(0, near), noise, bytes.subarray(near));
    }
    case 3:
      return join(bytes.subarray(0, near), bytes.subarray(near + count));
    case 4:
      return join(bytes.subarray(0, at), other.subarray(random(other.length)));
    default:
      return bytes.subarray(0, at);
  }
}

Deno.test("100,000 mutated hellos are judged without an exception, the same however they are cut.", () => {
  const random = generator(20_261);
  const seeds = [
    ...REAL_HELLOS.map(({ bytes }) => bytes),
    ...REAL_HELLOS.slice(0, 3).map(({ bytes }) => records(messageOf(bytes), 40)),
    records(chromeLike("a.example")),
    records(chromeLike("a.example"), 300),
    lying("record", 0),
    records(messageOf(lying("record", 0)), 1),
  ];
  const verdicts = { sniffed: 0, malformed: 0, more: 0 };
  for (let i = 0; i < 100_000; i++) {
    let bytes = seeds[random(seeds.length)];
    for (let left = random(3); left >= 0 && bytes.length > 0; left--) {
      bytes = mutate(bytes, seeds[random(seeds.length)], random);
    }
    const whole = sniff(bytes);
    const ends = Array.from({ length: random(6) }, () => random(bytes.length + 1));
    const { result } = sniffInPieces(bytes, ends.sort((a, b) => a - b));
    if (JSON.stringify(result) !== JSON.stringify(whole)) {
      assertEquals(result, whole, `mutation ${i}, cut at ${ends}: ${bytes.toHex()}`);
    }
    verdicts[whole?.kind ?? "more"]++;
    if (whole?.kind === "sniffed" && whole.name !== undefined) {
      assert(hostName(whole.name) === whole.name, whole.name);
    }
  }
  for (const [verdict, count] of Object.entries(verdicts)) {
    assert(count > 10_000, `${count} of 100,000: ${verdict}`);
  }
});
