import { assertEquals } from "@std/assert";
import { VectorReader } from "../../src/sniff/vector_reader.ts";

Deno.test("Numbers and vectors are read one after the other, within the part.", () => {
  const reader = new VectorReader(new Uint8Array([99, 1, 2, 3, 2, 0x68, 0x32, 7, 99]), 1, 8);
  assertEquals(reader.uint8(), 1);
  assertEquals(reader.uint16(), 0x0203);
  const vector = reader.vector(reader.uint8());
  assertEquals([vector.more, vector.text()], [true, "h2"]);
  assertEquals([vector.uint16(), vector.more, vector.broken], [0x6832, false, false]);
  assertEquals([reader.more, reader.uint8(), reader.more, reader.broken], [true, 7, false, false]);
});

Deno.test("A reader that ran past its end stays broken and reads as zero and empty.", () => {
  const runs: ((reader: VectorReader) => unknown)[] = [
    (reader) => reader.skip(5),
    (reader) => [reader.skip(4), reader.uint8()],
    (reader) => [reader.skip(3), reader.uint16()],
    (reader) => reader.vector(5),
  ];
  for (const run of runs) {
    const reader = new VectorReader(new Uint8Array([1, 2, 3, 4, 5, 6]), 0, 4);
    run(reader);
    const vector = reader.vector(1);
    assertEquals(
      [reader.broken, reader.more, reader.uint8(), reader.uint16(), reader.skip(0)],
      [true, false, 0, 0, false],
    );
    assertEquals([vector.more, vector.text()], [false, ""]);
  }
});
