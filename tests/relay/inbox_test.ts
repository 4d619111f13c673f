import { assertEquals } from "@std/assert";
import { ConnStream } from "../../src/relay/conn_stream.ts";
import { Inbox } from "../../src/relay/inbox.ts";
import { generator } from "../sniff/random.ts";
import { noise, pair, writeAll } from "./sockets.ts";

Deno.test("an inbox has what has come and not been used, until the end", async () => {
  const [near, far] = await pair();
  const inbox = new Inbox(new ConnStream(near));
  assertEquals([inbox.length, inbox.bytes.length], [0, 0]);
  const bytes = noise(200_000);
  const writing = writeAll(far, bytes).then(() => far.closeWrite());
  const next = generator(3);
  let used = 0;
  while (await inbox.fill()) {
    assertEquals(inbox.bytes, bytes.subarray(used, used + inbox.length));
    const count = next(inbox.length + 1);
    inbox.skip(count);
    used += count;
  }
  assertEquals(inbox.bytes, bytes.subarray(used));
  assertEquals(used + inbox.length, bytes.length);
  assertEquals(await inbox.fill(), false);
  await writing;
  inbox.release();
  assertEquals(inbox.length, 0);
  near.close();
  far.close();
});

Deno.test("an inbox that nobody empties grows as far as the longest hello", async () => {
  const [near, far] = await pair();
  const inbox = new Inbox(new ConnStream(near));
  const bytes = noise(6 * 65_540);
  const writing = writeAll(far, bytes);
  while (inbox.length < bytes.length) assertEquals(await inbox.fill(), true);
  assertEquals(inbox.bytes, bytes);
  await writing;
  inbox.release();
  near.close();
  far.close();
});

Deno.test("two that wait for more wait for the same bytes", async () => {
  const [near, far] = await pair();
  const inbox = new Inbox(new ConnStream(near));
  const waiting = [inbox.fill(), inbox.fill()];
  await writeAll(far, noise(10));
  assertEquals(await Promise.all(waiting), [true, true]);
  assertEquals(inbox.bytes, noise(10));
  inbox.release();
  near.close();
  far.close();
});

Deno.test("a connection that breaks is an end, and a buffer that is still read into is not lent again", async () => {
  const [near, far] = await pair();
  const stream = new ConnStream(near);
  const inbox = new Inbox(stream);
  const waiting = inbox.fill();
  inbox.release();
  const other = new Inbox(stream);
  stream.close();
  assertEquals(await waiting, false);
  assertEquals(await other.fill(), false);
  assertEquals(await inbox.fill(), false);
  for (const each of [inbox, other]) each.release();
  far.close();
});
