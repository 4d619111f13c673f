import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { isIP } from "node:net";
import { type AddressType, createQuestion, readAnswer } from "../../src/upstream/dns_message.ts";
import { hex } from "../sniff/hex.ts";
import { generator } from "../sniff/random.ts";
import { answerTo, type Reply } from "./dns_server.ts";

function ask(
  name: string,
  type: AddressType = "A",
): NonNullable<ReturnType<typeof createQuestion>> {
  const question = createQuestion(name, type, 0xabcd);
  assert(question !== undefined, name);
  return question;
}

const question = ask("www.example");

Deno.test("a question is one question for one name, with recursion", () => {
  const header = "abcd 0100 0001 0000 0000 0000";
  assertEquals(question.bytes, hex(`${header} 03777777 076578616d706c65 00 0001 0001`));
  assertEquals(ask("a", "AAAA").bytes, hex(`${header} 0161 00 001c 0001`));
});

Deno.test("what can't be a name is not asked for", () => {
  const label = "a".repeat(63);
  const long = `${label}.${label}.${label}.${"a".repeat(61)}`;
  for (
    const [name, possible] of [
      [label, true],
      [`${label}a`, false],
      [long, true],
      [`${long}a`, false],
      ["_acme.example", true],
      ["", false],
      [".", false],
      ["a.", false],
      [".a", false],
      ["a..b", false],
      ["b\u00fccher.example", false],
    ] as const
  ) assertEquals(createQuestion(name, "A", 1) !== undefined, possible, name);
});

/** Name and type asked for, the answer, and what is made of it: addresses, or the kind. */
const ANSWERS: [about: string, name: string, type: AddressType, reply: Reply, read: string][] = [
  ["addresses", "a.example", "A", { addresses: ["192.0.2.1", "0.0.0.0"] }, "192.0.2.1 0.0.0.0"],
  ["IPv6", "a.example", "AAAA", {
    addresses: ["2001:db8:0:0:1:0:0:1", "0:0:0:0:0:0:0:0", "0:0:0:0:0:ffff:7f00:1"],
  }, "2001:db8::1:0:0:1 :: ::ffff:7f00:1"],
  ["no such name", "a.example", "A", { code: 3 }, ""],
  ["no such address", "a.example", "A", { addresses: ["2001:db8:0:0:0:0:0:1"] }, ""],
  ["an alias", "a.example", "A", { aliases: ["b.example"], addresses: ["192.0.2.1"] }, "192.0.2.1"],
  ["aliases", "a.example", "A", {
    aliases: ["b.example", "c.example", "d.example"],
    addresses: ["192.0.2.1"],
  }, "192.0.2.1"],
  ["an alias of nothing", "a.example", "A", { code: 3, aliases: ["b.example"] }, ""],
  ["an alias of itself", "a.example", "A", { aliases: ["b.example", "a.example"] }, ""],
  ["other spellings", "a.example", "A", {
    aliases: ["B.example"],
    owner: "b.EXAMPLE",
    addresses: ["192.0.2.1"],
  }, "192.0.2.1"],
  ["somebody else's address", "a.example", "A", {
    owner: "bank.example",
    addresses: ["192.0.2.1"],
  }, ""],
  ["more than fits", "a.example", "A", { truncated: true, addresses: ["192.0.2.1"] }, "truncated"],
  ["malformed question", "a.example", "A", { code: 1 }, "failed"],
  ["server failure", "a.example", "A", { code: 2, addresses: ["192.0.2.1"] }, "failed"],
  ["not implemented", "a.example", "A", { code: 4 }, "failed"],
  ["refused", "a.example", "A", { code: 5 }, "failed"],
  ["ask others", "a.example", "A", { flags: 0x8100 }, "failed"],
  ["an authority without recursion", "a.example", "A", { flags: 0x8500 }, ""],
  ["a question", "a.example", "A", { flags: 0x0100 }, "foreign"],
  ["a notification", "a.example", "A", { flags: 0xa180 }, "foreign"],
];

Deno.test("an answer is read for what it says about the name that was asked for", () => {
  for (const [about, name, type, reply, expected] of ANSWERS) {
    const question = ask(name, type);
    const answer = readAnswer(answerTo(question.bytes, reply), question);
    const read = answer.kind === "addresses" ? answer.addresses.join(" ") : answer.kind;
    assertEquals(read, expected, about);
  }
});

