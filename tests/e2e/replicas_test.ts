import { assert, assertEquals } from "@std/assert";
import { runReplicas } from "./replicas.ts";
import { e2eTest } from "./tools.ts";

e2eTest("of three proxies behind HAProxy one is killed and one drained, and clients are served", [
  "haproxy",
], async () => {
  const [whole, killed, drained] = await runReplicas(1, 100);
  assertEquals(whole.seen, { served: 100 });
  assertEquals(whole.kept, "30 of 30");
  assert(whole.served.every((count) => count > 0), "each has its part");
  // Those that HAProxy had given to the one that is killed, before it could know.
  assert((killed.seen.served ?? 0) >= 90, JSON.stringify(killed));
  assert((drained.seen.served ?? 0) >= 95, JSON.stringify(drained));
  assertEquals(drained.kept, killed.kept, "who drains carries on what it has");
});
