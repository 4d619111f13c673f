/**
 * What methods and field names are made of.
 *
 * @module
 */

/** 1 for each byte that may be in a token: RFC 9110, 5.6.2. */
export const TOKEN: Uint8Array = tokenBytes();

function tokenBytes(): Uint8Array {
  const marks = "!#$%&'*+-.^_`|~";
  const alphanumeric = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const bytes = new Uint8Array(256);
  for (const char of marks + alphanumeric) bytes[char.charCodeAt(0)] = 1;
  return bytes;
}
