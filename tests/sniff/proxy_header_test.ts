import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { canonical } from "../../src/config/address.ts";
import { crc32c } from "../../src/sniff/crc32c.ts";
import type { ProxyHeader, ProxyHeaderResult } from "../../src/sniff/proxied.ts";
import { ProxyHeaderReader } from "../../src/sniff/proxy_header.ts";
import { mutated } from "./every_cut.ts";
import { chromeLike, records } from "./hello_builder.ts";
import { hex, latin1 } from "./hex.ts";
import { generator } from "./random.ts";

/** Feeds bytes cut at these places. Says what they are, and after how many of them that was told. */
function feed(
  bytes: Uint8Array,
  cuts: readonly number[],
): { result: ProxyHeaderResult; after: number } {
  const reader = new ProxyHeaderReader();
  for (const end of [...cuts, bytes.length]) {
    // A buffer of its own each time, as when it had to grow.
    const result = reader.read(bytes.slice(0, end));
    if (result !== undefined) return { result, after: end };
  }
  return { result: undefined, after: bytes.length };
}

/** Feeds bytes whole, in two parts cut at every place, and one by one; all must agree. */
function everyCut(bytes: Uint8Array, what: string): { result: ProxyHeaderResult; after: number } {
  const single = feed(bytes, Array.from(bytes, (_, i) => i + 1));
  for (let cut = 0; cut <= bytes.length; cut++) {
    const { result, after } = feed(bytes, [cut]);
    assertEquals(result, single.result, `${what}: cut at ${cut}`);
    assertEquals(after, cut < single.after ? bytes.length : cut, `${what}: cut at ${cut}`);
  }
  return single;
}

/** `source > destination`, or `-` if there is none. */
function written({ source, destination }: ProxyHeader): string {
  return source && destination ? `${canonical(source)} > ${canonical(destination)}` : "-";
}

/** A header of version 2, its length right. */
function block(start: string, ...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const rest = parts.flatMap((part) => [...part]);
  return new Uint8Array([
    ...SIGNATURE,
    ...hex(start),
    rest.length >> 8,
    rest.length & 255,
    ...rest,
  ]);
}

function tlv(type: number, value: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array([type, value.length >> 8, value.length & 255, ...value]);
}

/** Puts the right checksum in place of four zeros. */
function signed(
  bytes: Uint8Array<ArrayBuffer>,
  at = bytes.length - 4,
): Uint8Array<ArrayBuffer> {
  new DataView(bytes.buffer).setUint32(at, crc32c(bytes));
  return bytes;
}

const SIGNATURE = hex("0d0a0d0a 000d0a51 5549540a");
const IPV4 = hex("c0000207 c6336401 dc04 01bb");
const IPV6 = hex(
  "20010db8 00000000 00000000 00000007 20010db8 00010000 00000001 00000001 dc04 01bb",
);
const UNIX = new Uint8Array(216).fill(0x61);
const NO_CHECKSUM = tlv(3, new Uint8Array(4));

/** From HAProxy 2.6: `crc32c,unique-id` over IPv4 and IPv6, the last with `authority,ssl` and all that goes with it. */
const HAPROXY = [
  hex(`0d0a0d0a000d0a515549540a211100237f0000017f000001d0888535030004ef08958e05000d3746303030303031
    3a44303838`),
  hex(
    `0d0a0d0a000d0a515549540a212100530000000000000000000000000000000100000000000000000000000000000001
    985a85370300049f4d66f705002530303030303030303030303030303030303030303030303030303030303030313a
    39383541`,
  ),
  hex(
    `0d0a0d0a000d0a515549540a2121005320010db800000000000000000000000700000000000000000000ffff01020304
    000500060300042425cb4505002532303031304442383030303030303030303030303030303030303030303030373a
    30303035`,
  ),
  hex(
    `0d0a0d0a000d0a515549540a211100767f0000017f000001a14c8536030004346c39e40100026832020009612e657861
    6d706c6505000d37463030303030313a4131344320003f0100000000210007544c5376312e3325000752534132303438
    24000a5253412d534841323536230016544c535f4145535f3235365f47434d5f534841333834`,
  ),
];

