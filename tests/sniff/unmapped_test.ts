import { assertEquals } from "@std/assert";
import { unmapped } from "../../src/sniff/unmapped.ts";

Deno.test("IPv4-mapped addresses become IPv4, others stay", () => {
  const cases: [ip: string, expected: string][] = [
    ["::ffff:c000:207", "192.0.2.7"],
    ["::ffff:0:0", "0.0.0.0"],
    ["::ffff:0:1", "0.0.0.1"],
    ["::ffff:ffff:ffff", "255.255.255.255"],
    ["::ffff:a0b:c", "10.11.0.12"],
    ["192.0.2.7", "192.0.2.7"],
    ["::", "::"],
    ["::1", "::1"],
    ["::102:304", "::102:304"],
    ["::ffff:0:102:304", "::ffff:0:102:304"],
    ["1::ffff:102:304", "1::ffff:102:304"],
    ["::fffe:102:304", "::fffe:102:304"],
    ["::ffff:1", "::ffff:1"],
    ["64:ff9b::102:304", "64:ff9b::102:304"],
    ["2002:102:304::", "2002:102:304::"],
    ["not an address", "not an address"],
  ];
  for (const [ip, expected] of cases) assertEquals(unmapped(ip), expected, ip);
});
