import { assertEquals } from "@std/assert";
import { LineWriter, type Sink } from "../../src/observe/line_writer.ts";

/** Takes a few bytes at a time, and only when it is let. */
class SlowSink implements Sink {
  text = "";
  writes = 0;
  gate: Promise<void> = Promise.resolve();
  async write(bytes: Uint8Array): Promise<number> {
    await this.gate;
    this.writes++;
    const some = bytes.subarray(0, 7);
    this.text += new TextDecoder().decode(some);
    return some.length;
  }
}

Deno.test("lines arrive whole and in order, also through a sink that takes a few bytes", async () => {
  const sink = new SlowSink();
  const writer = new LineWriter(sink);
  writer.write("first line");
  writer.write("second line");
  await writer.flush();
  writer.write("third");
  await writer.flush();
  assertEquals(sink.text, "first line\nsecond line\nthird\n");
  assertEquals(writer.dropped, 0);
});

Deno.test("a slow reader costs lines beyond a bound, which are counted, and nobody waits", async () => {
  const sink = new SlowSink();
  const open = Promise.withResolvers<void>();
  sink.gate = open.promise;
  const line = "x".repeat(1024 * 1024);
  const writer = new LineWriter({
    write: async (bytes): Promise<number> => {
      await sink.gate;
      return bytes.length;
    },
  });
  for (let i = 0; i < 10; i++) writer.write(line);
  assertEquals(writer.dropped, 6);
  open.resolve();
  await writer.flush();
  writer.write("after");
  await writer.flush();
  assertEquals(writer.dropped, 6);
});

Deno.test("a reader that is gone costs lines and nothing else", async () => {
  const writer = new LineWriter({ write: () => Promise.reject(new Deno.errors.BrokenPipe()) });
  writer.write("a");
  writer.write("b");
  await writer.flush();
  assertEquals(writer.dropped, 2);
});

Deno.test("lines that may wait are written together, and nothing waits when they are flushed", async () => {
  const sink = new SlowSink();
  let writes = 0;
  const writer = new LineWriter({
    write: (bytes) => {
      writes++;
      sink.text += new TextDecoder().decode(bytes);
      return Promise.resolve(bytes.length);
    },
  }, 60_000);
  for (let i = 0; i < 3; i++) {
    writer.write(`line ${i}`);
    await undefined;
  }
  await writer.flush();
  assertEquals([writes, sink.text], [1, "line 0\nline 1\nline 2\n"]);
  writer.write("x".repeat(70_000));
  await writer.flush();
  assertEquals(writes, 2);
});
