import { assertEquals } from "@std/assert";
import { parseHostName, parseIpLiteral } from "../../src/config/host_name.ts";

const LABEL = "a".repeat(63);
const LONGEST = [LABEL, LABEL, LABEL, "a".repeat(61)].join(".");

Deno.test("parseHostName() gives the name in lower case without its trailing dot", () => {
  for (
    const [text, name] of [
      ["localhost", "localhost"],
      ["WWW.Example.COM", "www.example.com"],
      ["example.com.", "example.com"],
      ["_dmarc.x-1.example", "_dmarc.x-1.example"],
      ["1.2.3.4a", "1.2.3.4a"],
      [LABEL, LABEL],
      [LONGEST, LONGEST],
      [`${LONGEST}.`, LONGEST],
    ]
  ) assertEquals(parseHostName(text), name);
});

Deno.test("parseHostName() refuses what is no name", () => {
  const others = [
    ...[
      "",
      ".",
      "..",
      ".a",
      "a..b",
      "a.b..",
      "a b",
      "a:b",
      "*.a",
      "a/b",
      "\u00e9.com",
      "a\n",
      "K\u212a",
    ],
    ...[
      "10.0.0.1",
      "1",
      "a.1",
      "a.0x1f",
      "a.0x",
      `${LABEL}a`,
      `a${LONGEST}`,
      "a".repeat(1_000_000),
    ],
  ];
  for (const text of others) assertEquals(parseHostName(text), undefined, text.slice(0, 20));
});

Deno.test("parseIpLiteral() gives every address in one spelling", () => {
  for (
    const [text, ip] of [
      ["127.0.0.1", "127.0.0.1"],
      ["0:0:0:0:0:0:0:1", "::1"],
      ["2001:DB8::0A", "2001:db8::a"],
      ["::ffff:1.2.3.4", "::ffff:102:304"],
      ["1.2.3", undefined],
      ["127.0.0.01", undefined],
      ["1.2.3.4.5", undefined],
      ["[::1]", undefined],
      ["fe80::1%eth0", undefined],
      ["::1/128", undefined],
      ["1::2::3", undefined],
      ["localhost", undefined],
      ["", undefined],
      [":".repeat(1_000_000), undefined],
    ]
  ) assertEquals(parseIpLiteral(text ?? ""), ip);
});
