import { assertEquals } from "@std/assert";
import { TlsTally } from "../../src/observe/tls_tally.ts";

Deno.test("each hello counts once for each thing it offers, and unknown things are not named", () => {
  const tally = new TlsTally();
  const facts = { size: 500, records: 1, ech: false, postQuantum: false };
  tally.add({ ...facts, versions: [0x0304, 0x0303, 0x0304], postQuantum: true }, ["h2", "h2"]);
  tally.add({ ...facts, versions: [0x0303, 0x7f1c, 0x0005], ech: true }, [
    "h2",
    "<b>",
    "x".repeat(255),
  ]);
  tally.add({ ...facts, versions: [0x0303] }, []);
  assertEquals(tally.status, {
    hellos: 3,
    postQuantum: 1,
    ech: 1,
    versions: { "TLS 1.2": 3, "TLS 1.3": 1, "other": 1 },
    alpn: { h2: 2, other: 1, none: 1 },
  });
});
