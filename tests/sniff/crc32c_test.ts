import { assertEquals } from "@std/assert";
import { crc32c } from "../../src/sniff/crc32c.ts";
import { latin1 } from "./hex.ts";

Deno.test("The checksums are those of RFC 3720, B.4.", () => {
  const cases: [bytes: Uint8Array, checksum: number][] = [
    [new Uint8Array(), 0],
    [latin1("123456789"), 0xe3069283],
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(0xff), 0x62a8ab43],
    [new Uint8Array(32).map((_, i) => i), 0x46dd794e],
    [new Uint8Array(32).map((_, i) => 31 - i), 0x113fdb5c],
  ];
  for (const [bytes, checksum] of cases) {
    assertEquals(crc32c(bytes), checksum);
    for (let cut = 0; cut <= bytes.length; cut++) {
      assertEquals(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut))), checksum);
    }
  }
});
