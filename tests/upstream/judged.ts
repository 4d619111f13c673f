/**
 * Judges of answers, fed in every way bytes can be cut.
 *
 * @module
 */
import { assertEquals } from "@std/assert";

/** What is made of all bytes so far. */
export type Judge = (bytes: Uint8Array) => true | string | undefined;

/**
 * Has bytes judged whole and one by one; both must agree.
 *
 * @param make Makes a judge.
 * @param bytes What a server sends.
 * @returns The verdict.
 */
export function judged(make: () => Judge, bytes: Uint8Array): true | string | undefined {
  const whole = make()(bytes);
  const judge = make();
  let verdict: true | string | undefined;
  for (let end = 0; end <= bytes.length && verdict === undefined; end++) {
    // A buffer of its own each time, so that nothing behind it can be seen.
    verdict = judge(bytes.slice(0, end));
  }
  assertEquals(verdict, whole, `one byte at a time: ${bytes}`);
  return whole;
}
