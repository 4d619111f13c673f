import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { decodeHeaders, type HeaderField } from "../../src/sniff/hpack.ts";
import { hex, latin1 } from "./hex.ts";
import { generator } from "./random.ts";

function decode(text: string): HeaderField[] | string {
  const bytes = hex(text);
  const decoded = decodeHeaders(bytes, 0, bytes.length);
  return "error" in decoded ? decoded.error : decoded;
}

const FIRST: HeaderField[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/"],
  [":authority", "www.example.com"],
];

const REQUESTS: HeaderField[] = [
  ...FIRST,
  ...FIRST,
  ["cache-control", "no-cache"],
  [":method", "GET"],
  [":scheme", "https"],
  [":path", "/index.html"],
  [":authority", "www.example.com"],
  ["custom-key", "custom-value"],
];

const RESPONSES: HeaderField[] = [
  ...["302", "307"].flatMap((status): HeaderField[] => [
    [":status", status],
    ["cache-control", "private"],
    ["date", "Mon, 21 Oct 2013 20:13:21 GMT"],
    ["location", "https://www.example.com"],
  ]),
  [":status", "200"],
  ["cache-control", "private"],
  ["date", "Mon, 21 Oct 2013 20:13:22 GMT"],
  ["location", "https://www.example.com"],
  ["content-encoding", "gzip"],
  ["set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"],
];

/** A size update, for examples that evict from a table of 256 bytes. */
const TABLE_OF_256 = "3fe1 01 ";

/** RFC 7541, C.2 to C.6: those that stand by themselves, and sequences joined into one block. */
const EXAMPLES: [name: string, block: string, fields: HeaderField[]][] = [
  ["C.2.1", "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572", [
    ["custom-key", "custom-header"],
  ]],
  ["C.2.2", "040c 2f73 616d 706c 652f 7061 7468", [[":path", "/sample/path"]]],
  ["C.2.3", "1008 7061 7373 776f 7264 0673 6563 7265 74", [["password", "secret"]]],
  ["C.2.4", "82", [[":method", "GET"]]],
  ["C.3.1", "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d", FIRST],
  ["C.4.1", "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", FIRST],
  [
    "C.3.1 to C.3.3",
    "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d 8286 84be 5808 6e6f 2d63 6163 6865 8287" +
    "85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    REQUESTS,
  ],
  [
    "C.4.1 to C.4.3",
    "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff 8286 84be 5886 a8eb 1064 9cbf 8287 85bf 4088 " +
    "25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    REQUESTS,
  ],
  [
    "C.5.1 to C.5.3",
    TABLE_OF_256 +
    "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a" +
    "3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d 4803" +
    "3330 37c1 c0bf 88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220" +
    "474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541" +
    "5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
    RESPONSES,
  ],
  [
    "C.6.1 to C.6.3",
    TABLE_OF_256 +
    "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e" +
    "919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3 4883 640e ffc1 c0bf 88c1 6196 d07a be94 1054" +
    "d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf" +
    "cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
    RESPONSES,
  ],
];

Deno.test("the RFC's examples are decoded", () => {
  for (const [name, block, fields] of EXAMPLES) assertEquals(decode(block), fields, name);
});

Deno.test("the static table has 61 entries, the last of them as in the RFC", () => {
  assertEquals(decode("bd"), [["www-authenticate", ""]]);
  assertStringIncludes(String(decode("be")), "no table entry 62");
  assertEquals(decode("8e"), [[":status", "500"]]);
  assertEquals(decode("90"), [["accept-encoding", "gzip, deflate"]]);
  assertEquals(decode("a6"), [["host", ""]]);
});

Deno.test("entries leave the dynamic table when there is no room", () => {
  const entry = (name: string, size: number): string => {
    const value = "76".repeat(size);
    return `4001${latin1(name)[0].toString(16)}7f${integer(size - 127)}${value}`;
  };
  // Two entries of 2033 bytes with their overhead fit into 4096, three don't.
  const two = entry("a", 2000) + entry("b", 2000);
  assertEquals((decode(two + "bf") as HeaderField[])[2][0], "a");
  assertStringIncludes(String(decode(two + entry("c", 2000) + "c0")), "no table entry 64");
  assertEquals((decode(two + entry("c", 2000) + "bf") as HeaderField[])[3][0], "b");
  // One that is larger than the table empties it.
  assertStringIncludes(String(decode(two + entry("c", 5000) + "be")), "no table entry 62");
  // So does a size update, which stands at the beginning alone.
  assertEquals(decode("2082"), [[":method", "GET"]]);
  assertStringIncludes(String(decode("20" + entry("a", 200) + "be")), "no table entry 62");
  assertEquals(decode("3fe11f82"), [[":method", "GET"]]);
});

/** The rest of an integer whose prefix is full: RFC 7541, 5.1. */
function integer(rest: number): string {
  let text = "";
  for (; rest >= 128; rest = Math.floor(rest / 128)) text += (rest % 128 + 128).toString(16);
  return text + rest.toString(16).padStart(2, "0");
}

Deno.test("a string is the same bytes with Huffman and without", () => {
  assertEquals(decode("00 01 78 01 80"), [["x", "\x80"]]);
  assertEquals(decode("00 01 78 83 ff fe 6f"), [["x", "\x80"]]);
});

Deno.test("what breaks the RFC is told with its section", () => {
  for (
    const [block, error] of [
      ["80", "no table entry 0"],
      ["40", "cut off"],
      ["4001", "cut off"],
      ["400161", "cut off"],
      ["40016105", "cut off"],
      ["00016181ff", "Huffman"],
      ["ff", "cut off"],
      ["ff80", "cut off"],
      ["ff8080808001", "too large"],
      ["ffffffffff7f", "too large"],
      ["7fffffffffffff", "too large"],
      ["8220", "size update behind a field"],
      ["3fe21f", "over the limit"],
      ["bf", "no table entry 63"],
    ]
  ) {
    const decoded = decode(block);
    assert(typeof decoded === "string", `${block}: decoded`);
    assertStringIncludes(decoded, error, block);
    assertStringIncludes(decoded, "RFC 7541");
  }
});

Deno.test("a header list is bounded, however small the block", () => {
  // One entry of 3000 bytes, then a byte for each time it is meant again.
  const block = `4001617f${integer(3000 - 127)}${"76".repeat(3000)}${"be".repeat(100)}`;
  assertStringIncludes(String(decode(block)), "header list of more than 65536 bytes");
});

Deno.test("100,000 random blocks are decoded or refused, and never throw", () => {
  const next = generator(7541);
  for (let round = 0; round < 100_000; round++) {
    const bytes = new Uint8Array(next(40)).map(() => next(256));
    const decoded = decodeHeaders(bytes, 0, bytes.length);
    if ("error" in decoded) assert(decoded.error.length > 0);
    else for (const [name, value] of decoded) assert(`${name}${value}`.length < 65536);
  }
});
