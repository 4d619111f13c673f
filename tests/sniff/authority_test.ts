import { assertEquals } from "@std/assert";
import { type Authority, parseAuthority } from "../../src/sniff/authority.ts";

const TABLE: [text: string, expected: Authority | undefined][] = [
  ["example.com", { name: "example.com" }],
  ["Example.COM.", { name: "example.com" }],
  ["example.com:80", { name: "example.com", port: 80 }],
  ["example.com:", { name: "example.com" }],
  ["example.com:00080", { name: "example.com", port: 80 }],
  ["a_b.example", { name: "a_b.example" }],
  ["example.com:65535", { name: "example.com", port: 65535 }],
  ["", {}],
  [":80", { port: 80 }],
  ["10.0.0.1", {}],
  ["10.0.0.1:8080", { port: 8080 }],
  ["127.1", {}],
  ["[::1]", {}],
  ["[::1]:8080", { port: 8080 }],
  ["[::1]:", {}],
  ["[::ffff:10.0.0.1]:1", { port: 1 }],
  ["*.example.com", {}],
  ["a..b", {}],
  ["a%41.example", {}],
  ["%e2%98%83", {}],
  ["!$&'()*+,;=", {}],
  [`${"a".repeat(64)}.example`, {}],
  ["example.com:0", undefined],
  ["example.com:65536", undefined],
  ["example.com:99999", undefined],
  ["example.com:100000", undefined],
  ["example.com:8o", undefined],
  ["example.com:-1", undefined],
  ["example.com:+1", undefined],
  ["example.com: 80", undefined],
  ["user@example.com", undefined],
  ["user:secret@example.com", undefined],
  ["a b", undefined],
  ["a/b", undefined],
  ["a\\b", undefined],
  ["a?b", undefined],
  ["a%", undefined],
  ["a%4", undefined],
  ["a%zz", undefined],
  ["a%%41", undefined],
  ["a#b", undefined],
  ["a,b", {}],
  ['"a"', undefined],
  ["<a>", undefined],
  ["[a]", undefined],
  ["[::1", undefined],
  ["[::1]x", undefined],
  ["[::1]]", undefined],
  ["[fe80::1%eth0]", undefined],
  ["::1", undefined],
  ["a:b:c", undefined],
  ["\u00e9.example", undefined],
  ["a\u0000b", undefined],
];

Deno.test("an authority is a host, valid as a name or not, and perhaps a port", () => {
  for (const [text, expected] of TABLE) {
    const { name, port } = parseAuthority(text) ?? {};
    const found = parseAuthority(text) && {
      ...(name !== undefined && { name }),
      ...(port !== undefined && { port }),
    };
    assertEquals(found, expected, JSON.stringify(text));
  }
});
