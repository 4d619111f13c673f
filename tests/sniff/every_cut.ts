/**
 * Sniffers, fed in every way bytes can be cut.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { Sniffer, SniffResult } from "../../src/sniff/sniffed.ts";

/** Cuts the bytes at these places and says what the sniffer made of them, and after how many bytes. */
function feed(
  make: () => Sniffer,
  bytes: Uint8Array,
  cuts: readonly number[],
): { result: SniffResult; after: number } {
  const sniffer = make();
  for (const end of [...cuts, bytes.length]) {
    // A buffer of its own each time, as when it had to grow.
    const result = sniffer.sniff(bytes.slice(0, end));
    if (result !== undefined) return { result, after: end };
  }
  return { result: undefined, after: bytes.length };
}

/**
 * Feeds bytes whole, in two parts cut at every place, and one by one; all must agree.
 *
 * @param make Makes a sniffer.
 * @param bytes What a client sends.
 * @param what Names the case.
 * @returns What it was, and the least number of bytes after which that is known.
 */
export function everyCut(
  make: () => Sniffer,
  bytes: Uint8Array,
  what = "",
): { result: SniffResult; after: number } {
  const whole = feed(make, bytes, []);
  const single = feed(make, bytes, Array.from(bytes, (_, i) => i + 1));
  assertEquals(single.result, whole.result, `${what}: one byte at a time`);
  for (let cut = 1; cut < bytes.length; cut++) {
    const { result, after } = feed(make, bytes, [cut]);
    assertEquals(result, whole.result, `${what}: cut at ${cut}`);
    assertEquals(after, cut < single.after ? bytes.length : cut, `${what}: cut at ${cut}`);
  }
  return single;
}

/**
 * Feeds bytes in random parts; the verdict must be that of the whole.
 *
 * @param make Makes a sniffer.
 * @param bytes What a client sends.
 * @param next Random numbers.
 * @returns The verdict.
 */
export function randomCuts(
  make: () => Sniffer,
  bytes: Uint8Array,
  next: (below: number) => number,
): SniffResult {
  const cuts: number[] = [];
  for (let at = next(8) + 1; at < bytes.length; at += next(40) + 1) cuts.push(at);
  const whole = feed(make, bytes, []);
  const cut = feed(make, bytes, cuts);
  assertEquals(cut.result, whole.result);
  return whole.result;
}

/**
 * Changes bytes at random: flips, inserts, deletes, repeats, cuts off.
 *
 * @param bytes The bytes.
 * @param next Random numbers.
 * @returns Others.
 */
export function mutated(bytes: Uint8Array, next: (below: number) => number): Uint8Array {
  const list = [...bytes];
  for (let count = next(4) + 1; count > 0; count--) {
    const at = next(list.length + 1);
    switch (next(5)) {
      case 0:
        list[Math.min(at, list.length - 1)] ^= 1 << next(8);
        break;
      case 1:
        list.splice(at, 0, ODD[next(ODD.length)]);
        break;
      case 2:
        list.splice(at, next(4));
        break;
      case 3:
        list.splice(at, 0, ...list.slice(at, at + next(30)));
        break;
      default:
        list.length = Math.max(1, Math.min(list.length, at));
    }
  }
  return new Uint8Array(list);
}

/** Bytes that mean something somewhere. */
const ODD = [0, 9, 10, 13, 32, 44, 58, 64, 91, 93, 127, 128, 255];
