import { assertEquals } from "@std/assert";
import { parseIp } from "../../src/route/ip.ts";

Deno.test("Every spelling of an address is read as the same one.", () => {
  const cases: [text: string, spellings: string[]][] = [
    ["127.0.0.1", ["127.0.0.1"]],
    ["255.255.255.255", ["255.255.255.255"]],
    ["0:0:0:0:0:0:0:0", ["::", "0::", "::0", "0:0:0:0:0:0:0:0", "0000::0000", "::0.0.0.0"]],
    ["0:0:0:0:0:0:0:1", ["::1", "0::1", "0:0:0:0:0:0:0:1", "::0001", "::0.0.0.1", "::1%lo"]],
    ["fe80:0:0:0:0:0:0:1", ["fe80::1", "FE80::1", "fe80::1%eth0", "fe80:0::0:1%2"]],
    ["1:2:3:4:5:6:7:8", ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:0.7.0.8", "0001:2:03:4:5:6:7:08"]],
    ["0:2:3:4:5:6:7:8", ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"]],
    ["1:2:3:4:5:6:7:0", ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"]],
    ["2001:db8:0:0:1:0:0:1", ["2001:db8::1:0:0:1", "2001:db8:0:0:1::1", "2001:DB8::1:0:0.0.0.1"]],
    ["1:0:0:0:0:0:0:0", ["1::", "1:0::", "1::0.0.0.0"]],
  ];
  for (const [text, spellings] of cases) {
    for (const spelling of spellings) assertEquals(parseIp(spelling)?.text, text, spelling);
  }
});

Deno.test("The IPv4 address inside an IPv6 address is found.", () => {
  const cases: [literal: string, inner: string | undefined][] = [
    ["::ffff:127.0.0.1", "127.0.0.1"],
    ["::FFFF:7f00:1", "127.0.0.1"],
    ["0:0:0:0:0:ffff:7f00:0001", "127.0.0.1"],
    ["::ffff:192.168.255.3%eth0", "192.168.255.3"],
    ["::ffff:0:0", "0.0.0.0"],
    ["::ffff:ffff:ffff", "255.255.255.255"],
    ["64:ff9b::10.0.0.1", "10.0.0.1"],
    ["64:ff9b::a00:1", "10.0.0.1"],
    ["0064:ff9b:0:0:0:0:a00:1", "10.0.0.1"],
    ["2002:a00:1::", "10.0.0.1"],
    ["2002:a00:1:2:3:4:5:6", "10.0.0.1"],
    ["2002::", "0.0.0.0"],
    ["10.0.0.1", undefined],
    ["::10.0.0.1", undefined],
    ["::1", undefined],
    ["::", undefined],
    ["::fffe:10.0.0.1", undefined],
    ["::ffff:0:10.0.0.1", undefined],
    ["1::ffff:10.0.0.1", undefined],
    ["0:0:1:0:0:ffff:a00:1", undefined],
    ["0:0:0:0:1:ffff:a00:1", undefined],
    ["64:ff9b:1::10.0.0.1", undefined],
    ["64:ff9b::1:0:a00:1", undefined],
    ["64:ff9a::10.0.0.1", undefined],
    ["2003:a00:1::", undefined],
    ["2001:db8::1", undefined],
  ];
  for (const [literal, inner] of cases) assertEquals(parseIp(literal)?.inner, inner, literal);
});

Deno.test("What is not an IP literal is not read.", () => {
  const literals = [
    "",
    "localhost",
    "example.com",
    "127.1",
    "2130706433",
    "0x7f.0.0.1",
    "127.0.0.01",
    "0177.0.0.1",
    "256.0.0.1",
    "1.2.3.4.5",
    "1.2.3.4 ",
    " 1.2.3.4",
    "1.2.3.4%eth0",
    "1.2.3.4\n",
    "1.2.3.4\0",
    "[::1]",
    "::1%",
    "::1/128",
    "1::2::3",
    ":::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "12345::",
    "g::",
    "::ffff:1.2.3.256",
    "::ffff:1.2.3",
    ":".repeat(100_000),
    "1".repeat(100_000),
    "1.".repeat(100_000),
  ];
  for (const literal of literals) {
    assertEquals(parseIp(literal), undefined, JSON.stringify(literal.slice(0, 50)));
  }
});
