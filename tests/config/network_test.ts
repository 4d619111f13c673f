import { assert, assertEquals } from "@std/assert";
import { parseNetwork } from "../../src/config/network.ts";

Deno.test("parseNetwork() reads CIDRs of both kinds", () => {
  for (
    const [text, network] of [
      ["10.0.0.0/8", "10.0.0.0/8"],
      ["0.0.0.0/0", "0.0.0.0/0"],
      ["10.0.0.1/32", "10.0.0.1/32"],
      ["FD00:0::/8", "fd00::/8"],
      ["::1/128", "::1/128"],
    ]
  ) assertEquals(parseNetwork(text), { value: network });
});

Deno.test("parseNetwork() refuses everything else", () => {
  const texts = [
    ...["", "/", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/8/8", "10/8"],
    ...["::/129", "::/-1", "::/1e1", "[::]/8", "fe80::%eth0/64", "private", "a/8"],
  ];
  for (const text of texts) assert("accepts" in parseNetwork(text), text);
});
