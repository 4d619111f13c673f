import { assert, assertEquals } from "@std/assert";
import { createResolver } from "../../src/upstream/resolve.ts";

const resolve = createResolver(
  new Map([
    ["known.example", ["192.0.2.1", "2001:db8::1"]],
    ["localhost", ["192.0.2.2"]],
  ]),
);

Deno.test("a name in dns.hosts is looked up there and nowhere else", async () => {
  assertEquals(await resolve("known.example"), ["192.0.2.1", "2001:db8::1"]);
  assertEquals(await resolve("localhost"), ["192.0.2.2"]);
});

Deno.test("an address is its own address", async () => {
  assertEquals(await resolve("192.0.2.3"), ["192.0.2.3"]);
  assertEquals(await resolve("2001:db8::3"), ["2001:db8::3"]);
});

Deno.test("other names are asked of the system, with its hosts file", async () => {
  const addresses = await createResolver(new Map())("localhost");
  assert(addresses.includes("127.0.0.1") || addresses.includes("::1"), addresses.join());
});

Deno.test("a name that does not exist has no address, and that is no error", async () => {
  assertEquals(await resolve("no-such-name.invalid"), []);
});