const LINES: [line: string, expected: string][] = [
  ["PROXY TCP4 192.0.2.7 198.51.100.1 56324 443", "192.0.2.7:56324 > 198.51.100.1:443"],
  ["PROXY TCP4 0.0.0.0 0.0.0.0 0 0", "0.0.0.0:0 > 0.0.0.0:0"],
  [
    "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535",
    "255.255.255.255:65535 > 255.255.255.255:65535",
  ],
  ["PROXY TCP6 ::1 ::1 35560 34105", "[::1]:35560 > [::1]:34105"],
  ["PROXY TCP6 2001:DB8:0::07 :: 1 2", "[2001:db8::7]:1 > [::]:2"],
  ["PROXY TCP6 1:0:0:2:0:0:0:3 0:2:3:4:5:6:7:8 1 2", "[1:0:0:2::3]:1 > [0:2:3:4:5:6:7:8]:2"],
  ["PROXY TCP6 2001:db8::7 ::ffff:1.2.3.4 5 6", "[2001:db8::7]:5 > 1.2.3.4:6"],
  ["PROXY TCP6 ::ffff:c000:207 ::FFFF:198.51.100.1 5 6", "192.0.2.7:5 > 198.51.100.1:6"],
  [
    `PROXY TCP6 ${Array(8).fill("ffff").join(":")} ${Array(8).fill("ffff").join(":")} 65535 65535`,
    `[${Array(8).fill("ffff").join(":")}]:65535 > [${Array(8).fill("ffff").join(":")}]:65535`,
  ],
  ["PROXY UNKNOWN", "-"],
  ["PROXY UNKNOWN ", "-"],
  ["PROXY UNKNOWN 192.0.2.7 198.51.100.1 56324 443", "-"],
  ["PROXY UNKNOWN \0\xff  PROXY TCP4", "-"],
  [`PROXY UNKNOWN ${"f".repeat(91)}`, "-"],
];

const BLOCKS: [what: string, bytes: Uint8Array, expected: string][] = [
  ["IPv4", block("21 11", IPV4), "192.0.2.7:56324 > 198.51.100.1:443"],
  ["IPv6", block("21 21", IPV6), "[2001:db8::7]:56324 > [2001:db8:1::1:0:1]:443"],
  [
    "mapped, and port 0",
    block(
      "21 21",
      hex(`${"00".repeat(10)} ffff c0000207 ${"00".repeat(10)} fffe c6336401 0000 ffff`),
    ),
    "192.0.2.7:0 > [::fffe:c633:6401]:65535",
  ],
  ["UNIX", block("21 31", UNIX), "-"],
  ["UNSPEC", block("21 00"), "-"],
  ["UNSPEC with TLVs", block("21 00", tlv(4, UNIX)), "-"],
  ["UNSPEC over STREAM", block("21 01"), "-"],
  ["IPv4 over UNSPEC", block("21 10", IPV4), "-"],
  ["IPv6 over UNSPEC", block("21 20", IPV6, tlv(4, UNIX)), "-"],
  ["LOCAL", block("20 00"), "-"],
  ["LOCAL with addresses", block("20 11", IPV4), "-"],
  ["LOCAL with what is no address", block("20 21", hex("ffffff")), "-"],
  ["LOCAL of an unknown family", block("20 ff", hex("03 0004 00000000")), "-"],
  ["an empty TLV", block("21 11", IPV4, tlv(4, hex(""))), "192.0.2.7:56324 > 198.51.100.1:443"],
  [
    "several TLVs",
    block("21 11", IPV4, tlv(2, latin1("a.example")), tlv(0xff, UNIX), tlv(2, hex("ff"))),
    "192.0.2.7:56324 > 198.51.100.1:443",
  ],
  [
    "a checksum",
    signed(block("21 11", IPV4, tlv(2, latin1("a.example")), NO_CHECKSUM)),
    "192.0.2.7:56324 > 198.51.100.1:443",
  ],
  ["a checksum of UNSPEC", signed(block("21 00", NO_CHECKSUM)), "-"],
  ["a checksum of UNIX", signed(block("21 31", UNIX, NO_CHECKSUM)), "-"],
  [
    "as long as may be",
    block("21 11", IPV4, tlv(4, new Uint8Array(4096 - 16 - 12 - 3))),
    "192.0.2.7:56324 > 198.51.100.1:443",
  ],
  ["HAProxy, IPv4", HAPROXY[0], "127.0.0.1:53384 > 127.0.0.1:34101"],
  ["HAProxy, IPv6", HAPROXY[1], "[::1]:39002 > [::1]:34103"],
  ["HAProxy, mixed", HAPROXY[2], "[2001:db8::7]:5 > 1.2.3.4:6"],
  ["HAProxy, TLS", HAPROXY[3], "127.0.0.1:41292 > 127.0.0.1:34102"],
];

