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
    "C.3.1 and C.3.2",
    "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d 8286 84be 5808 6e6f 2d63 6163 6865",
    [
      ...FIRST,
      ...FIRST,
      ["cache-control", "no-cache"],
    ],
  ],
  [
    "C.4.1 to C.4.3",
    "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff 8286 84be 5886 a8eb 1064 9cbf 8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    [
      ...FIRST,
      ...FIRST,
      ["cache-control", "no-cache"],
      [":method", "GET"],
      [":scheme", "https"],
      [":path", "/index.html"],
      [":authority", "www.example.com"],
      ["custom-key", "custom-value"],
    ],
  ],
  ["C.5.1", "4803 3330 3258 0770 7269 7661 7465", [[":status", "302"], [
    "cache-control",
    "private",
  ]]],
  ["C.6.1, in part", "4882 6402 5885 aec3 771a 4b", [
    [":status", "302"],
    ["cache-control", "private"],
  ]],
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
