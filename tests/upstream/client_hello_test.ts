import { assert, assertEquals } from "@std/assert";
import { ClientHelloSniffer } from "../../src/sniff/client_hello.ts";
import { clientHello } from "../../src/upstream/client_hello.ts";

Deno.test("it asks for the name, in one record, and offers both versions", () => {
  for (const name of ["www.example.com", "a", "a.".repeat(126) + "b", undefined]) {
    const bytes = clientHello(name);
    const result = new ClientHelloSniffer().sniff(bytes);
    assert(result?.kind === "sniffed", JSON.stringify(result));
    assertEquals([result.name, result.alpn], [name, []]);
    assertEquals(result.tls, {
      versions: [0x0304, 0x0303],
      size: bytes.length - 5,
      records: 1,
      ech: false,
      postQuantum: false,
    });
  }
});

Deno.test("no two are alike", () => {
  const hellos = Array.from({ length: 10 }, () => clientHello("www.example.com").join());
  assertEquals(new Set(hellos).size, 10);
});
