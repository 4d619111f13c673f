import { assert, assertEquals } from "@std/assert";
import { hostName } from "../../src/sniff/host_name.ts";
import { generator } from "./random.ts";

const LABEL_63 = "l".repeat(63);
/** 253 bytes. */
const LONGEST = `${LABEL_63}.${LABEL_63}.${LABEL_63}.${"m".repeat(61)}`;

Deno.test("A valid name comes back in lower case without its trailing dot.", () => {
  const cases: [text: string, name: string][] = [
    ["example.com", "example.com"],
    ["WWW.Example.COM", "www.example.com"],
    ["example.com.", "example.com"],
    ["EXAMPLE.COM.", "example.com"],
    ["localhost", "localhost"],
    ["a", "a"],
    ["_acme-challenge.example.com", "_acme-challenge.example.com"],
    ["-odd-.example", "-odd-.example"],
    ["xn--bcher-kva.example", "xn--bcher-kva.example"],
    ["1.2.3.4.example", "1.2.3.4.example"],
    ["127.0.0.1a", "127.0.0.1a"],
    ["example.0y1", "example.0y1"],
    ["example.0x1g", "example.0x1g"],
    ["example.1e5", "example.1e5"],
    ["example.x1", "example.x1"],
    ["0x.example", "0x.example"],
    [LONGEST, LONGEST],
    [`${LONGEST}.`, LONGEST],
    [`${LABEL_63}.`, LABEL_63],
  ];
  for (const [text, name] of cases) assertEquals(hostName(text), name, text);
});

Deno.test("What is no valid name gives none.", () => {
  const cases: [why: string, text: string][] = [
    ["empty", ""],
    ["nothing but dots", "."],
    ["nothing but dots", ".."],
    ["an empty first label", ".example.com"],
    ["an empty label", "a..example"],
    ["two trailing dots", "example.com.."],
    ["a last label of 64", `example.${"l".repeat(64)}`],
    ["a first label of 64", `${"l".repeat(64)}.example`],
    ["254 bytes", `${LONGEST}m`],
    ["254 bytes and a dot", `${LONGEST}m.`],
    ["far too long", "a.".repeat(40_000)],
    ["a star", "*.example.com"],
    ["a NUL", "example.com\0.evil.example"],
    ["a space", "example.com "],
    ["a line end", "example.com\n"],
    ["a colon", "example.com:443"],
    ["a slash", "example.com/"],
    ["an at sign", "user@example.com"],
    ["a percent sign", "ex%61mple.com"],
    ["Latin-1", "b\u00fccher.example"],
    ["a full-width dot", "example\uff0ecom"],
    ["a Kelvin sign, K in lower case", "\u212aelvin.example"],
    ["a dotted I", "\u0130.example"],
    ["an IPv4 address", "10.0.0.1"],
    ["an IPv4 address with a dot", "10.0.0.1."],
    ["a short IPv4 address", "127.1"],
    ["an IPv4 address as a number", "2130706433"],
    ["an octal IPv4 address", "0177.0.0.01"],
    ["a hexadecimal IPv4 address", "0x7f000001"],
    ["a hexadecimal IPv4 address in upper case", "0X7F.1.0X1"],
    ["an empty hexadecimal number", "example.0x"],
    ["a name that ends in a number", "example.com.1"],
    ["an IPv6 address", "2001:db8::1"],
    ["an IPv6 address in brackets", "[::1]"],
  ];
  for (const [why, text] of cases) {
    assertEquals(hostName(text), undefined, `${why}: ${JSON.stringify(text.slice(0, 300))}`);
  }
});

Deno.test("Every single character is judged as the grammar has it.", () => {
  for (let code = 0; code < 0x300; code++) {
    const char = String.fromCharCode(code);
    const name = `a${char}b`;
    assertEquals(hostName(name), /[A-Za-z0-9_.-]/.test(char) ? name.toLowerCase() : undefined);
  }
});

Deno.test("A name is its own name, and random text is read as a slower reading has it.", () => {
  const random = generator(7);
  const PIECES = ["a", "B", "-", "_", ".", ".", "0", "7", "0x", "F", "*", "\0", LABEL_63, "com"];
  let valid = 0;
  for (let i = 0; i < 50_000; i++) {
    let text = "";
    for (let left = random(9); left >= 0; left--) text += PIECES[random(PIECES.length)];
    const name = hostName(text);
    assertEquals(name, slowHostName(text), JSON.stringify(text));
    if (name === undefined) continue;
    valid++;
    assertEquals(hostName(name), name);
  }
  assert(valid > 5_000 && valid < 45_000, `${valid} of 50,000 were valid`);
});

/** The rules one after the other. */
function slowHostName(text: string): string | undefined {
  const name = text.replace(/\.$/, "").toLowerCase();
  const labels = name.split(".");
  if (name.length > 253 || !labels.every((label) => /^[a-z0-9_-]{1,63}$/.test(label))) {
    return undefined;
  }
  return /^([0-9]+|0x[0-9a-f]*)$/.test(labels[labels.length - 1]) ? undefined : name;
}
