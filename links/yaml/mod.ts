/**
 * The part of `jsr:@std/yaml` that this project uses, from the same sources published to npm.
 *
 * @module
 */
import * as std from "deno-std/yaml/parse.js";

/**
 * Parses one YAML document.
 *
 * @param content The document.
 * @returns Its value; `null` for an empty document.
 * @throws {SyntaxError} If it is not YAML, or more than one document.
 */
export const parse: (content: string) => unknown = std.parse;
