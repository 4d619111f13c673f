/**
 * Bytes that go out in one write.
 *
 * @module
 */

/**
 * Makes one of two pieces. If one lies behind the other already, nothing is copied.
 *
 * @param a The first one.
 * @param b The second one.
 * @returns A view or a copy.
 */
export function join(
  a: Uint8Array<ArrayBuffer>,
  b: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  if (b.length === 0) return a;
  if (a.buffer === b.buffer && a.byteOffset + a.length === b.byteOffset) {
    return new Uint8Array(a.buffer, a.byteOffset, a.length + b.length);
  }
  const result = new Uint8Array(a.length + b.length);
  result.set(a);
  result.set(b, a.length);
  return result;
}
