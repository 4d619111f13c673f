import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { canonical, parseAddress } from "../../src/config/address.ts";

Deno.test("parseAddress() reads addresses, which canonical() writes in one form", () => {
  for (
    const [text, form] of [
      ["10.0.0.1:443", "10.0.0.1:443"],
      [":80", "[::]:80"],
      ["[::]:65535", "[::]:65535"],
      ["[2001:DB8:0:0::1]:1", "[2001:db8::1]:1"],
      ["[::ffff:1.2.3.4]:1", "[::ffff:102:304]:1"],
      ["LocalHost.:443", "localhost:443"],
      ["my_app-1.internal:443", "my_app-1.internal:443"],
    ]
  ) {
    const parsed = parseAddress(text, "::");
    assert("value" in parsed, text);
    assertEquals(canonical(parsed.value), form);
    assertEquals(parseAddress(form, "::"), parsed);
  }
});

Deno.test("parseAddress() says what is accepted in place of anything else", () => {
  for (
    const [text, piece] of [
      ["", "host:port"],
      ["10.0.0.1", "host:port"],
      ["::1", "in brackets"],
      ["::", "in brackets"],
      ["2001:db8::1:443", "in brackets"],
      ["[::1]", "a port from 1 to 65535"],
      ["[::1]:", "a port from 1 to 65535"],
      ["a:0", "a port from 1 to 65535"],
      ["a:080", "a port from 1 to 65535"],
      ["a:65536", "a port from 1 to 65535"],
      ["a:+1", "a port from 1 to 65535"],
      ["a:1e3", "a port from 1 to 65535"],
      ["a:80 ", "a port from 1 to 65535"],
      ["http://a:80", "an IP address or a host name"],
      ["10.0.0.256:80", "an IP address or a host name"],
      ["10.0.0.01:80", "an IP address or a host name"],
      ["10.1:80", "an IP address or a host name"],
      ["0x7f.0x1:80", "an IP address or a host name"],
      ["[1.2.3.4]:80", "an IP address or a host name"],
      ["[fe80::1%eth0]:80", "an IP address or a host name"],
      ["[::1:80", "an IP address or a host name"],
      ["*:80", "an IP address or a host name"],
      ["a..b:80", "an IP address or a host name"],
      [`${"a".repeat(64)}:80`, "an IP address or a host name"],
    ]
  ) {
    const parsed = parseAddress(text, "::");
    assert("accepts" in parsed, text);
    assertStringIncludes(parsed.accepts, piece);
  }
});
