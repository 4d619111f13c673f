/**
 * The part of `jsr:@std/assert` that this project uses, from the same sources published to npm.
 *
 * @module
 */
import { assert as stdAssert } from "deno-std/assert/assert.js";
import { assertEquals as stdAssertEquals } from "deno-std/assert/equals.js";
import { assertGreaterOrEqual as stdAssertGreaterOrEqual } from "deno-std/assert/greater_or_equal.js";
import { assertLessOrEqual as stdAssertLessOrEqual } from "deno-std/assert/less_or_equal.js";
import { assertMatch as stdAssertMatch } from "deno-std/assert/match.js";
import { assertRejects as stdAssertRejects } from "deno-std/assert/rejects.js";
import { assertStringIncludes as stdAssertStringIncludes } from "deno-std/assert/string_includes.js";
import { assertThrows as stdAssertThrows } from "deno-std/assert/throws.js";
import { fail as stdFail } from "deno-std/assert/fail.js";

// deno-lint-ignore no-explicit-any -- a constructor of any error class, as in std
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

/** Fails unless `expr` is truthy. */
export function assert(expr: unknown, msg?: string): asserts expr {
  stdAssert(expr, msg);
}

/** Fails unless both are deeply equal. */
export const assertEquals: <T>(actual: T, expected: T, msg?: string) => void = stdAssertEquals;

/** Fails unless `actual >= expected`. */
export const assertGreaterOrEqual: <T>(actual: T, expected: T, msg?: string) => void =
  stdAssertGreaterOrEqual;

/** Fails unless `actual <= expected`. */
export const assertLessOrEqual: <T>(actual: T, expected: T, msg?: string) => void =
  stdAssertLessOrEqual;

/** Fails unless `actual` matches `expected`. */
export const assertMatch: (actual: string, expected: RegExp, msg?: string) => void = stdAssertMatch;

/** Fails unless `actual` contains `expected`. */
export const assertStringIncludes: (actual: string, expected: string, msg?: string) => void =
  stdAssertStringIncludes;

/** Fails unless `fn` throws an `ErrorClass` with `msgIncludes` in its message. */
export const assertThrows: <E extends Error = Error>(
  fn: () => unknown,
  errorClass: ErrorClass<E>,
  msgIncludes?: string,
) => E = stdAssertThrows;

/** Fails unless `fn` rejects with an `ErrorClass` with `msgIncludes` in its message. */
export const assertRejects: <E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClass: ErrorClass<E>,
  msgIncludes?: string,
) => Promise<E> = stdAssertRejects;

/** Fails. */
export function fail(msg?: string): never {
  stdFail(msg);
  throw new Error(msg);
}
