import { assert, assertEquals } from "@std/assert";
import { MAX_WATCHERS, StatusEvents } from "../../src/observe/status_events.ts";

const decoder = new TextDecoder();

type Reader = ReadableStreamDefaultReader<Uint8Array>;

function watch(events: StatusEvents): Reader {
  const stream = events.watch();
  assert(stream !== undefined);
  return stream.getReader();
}

/** The data of the next event; `undefined` at the end. */
async function next(reader: Reader): Promise<string | undefined> {
  const { value } = await reader.read();
  return decoder.decode(value).match(/^retry: 2000\ndata: (.*)\n\n$/)?.[1];
}

Deno.test("an event is made once for all who watch, and none while nobody does", async () => {
  let made = 0;
  using events = new StatusEvents(() => `${++made}`, 5);
  const [one, two] = [watch(events), watch(events)];
  assertEquals([await next(one), await next(two)], ["1", "1"]);
  assertEquals([await next(one), await next(two)], ["2", "2"]);
  await one.cancel();
  await two.cancel();
  assertEquals(events.watchers, 0);
  const before = made;
  using other = new StatusEvents(() => "x", 5);
  const third = watch(other);
  for (let i = 0; i < 4; i++) await next(third);
  assertEquals(made, before);
});

Deno.test("who reads nothing has one event waiting at most, and is let go of after a while", async () => {
  let made = 0;
  using events = new StatusEvents(() => Promise.resolve(`${++made}`), 1);
  const [slow, quick] = [watch(events), watch(events)];
  for (let i = 0; i < 8; i++) await next(quick);
  assertEquals(await next(slow), "1");
  const late = Number(await next(slow));
  assert(late > 8, `${late}`);
  while (events.watchers > 1) await next(quick);
  let gone = false;
  await slow.closed.catch(() => gone = true);
  assert(gone);
});

Deno.test("there is room for so many, and for another one when one leaves", async () => {
  using events = new StatusEvents(() => "x");
  const readers = Array.from({ length: MAX_WATCHERS }, () => watch(events));
  assertEquals(events.watch(), undefined);
  await readers[3].cancel();
  assert(events.watch() !== undefined);
});

Deno.test("ending tells the latest and ends all streams; disposing does so for good", async () => {
  let state = "ready";
  const events = new StatusEvents(() => state, 60_000);
  const reader = watch(events);
  assertEquals(await next(reader), "ready");
  state = "draining";
  await events.end();
  assertEquals([await next(reader), await next(reader)], ["draining", undefined]);
  const again = watch(events);
  assertEquals(await next(again), "draining");
  events[Symbol.dispose]();
  assertEquals(await next(again), undefined);
  assertEquals([events.watch(), events.watchers], [undefined, 0]);
});

Deno.test("an event that could not be made is left out", async () => {
  let made = 0;
  using events = new StatusEvents(() => ++made === 1 ? Promise.reject(new Error("no")) : "fine", 5);
  assertEquals(await next(watch(events)), "fine");
});

Deno.test("coming and going makes no events, and nobody is let go of for it", async () => {
  let made = 0;
  using events = new StatusEvents(() => `${++made}`, 60_000);
  const slow = watch(events);
  const first = watch(events);
  assertEquals(await next(first), "1");
  for (let i = 0; i < 40; i++) {
    const reader = watch(events);
    assertEquals(await next(reader), "1");
    await reader.cancel();
  }
  assertEquals([made, events.watchers, await next(slow)], [1, 2, "1"]);
});
