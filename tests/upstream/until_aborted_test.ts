import { assertEquals, assertRejects } from "@std/assert";
import { untilAborted } from "../../src/upstream/until_aborted.ts";

Deno.test("what comes first counts: the end of the wait, or of what is waited for", async () => {
  const never = new AbortController().signal;
  const endless = new Promise<string>(() => {});
  assertEquals(await untilAborted(Promise.resolve("it"), never), "it");
  assertEquals(await untilAborted(endless, AbortSignal.abort()), undefined);
  const stop = new AbortController();
  const waiting = untilAborted(endless, stop.signal);
  stop.abort();
  assertEquals(await waiting, undefined);
  await assertRejects(() => untilAborted(Promise.reject(new Error("it")), never), Error, "it");
});

Deno.test("a failure that nobody waits for any longer is nobody's business", async () => {
  const { promise, reject } = Promise.withResolvers<string>();
  const stop = new AbortController();
  const waiting = untilAborted(promise, stop.signal);
  stop.abort();
  assertEquals(await waiting, undefined);
  reject(new Error("too late"));
  assertEquals(await untilAborted(promise, stop.signal), undefined);
});