/** Everything that is a header. */
const HEADERS: [what: string, bytes: Uint8Array, expected: string][] = [
  ...LINES.map(([line, expected]): [string, Uint8Array, string] => [
    JSON.stringify(line),
    latin1(`${line}\r\n`),
    expected,
  ]),
  ...BLOCKS,
];

Deno.test("a header says where the client is, and how long it is, however it is cut", () => {
  for (const [what, bytes, expected] of HEADERS) {
    const { result, after } = everyCut(bytes, what);
    assert(result?.kind === "header", `${what}: ${JSON.stringify(result)}`);
    const { length } = bytes;
    assertEquals([written(result), result.length, after], [expected, length, length], what);
  }
});

Deno.test("what comes behind a header is not looked at", () => {
  for (const [what, bytes] of HEADERS) {
    const { result } = feed(bytes, []);
    for (const behind of [hex("00"), latin1("\r\n"), latin1("PROXY UNKNOWN\r\n"), UNIX]) {
      assertEquals(feed(new Uint8Array([...bytes, ...behind]), []).result, result, what);
    }
  }
});

Deno.test("a header that is not complete needs more bytes", () => {
  for (const [what, bytes] of HEADERS) {
    assertEquals(feed(bytes.subarray(0, -1), []).result, undefined, what);
  }
});

const FULL = "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n";
const HELLO = records(chromeLike("tls.example"));

