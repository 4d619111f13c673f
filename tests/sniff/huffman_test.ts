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

/** Every byte from 0 to 255, in the code that nghttp2 1.52.0 has for each. */
const EVERY_BYTE =
  "ffc7fffd8fffffe2fffffe3fffffe4fffffe5fffffe6fffffe7fffffe8ffffeafffffff3fffffa7fffffabff" +
  "ffffdfffffebfffffecfffffedfffffeefffffefffffff0ffffff1ffffff2fffffffbfffffcffffffd3fffff" +
  "d7fffffdbfffffdffffffe3fffffe7fffffebfffffed4fe3f9ffaffcabf1febfafefe7fdfd2cbb00089969b7" +
  "1d79fb9f7fff20ffbff3ff50ddbd7f061c58f265cd9f469d5af66dddbf871e5f9cff7ff7fffc3ff9ffe45fff" +
  "4719242cb34e6e9d68a6a3d7dac426defe3cfaf7fffbfe7ffbffdffffffcfffe6ffff4bfff9ffffa3fffd3ff" +
  "ff53fffd5ffffb3fffeb7fffdaffffb7ffff73fffeeffffdeffffebffffbfffffd9ffffdbfffebffffe0ffff" +
  "eeffffc3ffff8bffff1ffffe4fffee7fffb1ffff97fffd9ffffcdffff9fffffbffffdafffeeffff4ffffb7ff" +
  "fee7fffe8ffffd3fffdeffffd5fffeeffffbdffffe1fffdfffff7fffff5ffffecffff07fff87fffe0ffff17f" +
  "ffedffff87ffff77fffeffffeaffff8bfffe3ffff93ffff87fffcbffff37ffff1fffff83ffffe1fffebfffe3" +
  "ffff3fffff2ffffa3ffffd9fffff17ffffc7fffff27ffffdefffffbffffff2fffff8fffffb7fff97fff8ffff" +
  "fe6fffffc1fffff87ffffe7fffffc5ffffe5fffe4ffff2fffffd1fffff4ffffffefffffe3fffffc9fffff97f" +
  "ffb3ffffcffffb7fffcdffff4ffff9ffffd1ffffcffffeaffffafffffddffffeffffff4fffff5fffffabffff" +
  "a7ffffd7fffff9bffffecfffffb7fffff3fffffe8fffffd3fffffabfffff5fffffff7ffffecfffffdbfffffb" +
  "bfffff7ffffff0fffffbbf";

Deno.test("every byte has the code that another implementation gives it", () => {
  const text = decode(EVERY_BYTE) ?? "";
  assertEquals(
    Array.from(text, (char) => char.charCodeAt(0)),
    Array.from({ length: 256 }, (_, i) => i),
  );
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
