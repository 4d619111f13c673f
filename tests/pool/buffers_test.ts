import { assert, assertEquals } from "@std/assert";
import { bulk, busy, createBufferPool, heads } from "../../src/pool/buffers.ts";

Deno.test("buffers that are lent at the same time never overlap", () => {
  const pool = createBufferPool(8, 4, 100);
  const buffers = Array.from({ length: 10 }, () => pool.take());
  buffers.forEach((buffer, i) => buffer.fill(i));
  buffers.forEach((buffer, i) => {
    assertEquals(buffer.length, 8);
    assert(buffer.every((byte) => byte === i), `buffer ${i} was written through another one`);
  });
});

Deno.test("a buffer given back is lent again before memory is taken", () => {
  const pool = createBufferPool(8, 1, 100);
  const buffer = pool.take();
  pool.give(buffer);
  assert(pool.take() === buffer);
});

Deno.test("no more unused buffers are kept than asked for", () => {
  const pool = createBufferPool(8, 1, 2);
  const buffers = [pool.take(), pool.take(), pool.take()];
  for (const buffer of buffers) pool.give(buffer);
  const again = new Set([pool.take(), pool.take(), pool.take()]);
  assertEquals(buffers.filter((buffer) => again.has(buffer)).length, 2);
});

Deno.test("when many large buffers are lent the next direction gets small ones, until one comes back", () => {
  const lent: Uint8Array<ArrayBuffer>[] = [];
  while (busy() === bulk) lent.push(bulk.take());
  assertEquals(lent.length * bulk.size, 64 * 1024 * 1024);
  assert(busy() === heads);
  bulk.give(lent.pop()!);
  assert(busy() === bulk);
  for (const buffer of lent) bulk.give(buffer);
  assertEquals(bulk.lent, 0);
});