/** What is none, the part of it after which that is certain, and a part of the reason. */
const BAD_LINES: [sent: string, until: string, detail: string][] = [
  ["GET / HTTP/1.1\r\n", "G", "neither version"],
  ["PRI * HTTP/2.0\r\n", "PRI", "neither version"],
  ["POST / HTTP/1.1\r\n", "PO", "neither version"],
  ["proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n", "p", "neither version"],
  [" PROXY UNKNOWN\r\n", " ", "neither version"],
  ["PROXY\r\n", "PROXY\r", "neither version"],
  ["PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n", "PROXY  ", "neither version"],
  ["PROXY\tTCP4 1.2.3.4 1.2.3.4 1 2\r\n", "PROXY\t", "neither version"],
  ["PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n", "PROXY UD", "neither version"],
  ["PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n", "PROXY TCP5", "neither version"],
  ["PROXY TCP 1.2.3.4 1.2.3.4 1 2\r\n", "PROXY TCP ", "neither version"],
  ["PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n", "PROXY t", "neither version"],
  ["PROXY TCP4\r\n", "PROXY TCP4\r", "neither version"],
  ["PROXY UNKNOWNS\r\n", "PROXY UNKNOWNS", "neither version"],
  ["PROXY UNKNOWN\n", "PROXY UNKNOWN\n", "neither version"],
  ["PROXY UNKNOWN\rX", "PROXY UNKNOWN\rX", "bare CR"],
  ["PROXY UNKNOWN a\rb\r\n", "PROXY UNKNOWN a\rb", "bare CR"],
  ["PROXY UNKNOWN a\r\r\n", "PROXY UNKNOWN a\r\r", "bare CR"],
  ["PROXY UNKNOWN a\nb\r\n", "PROXY UNKNOWN a\n", "bare LF"],
  [`PROXY UNKNOWN ${"f".repeat(200)}`, `PROXY UNKNOWN ${"f".repeat(92)}`, "first 107 bytes"],
  ["PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n", "bare LF"],
  ["PROXY TCP4 1.2.3.4 1.2.3.4 1 2\rX", "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\rX", "bare CR"],
  ["PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 ", "four fields"],
  ["PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 ", "four fields"],
  ["PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1\r", "four fields"],
  ["PROXY TCP4 1.2.3.4\r\n", "PROXY TCP4 1.2.3.4\r", "four fields"],
  ["PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n", "PROXY TCP4  ", "source address is not"],
  ["PROXY TCP4 1.2.3.4  1.2.3.4 1 2\r\n", "PROXY TCP4 1.2.3.4  ", "destination address is not"],
  ["PROXY TCP4 1.2.3.4 1.2.3.4  1 2\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4  ", "source port is not"],
  ["PROXY TCP4 1.2.3.4 1.2.3.4 1 \r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 \r", "destination port is"],
  ["PROXY TCP4 01.2.3.4 1.2.3.4 1 2\r\n", "PROXY TCP4 01.2.3.4 ", "source address is not"],
  ["PROXY TCP4 1.2.3.256 1.2.3.4 1 2\r\n", "PROXY TCP4 1.2.3.256 ", "source address is not"],
  ["PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n", "PROXY TCP4 1.2.3 ", "source address is not"],
  ["PROXY TCP4 1.2.3.4. 1.2.3.4 1 2\r\n", "PROXY TCP4 1.2.3.4. ", "source address is not"],
  ["PROXY TCP4 16909060 1.2.3.4 1 2\r\n", "PROXY TCP4 16909060 ", "source address is not"],
  ["PROXY TCP4 0x1.2.3.4 1.2.3.4 1 2\r\n", "PROXY TCP4 0x", "source address has a wrong"],
  ["PROXY TCP4 ::1 ::1 1 2\r\n", "PROXY TCP4 :", "source address has a wrong"],
  ["PROXY TCP4 1.2.3.4 a.example 1 2\r\n", "PROXY TCP4 1.2.3.4 a", "destination address has"],
  ["PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n", "PROXY TCP6 1.2.3.4 ", "source address is not"],
  ["PROXY TCP6 ::1 1.2.3.4 1 2\r\n", "PROXY TCP6 ::1 1.2.3.4 ", "destination address is not"],
  ["PROXY TCP6 [::1] ::1 1 2\r\n", "PROXY TCP6 [", "source address has a wrong"],
  ["PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n", "PROXY TCP6 fe80::1%", "source address has a wrong"],
  ["PROXY TCP6 fe80::1%1 ::1 1 2\r\n", "PROXY TCP6 fe80::1%", "source address has a wrong"],
  ["PROXY TCP6 ::g ::1 1 2\r\n", "PROXY TCP6 ::g", "source address has a wrong"],
  ["PROXY TCP6 ::` ::1 1 2\r\n", "PROXY TCP6 ::`", "source address has a wrong"],
  ["PROXY TCP6 ::@ ::1 1 2\r\n", "PROXY TCP6 ::@", "source address has a wrong"],
  ["PROXY TCP4 1.2.3.4/8 1.2.3.4 1 2\r\n", "PROXY TCP4 1.2.3.4/", "source address has a wrong"],
  ["PROXY TCP4 1.2.3.4 1.2.3.4 1.0 2\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1.", "port has a wrong"],
  ["PROXY TCP6 ::1 ::1 1 a\r\n", "PROXY TCP6 ::1 ::1 1 a", "destination port has a wrong"],
  ["PROXY TCP6 ::\xe1 ::1 1 2\r\n", "PROXY TCP6 ::\xe1", "source address has a wrong"],
  ["PROXY TCP6 1::2::3 ::1 1 2\r\n", "PROXY TCP6 1::2::3 ", "source address is not"],
  ["PROXY TCP6 1:2:3:4:5:6:7 ::1 1 2\r\n", "PROXY TCP6 1:2:3:4:5:6:7 ", "source address is not"],
  ["PROXY TCP6 12345:: ::1 1 2\r\n", "PROXY TCP6 12345:: ", "source address is not"],
  ["PROXY TCP6 ::1.2.3.04 ::1 1 2\r\n", "PROXY TCP6 ::1.2.3.04 ", "source address is not"],
  [`PROXY TCP6 ${":".repeat(200)}`, `PROXY TCP6 ${":".repeat(95)}`, "first 107 bytes"],
  ["PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 65536 ", "source port is"],
  ["PROXY TCP4 1.2.3.4 1.2.3.4 1 70000\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 70000\r", "port is not"],
  ["PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 01 ", "source port is not"],
  ["PROXY TCP4 1.2.3.4 1.2.3.4 1 00\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 00\r", "port is not"],
  [
    "PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n",
    "PROXY TCP4 1.2.3.4 1.2.3.4 -",
    "source port has a wrong",
  ],
  ["PROXY TCP4 1.2.3.4 1.2.3.4 1 f\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 f", "port has a wrong"],
  ["PROXY TCP4 1.2.3.4\0 1.2.3.4 1 2\r\n", "PROXY TCP4 1.2.3.4\0", "source address has a wrong"],
  [`\r\n${FULL}`, "\r\nP", "neither version"],
  ["\r\n\r\n\0\r\nQUIT\r\n", "\r\n\r\n\0\r\nQUIT\r", "neither version"],
];