Deno.test("an answer to something else is foreign", () => {
  const reply = { addresses: ["192.0.2.1", "2001:db8:0:0:0:0:0:1"] };
  for (
    const [other, kind] of [
      [createQuestion("www.example", "A", 0xabcd), "addresses"],
      [createQuestion("WWW.example", "A", 0xabcd), "addresses"],
      [createQuestion("www.example", "A", 0xabce), "foreign"],
      [createQuestion("www.example", "AAAA", 0xabcd), "foreign"],
      [createQuestion("www.example2", "A", 0xabcd), "foreign"],
      [createQuestion("example", "A", 0xabcd), "foreign"],
    ] as const
  ) {
    assert(other !== undefined);
    assertEquals(readAnswer(answerTo(other.bytes, reply), question).kind, kind, other.name);
  }
});

Deno.test("malformed messages are foreign, and their names come to an end", () => {
  const head = "abcd 8180 0001 0001 0000 0000 03777777 076578616d706c65 00 0001 0001";
  const tail = "0001 0001 0000003c 0004 c0000201";
  for (
    const [about, text, kind] of [
      ["as it should be", `${head} c00c ${tail}`, "addresses"],
      ["an owner in full", `${head} 03777777 c010 ${tail}`, "addresses"],
      ["a pointer to itself", `${head} c01d ${tail}`, "foreign"],
      ["a pointer forwards", `${head} c020 ${tail}`, "foreign"],
      ["a pointer past the end", `${head} ffff ${tail}`, "foreign"],
      ["half a pointer", `${head} c0`, "foreign"],
      ["a label of a kind that is not in use", `${head} 80 ${tail}`, "foreign"],
      ["a label past the end", `${head} 3f61`, "foreign"],
      ["an address of five bytes", `${head} c00c 0001 0001 0000003c 0005 c000020101`, "foreign"],
      ["an address that is cut off", `${head} c00c 0001 0001 0000003c 0004 c00002`, "foreign"],
      ["an alias of nothing at all", `${head} c00c 0005 0001 0000003c 0000`, "foreign"],
      ["another class", `${head} c00c 0001 0003 0000003c 0005 c000020101`, "addresses"],
      ["fewer records than it says", head, "foreign"],
      ["no question", `abcd 8180 0000 0000 0000 0000`, "foreign"],
      ["no question, but a failure", `abcd 8182 0000 0000 0000 0000`, "failed"],
      ["two questions", `abcd 8180 0002 ${head.slice(15)} c00c ${tail}`, "foreign"],
      ["nothing", "", "foreign"],
    ] as const
  ) assertEquals(readAnswer(hex(text), question).kind, kind, about);
});

Deno.test("a message that is made to be slow is read all the same", () => {
  // Each name is a pointer to the one before it, and is asked for by thousands of records.
  const header = [...answerTo(question.bytes, {})];
  const bytes = new Uint8Array(65_535);
  bytes.set(header);
  bytes[6] = 0x0f;
  bytes[7] = 0xff;
  let target = 12;
  for (let at = header.length; at + 12 < bytes.length; at += 12) {
    bytes.set([0xc0 | target >> 8 & 0x3f, target & 0xff, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0], at);
    if (at < 0x4000) target = at;
  }
  assertEquals(readAnswer(bytes, question).kind, "foreign");
});

Deno.test("of an answer of any length only so many addresses are taken", () => {
  const addresses = Array.from({ length: 4_000 }, (_, i) => `192.0.${i >> 8}.${i & 0xff}`);
  const answer = readAnswer(answerTo(question.bytes, { addresses }), question);
  assert(answer.kind === "addresses");
  assertEquals(answer.addresses, addresses.slice(0, 128));
});

Deno.test("whatever comes, reading it gives addresses or says that there are none", () => {
  const random = generator(53);
  const addresses = ["192.0.2.1", "192.0.2.2", "2001:db8:0:0:0:0:0:1"];
  const seen = new Map<string, number>();
  for (let round = 0; round < 20_000; round++) {
    const asked = ask("www.example", random(2) === 0 ? "A" : "AAAA");
    const bytes = answerTo(asked.bytes, { addresses, aliases: ["a.example", "b.a.example"] });
    for (let edits = random(4); edits > 0; edits--) {
      bytes[2 + random(bytes.length - 2)] = random(256);
    }
    const cut = random(3) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
    const answer = readAnswer(cut, asked);
    seen.set(answer.kind, (seen.get(answer.kind) ?? 0) + 1);
    if (answer.kind !== "addresses") continue;
    assertLessOrEqual(answer.addresses.length, 2);
    const version = asked.type === "A" ? 4 : 6;
    assert(answer.addresses.every((each) => isIP(each) === version), answer.addresses.join());
  }
  assertEquals([...seen.keys()].toSorted(), ["addresses", "failed", "foreign", "truncated"]);
});
