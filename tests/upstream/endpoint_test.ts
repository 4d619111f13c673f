import { assertEquals } from "@std/assert";
import { Endpoint } from "../../src/upstream/endpoint.ts";

Deno.test("a place has its address in canonical form, and its backend's weight", () => {
  for (
    const [host, key] of [["192.0.2.1", "192.0.2.1:443"], ["2001:db8::1", "[2001:db8::1]:443"]]
  ) {
    const address = { host: "app.test", port: 443 };
    const backend = { address, name: "app.test:443", weight: 3, backup: false };
    const endpoint = new Endpoint(backend, host);
    const { port, weight, active, up, reason } = endpoint;
    assertEquals([endpoint.key, endpoint.host, port, weight], [key, host, 443, 3]);
    assertEquals([active, up, reason], [0, true, undefined]);
    endpoint.backend = { ...backend, weight: 5 };
    assertEquals(endpoint.weight, 5, "the one of the configuration in force");
  }
});