/** The same for version 2; the least number of bytes instead of the part. */
const BAD_BLOCKS: [what: string, bytes: Uint8Array, after: number, detail: string][] = [
  ["a TLS hello", HELLO, 1, "neither version"],
  ["version 1 in the block", block("11 11", IPV4), 13, "version and command 0x11"],
  ["version 3", block("31 11", IPV4), 13, "version and command 0x31"],
  ["command 2", block("22 11", IPV4), 13, "version and command 0x22"],
  ["family 4", block("21 41", IPV4), 14, "family and transport 0x41"],
  ["transport 3", block("21 13", IPV4), 14, "family and transport 0x13"],
  ["UDP over IPv4", block("21 12", IPV4), 14, "datagrams"],
  ["UDP over IPv6", block("21 22", IPV6), 14, "datagrams"],
  ["UNIX datagrams", block("21 32", UNIX), 14, "datagrams"],
  ["datagrams of none", block("21 02"), 14, "datagrams"],
  ["no addresses", block("21 11"), 16, "too short"],
  ["IPv4 cut short", block("21 11", IPV4.subarray(1)), 16, "too short"],
  ["IPv6 cut short", block("21 21", IPV6.subarray(1)), 16, "too short"],
  ["UNIX cut short", block("21 31", UNIX.subarray(1)), 16, "too short"],
  ["one byte too long", block("21 11", new Uint8Array(4081)), 16, "4097 bytes"],
  ["as long as can be said", block("20 00", new Uint8Array(65535)).slice(0, 99), 16, "65551 bytes"],
  ["a TLV of one byte", block("21 11", IPV4, hex("04")), 29, "cut off"],
  ["half a TLV length", block("21 11", IPV4, hex("04 00")), 30, "cut off"],
  ["a TLV too long by one", block("21 11", IPV4, hex("04 0002 ff")), 32, "cut off"],
  ["a TLV of 65535", block("21 21", IPV6, hex("04 ffff ff")), 56, "cut off"],
  ["the second TLV", block("21 00", hex("04 0000 02 0001")), 22, "cut off"],
  ["a wrong checksum", block("21 11", IPV4, NO_CHECKSUM), 35, "does not match"],
  ["a wrong checksum of UNSPEC", block("21 00", NO_CHECKSUM), 23, "does not match"],
  ["a short checksum", block("21 11", IPV4, hex("03 0003 000000")), 34, "4 bytes"],
  ["a long checksum", block("21 11", IPV4, hex("03 0005 0000000000")), 36, "4 bytes"],
  [
    "two checksums, the first right as long as the second is zero",
    signed(block("21 00", NO_CHECKSUM, NO_CHECKSUM), 19),
    30,
    "two checksums",
  ],
  [
    "what was changed after it was signed",
    HAPROXY[0].map((byte, at) => at === 19 ? byte ^ 1 : byte),
    HAPROXY[0].length,
    "does not match",
  ],
];

