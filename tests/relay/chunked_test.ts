import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ChunkedScanner } from "../../src/relay/chunked.ts";
import { mutated } from "../sniff/every_cut.ts";
import { latin1 } from "../sniff/hex.ts";
import { generator } from "../sniff/random.ts";

/** Where a body ends, what is wrong with it, or that more is needed. */
type Verdict = number | string | undefined;

/** Scans bytes that come in pieces. */
function scan(bytes: Uint8Array, cuts: readonly number[] = []): Verdict {
  const scanner = new ChunkedScanner();
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    const end = scanner.scan(bytes, from, to);
    if (scanner.error !== undefined) {
      assertEquals(end, from, "nothing of a bad piece may be passed on");
      return scanner.error;
    }
    if (scanner.done) return end;
    assertEquals(end, to, "all of it belongs to the body");
    from = to;
  }
  return undefined;
}

/** Scans bytes whole, cut at each place, and one by one; all must agree. */
function everyCut(bytes: Uint8Array): Verdict {
  const verdict = scan(bytes);
  assertEquals(scan(bytes, Array.from(bytes, (_, i) => i)), verdict, "one byte at a time");
  for (let cut = 1; cut < bytes.length; cut++) {
    assertEquals(scan(bytes, [cut]), verdict, `cut at ${cut}`);
  }
  return verdict;
}

const GOOD: readonly string[] = [
  "0\r\n\r\n",
  "000\r\n\r\n",
  "000000000000\r\n\r\n",
  "5\r\nhello\r\n0\r\n\r\n",
  "05\r\nhello\r\n0\r\n\r\n",
  "000000000005\r\nhello\r\n0\r\n\r\n",
  "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n",
  "1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n",
  "4\r\n\r\n\r\n\r\n0\r\n\r\n",
  "5;\r\nhello\r\n0;\r\n\r\n",
  '5;a=b;c="d e";f\r\nhello\r\n0;x\r\n\r\n',
  "5;\t \x80\xff\r\nhello\r\n0\r\n\r\n",
  `5;${"x".repeat(1023)}\r\nhello\r\n0\r\n\r\n`,
  "0\r\nX: y\r\n\r\n",
  "0\r\nX:\r\nx-sum: \t \xff\r\n\r\n",
  "0\r\n!#$%&'*+-.^_`|~09azAZ:::\r\n\r\n",
];

Deno.test("a body ends where it ends, however it is cut", () => {
  for (const body of GOOD) {
    assertEquals(everyCut(latin1(body)), body.length, body);
    assertEquals(everyCut(latin1(`${body}GET / HTTP/1.1\r\n\r\n`)), body.length, body);
    assertEquals(everyCut(latin1(body.slice(0, -1))), undefined, body);
  }
});

/** What is refused, with the last byte that it takes to be sure. */
const BAD: readonly (readonly [sent: string, error: string])[] = [
  ["g", "size is not a number"],
  [" ", "size is not a number"],
  ["\r", "size is not a number"],
  ["\n", "size is not a number"],
  [";", "size is not a number"],
  ["-", "size is not a number"],
  ["+", "size is not a number"],
  ["\x80", "size is not a number"],
  ["0x", "size is not a number"],
  ["5 ", "size is not a number"],
  ["5\t", "size is not a number"],
  ["5_", "size is not a number"],
  ["5.", "size is not a number"],
  ["5\n", "size is not a number"],
  ["5:", "size is not a number"],
  ["5@", "size is not a number"],
  ["5G", "size is not a number"],
  ["5`", "size is not a number"],
  ["1000000000000", "size too large"],
  ["0000000000000", "size too large"],
  ["5\rh", "bare CR after a chunk size"],
  ["5\r\r", "bare CR after a chunk size"],
  ["5;\rh", "bare CR after a chunk size"],
  ["5;\n", "control character in a chunk extension"],
  ["5;a\0", "control character in a chunk extension"],
  ["5;a\x7f", "control character in a chunk extension"],
  [`5;${"x".repeat(1025)}`, "extensions too long"],
  ["5\r\nhello0", "data longer"],
  ["5\r\nhello\n", "data longer"],
  ["6\r\nhello\r\n", "data longer"],
  ["5\r\nhello\r0", "bare CR after chunk data"],
  ["5\r\nhello\r\n\r", "size is not a number"],
  ["0\r\n\n", "bad trailer field name"],
  ["0\r\n:", "bad trailer field name"],
  ["0\r\n ", "bad trailer field name"],
  ["0\r\n\x80", "bad trailer field name"],
  ["0\r\n\rG", "bare CR after the trailers"],
  ["0\r\nX ", "bad trailer field name"],
  ["0\r\nX\r", "bad trailer field name"],
  ["0\r\nX(", "bad trailer field name"],
  ["0\r\nX: y\n", "control character in a trailer"],
  ["0\r\nX: y\0", "control character in a trailer"],
  ["0\r\nX: y\rz", "bare CR in a trailer"],
  ["0\r\nX: y\r\n ", "bad trailer field name"],
  ["0\r\nX: y\r\n\rz", "bare CR after the trailers"],
];

