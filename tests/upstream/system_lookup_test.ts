import { assert, assertEquals, assertRejects } from "@std/assert";
import { askSystem, limited } from "../../src/upstream/system_lookup.ts";

const never = new AbortController().signal;

Deno.test("the system knows the names in its hosts file", async () => {
  const addresses = await askSystem("localhost");
  assert(addresses.includes("127.0.0.1") || addresses.includes("::1"), addresses.join());
});

Deno.test("that there can be no such name is no error", async () => {
  assertEquals(await askSystem(`${"a".repeat(64)}.example`), []);
});

Deno.test("only so many lookups run at a time, the others in turn", async () => {
  const running: [name: string, end: (addresses: readonly string[]) => void][] = [];
  const lookup = limited((name) => new Promise((resolve) => running.push([name, resolve])), 2);
  const found = ["a", "b", "c", "d"].map((name) => lookup(name, never));
  for (let i = 0; i < found.length; i++) {
    assertEquals(running.length, Math.min(i + 2, 4));
    running[i][1]([`of ${running[i][0]}`]);
    assertEquals(await found[i], [`of ${"abcd"[i]}`]);
    await Promise.resolve();
  }
});

Deno.test("a lookup leaves the queue when its signal aborts, and keeps its place while it runs", async () => {
  const ends = new Map<string, () => void>();
  const asked: string[] = [];
  const lookup = limited((name) => {
    asked.push(name);
    return new Promise((resolve) => ends.set(name, () => resolve([name])));
  }, 1);
  const stop = new AbortController();
  const first = lookup("a", stop.signal);
  const left = lookup("b", stop.signal);
  const next = lookup("c", never);
  stop.abort(new Error("had enough"));
  await assertRejects(() => left, Error, "had enough");
  assertEquals(asked, ["a"]);
  ends.get("a")?.();
  assertEquals(await first, ["a"]);
  await Promise.resolve();
  ends.get("c")?.();
  assertEquals(await next, ["c"]);
  assertEquals(asked, ["a", "c"]);
});

Deno.test("a lookup that fails makes room for the next one", async () => {
  const lookup = limited(
    (name) => name === "a" ? Promise.reject(new Error(name)) : Promise.resolve([name]),
    1,
  );
  const failing = lookup("a", never);
  const next = lookup("b", never);
  await assertRejects(() => failing, Error, "a");
  assertEquals(await next, ["b"]);
});
