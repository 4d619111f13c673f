/**
 * Documents that do not load.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseConfig } from "../../src/config/load.ts";

/** Makes a document that lacks nothing; what follows stands on line 2. */
export const L = 'listen_addrs: [":443"]\n';

/** Line, column, path and a piece of the message. */
export type Expected = readonly [number, number, string, string];

/**
 * Asserts that a document does not load.
 *
 * @param text The document.
 * @param expected Everything that is to be said about it, in this order.
 */
export function assertProblems(text: string, expected: readonly Expected[]): void {
  const loaded = parseConfig(text);
  assert(!loaded.ok, text);
  const found = loaded.problems.map(({ line, column, path }) => [line, column, path]);
  assertEquals(found, expected.map(([line, column, path]) => [line, column, path]));
  for (const [i, { message }] of loaded.problems.entries()) {
    assertStringIncludes(message, expected[i][3]);
  }
}
