/**
 * How old the program is.
 *
 * @module
 */

/**
 * Says when the compiled executable was written.
 *
 * @returns Milliseconds since 1970; `undefined` if the program runs from source, or may not look. Never asks for a
 *   permission, never throws.
 */
export function builtAt(): number | undefined {
  if (!Deno.build.standalone) return undefined;
  if (Deno.permissions.querySync({ name: "read" }).state !== "granted") return undefined;
  try {
    return Deno.statSync(Deno.execPath()).mtime?.getTime();
  } catch {
    return undefined;
  }
}
