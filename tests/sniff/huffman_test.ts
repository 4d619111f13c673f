import { assertEquals } from "@std/assert";
import { decodeHuffman } from "../../src/sniff/huffman.ts";
import { hex } from "./hex.ts";

function decode(text: string): string | undefined {
  const bytes = hex(text);
  return decodeHuffman(bytes, 0, bytes.length);
}

/** RFC 7541, C.4 and C.6. */
const EXAMPLES: [code: string, text: string][] = [
  ["f1e3c2e5f23a6ba0ab90f4ff", "www.example.com"],
  ["a8eb10649cbf", "no-cache"],
  ["25a849e95ba97d7f", "custom-key"],
  ["25a849e95bb8e8b4bf", "custom-value"],
  ["6402", "302"],
  ["aec3771a4b", "private"],
  ["d07abe941054d444a8200595040b8166e082a62d1bff", "Mon, 21 Oct 2013 20:13:21 GMT"],
  ["9d29ad171863c78f0b97c8e9ae82ae43d3", "https://www.example.com"],
  ["640eff", "307"],
  ["9bd9ab", "gzip"],
  ["", ""],
];

Deno.test("the RFC's examples are decoded", () => {
  for (const [code, text] of EXAMPLES) assertEquals(decode(code), text, code);
});

Deno.test("a string is read from where it stands in a buffer", () => {
  const bytes = hex("ffffa8eb10649cbfffff");
  assertEquals(decodeHuffman(bytes, 2, 8), "no-cache");
});

Deno.test("padding is up to 7 ones, and the end of string is never in a string", () => {
  for (
    const [code, why] of [
      ["a8eb10649cbfff", "8 bits of padding"],
      ["ff", "8 bits of nothing but padding"],
      ["a8eb10649cbe", "padding that ends in a zero"],
      ["00", "3 bits of padding that are zeros"],
      ["fffffffc", "the end of string itself"],
      ["1fffffffff", "a symbol, then the end of string"],
    ]
  ) assertEquals(decode(code), undefined, why);
});