Deno.test("a byte that the grammar does not allow is an error at once, however the body is cut", () => {
  for (const [sent, error] of BAD) {
    const bytes = latin1(sent);
    assertStringIncludes(String(everyCut(bytes)), error, sent);
    assertEquals(scan(bytes.subarray(0, -1)), undefined, sent);
  }
});

Deno.test("trailers are bounded, and a chunk is not", () => {
  const most = 64 * 1024;
  const trailers = (length: number): Uint8Array =>
    latin1(`0\r\nX:${"y".repeat(length - "X:\r\n\r\n".length)}\r\n\r\n`);
  assertEquals(scan(trailers(most)), most + 3);
  assertStringIncludes(String(scan(trailers(most + 1))), "trailers too long");

  const scanner = new ChunkedScanner();
  scanner.scan(latin1("ffffffffffff\r\n"), 0, 14);
  const large = new Uint8Array(1024 * 1024);
  for (let i = 0; i < 100; i++) assertEquals(scanner.scan(large, 0, large.length), large.length);
  assertEquals([scanner.error, scanner.done], [undefined, false]);
});

/** A second opinion: the grammar of RFC 9112, 7.1, with the limits that are kept here. */
function endOf(body: string): number | undefined {
  const line = /([0-9a-f]{1,12})(?:;[\t -~\x80-\xff]{0,1023})?\r\n/iy;
  for (;;) {
    const size = line.exec(body)?.[1];
    if (size === undefined) return undefined;
    if (Number(`0x${size}`) === 0) break;
    const end = line.lastIndex + Number(`0x${size}`);
    if (body.slice(end, end + 2) !== "\r\n") return undefined;
    line.lastIndex = end + 2;
  }
  const trailers = /(?:[!#$%&'*+\-.^_`|~0-9a-z]+:[\t -~\x80-\xff]*\r\n)*\r\n/iy;
  trailers.lastIndex = line.lastIndex;
  return trailers.test(body) ? trailers.lastIndex : undefined;
}

Deno.test("of 20,000 bodies gone wrong each is read as the grammar says, however it is cut", () => {
  const next = generator(1);
  let good = 0;
  for (let i = 0; i < 20_000; i++) {
    const bytes = mutated(latin1(`${GOOD[i % GOOD.length]}0\r\n\r\n`), next);
    const verdict = scan(bytes);
    const cuts: number[] = [];
    for (let at = next(8); at < bytes.length; at += next(20) + 1) cuts.push(at);
    assertEquals(scan(bytes, cuts), verdict);
    const body = String.fromCharCode(...bytes);
    assertEquals(typeof verdict === "number" ? verdict : undefined, endOf(body), body);
    if (typeof verdict === "number") good++;
  }
  assert(good > 1000 && good < 19_000, `${good} were good`);
});