Deno.test("what is no header is refused with its reason, as soon as that is certain", () => {
  const cases: [string, Uint8Array, number, string][] = [
    ...BAD_LINES.map(([sent, until, detail]): [string, Uint8Array, number, string] => [
      JSON.stringify(sent),
      latin1(sent),
      until.length,
      detail,
    ]),
    ...BAD_BLOCKS,
  ];
  for (const [what, bytes, known, detail] of cases) {
    const { result, after } = everyCut(bytes, what);
    assert(result?.kind === "bad", `${what}: ${JSON.stringify(result)}`);
    assertStringIncludes(result.detail, detail, what);
    assertEquals(after, known, what);
  }
});

Deno.test("both versions give one spelling of one address", () => {
  const next = generator(5952);
  for (let i = 0; i < 5_000; i++) {
    // Many zeros, so that there is something to shorten.
    const groups = Array.from({ length: 8 }, () => next(3) === 0 ? next(65536) : 0);
    if (next(4) === 0) groups.fill(0, 0, 5).fill(0xffff, 5, 6);
    const address = groups.flatMap((group) => [group >> 8, group & 255]);
    const v2 = feed(block("21 21", new Uint8Array([...address, ...address, 0, 1, 0, 2])), []);
    const text = groups.map((group) => group.toString(16).padStart(next(5), "0")).join(":");
    const v1 = feed(latin1(`PROXY TCP6 ${text} ${text.toUpperCase()} 1 2\r\n`), []);
    assert(v1.result?.kind === "header" && v2.result?.kind === "header", text);
    assertEquals(written(v1.result), written(v2.result), text);
    assertEquals(v1.result.source?.host, v1.result.destination?.host, text);
  }
});

Deno.test("100,000 mutated headers are judged without an exception, the same however they are cut", () => {
  const next = generator(4_107);
  const seeds = HEADERS.map(([, bytes]) => bytes.length > 600 ? bytes.slice(0, 600) : bytes);
  const verdicts = { header: 0, bad: 0, more: 0 };
  for (let i = 0; i < 100_000; i++) {
    const seed = seeds[next(seeds.length)];
    // Half of the changes leave the beginning as it is.
    const kept = next(2) * Math.min(seed.length - 1, 12 + next(20));
    const bytes = new Uint8Array([
      ...seed.subarray(0, kept),
      ...mutated(seed.subarray(kept), next),
    ]);
    const cuts = Array.from({ length: next(6) }, () => next(bytes.length + 1)).sort((a, b) =>
      a - b
    );
    const { result } = feed(bytes, cuts);
    const whole = feed(bytes, []).result;
    if (JSON.stringify(result) !== JSON.stringify(whole)) {
      assertEquals(result, whole, `mutation ${i}, cut at ${cuts}: ${bytes.toHex()}`);
    }
    verdicts[whole?.kind ?? "more"]++;
    if (whole?.kind === "header") assert(whole.length <= bytes.length, bytes.toHex());
  }
  for (const [verdict, count] of Object.entries(verdicts)) {
    assert(count > 5_000, `${count} of 100,000: ${verdict}`);
  }
});
