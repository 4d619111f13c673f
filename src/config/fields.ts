/**
 * The kinds of fields that a configuration is made of, as zod schemas whose issues say what was found and what
 * is accepted.
 *
 * @module
 */
import { z } from "zod";
import { complain, Misread, quote } from "./found.ts";
import type { Parsed, Reader } from "./parsed.ts";
import type { Complaint, Path } from "./problem.ts";
import { suggest } from "./suggest.ts";

/**
 * A schema that accepts one kind of value and makes a `T` of it.
 *
 * @internal
 */
export type Field<T> = z.ZodType<T>;

/**
 * What JSON Schema says of a value that is read by a function. Where it takes schemas, those are schemas of zod.
 *
 * @internal
 */
export type Shape = Readonly<Record<string, unknown>>;

/** Where a schema that is made by hand puts its issues. */
type Context = z.core.$RefinementCtx;

/**
 * Checks a value.
 *
 * @param field The schema.
 * @param found The value.
 * @returns What the schema makes of it, or all that is wrong. Never throws.
 *
 * @example
 * ```ts
 * import { check, flag, mapping } from "./fields.ts";
 *
 * check(mapping({ enabled: flag() }), { enabled: "on" });
 * // { complaints: [{ path: ["enabled"], message: 'found "on", expected true or false', atKey: false }] }
 * ```
 */
export function check<T>(
  field: Field<T>,
  found: unknown,
): { readonly value: T } | { readonly complaints: readonly Complaint[] } {
  const parsed = field.safeParse(found);
  return parsed.success
    ? { value: parsed.data }
    : { complaints: parsed.error.issues.flatMap(toComplaints) };
}

function toComplaints(issue: z.core.$ZodIssue): Complaint[] {
  const { path, message } = issue;
  if (issue.code !== "unrecognized_keys") {
    return [{ path, message, atKey: issue.code === "custom" && issue.params?.atKey === true }];
  }
  const messages = message.split("\n");
  return issue.keys.map((key, i) => ({ path: [...path, key], message: messages[i], atKey: true }));
}

/**
 * A value that is read in one piece.
 *
 * @param read Reads it.
 * @param shape What JSON Schema says of it, for editors: no less than `read` accepts.
 * @returns The schema.
 */
export function leaf<T>(read: Reader<T>, shape: Shape): Field<T> {
  return z.unknown().transform((found, context) => {
    const parsed = read(found);
    if ("value" in parsed) return parsed.value;
    refuse(context, found, complain(found, parsed.accepts));
    return z.NEVER;
  }).meta(shape);
}

/**
 * A {@linkcode leaf} that is a text.
 *
 * @param accepts What is accepted.
 * @param read Reads the text.
 * @param shape What else JSON Schema says of it.
 * @returns The schema.
 */
export function text<T>(
  accepts: string,
  read: (text: string) => Parsed<T>,
  shape?: Shape,
): Field<T> {
  return leaf<T>((found) => typeof found === "string" ? read(found) : { accepts }, {
    type: "string",
    ...shape,
  });
}

/**
 * `true` or `false`; `yes` and `on` are texts since YAML 1.2.
 *
 * @returns The schema.
 */
export function flag(): Field<boolean> {
  return leaf<boolean>(
    (found) => typeof found === "boolean" ? { value: found } : { accepts: "true or false" },
    { type: "boolean" },
  );
}

/**
 * One of a few words.
 *
 * @param words The words.
 * @returns The schema.
 */
export function oneOf<const T extends string>(...words: T[]): Field<T> {
  const accepts = words.map(quote).join(" or ");
  return leaf<T>((found) => {
    const value = words.find((word) => word === found);
    return value === undefined ? { accepts } : { value };
  }, { enum: words });
}

/**
 * A whole number.
 *
 * @param least The smallest.
 * @param most The largest.
 * @returns The schema.
 */
export function whole(least: number, most: number): Field<number> {
  const accepts = `a whole number from ${least} to ${most}`;
  return leaf<number>(
    (found) =>
      typeof found === "number" && Number.isInteger(found) && found >= least && found <= most
        ? { value: found }
        : { accepts },
    { type: "integer", minimum: least, maximum: most },
  );
}

/**
 * A list, which may be empty.
 *
 * @param item The schema of an item.
 * @param items What the items are, for the message.
 * @returns The schema.
 */
export function list<T>(item: Field<T>, items: string): Field<T[]> {
  return z.array(item, { error: ({ input }) => complain(input, `a list of ${items}`) });
}

/**
 * A list of at least one item.
 *
 * @param item The schema of an item.
 * @param items What the items are, for the message.
 * @returns The schema.
 */
export function nonEmpty<T>(item: Field<T>, items: string): Field<T[]> {
  const error = ({ input }: { readonly input?: unknown }): string =>
    complain(input, `a list of ${items}, at least one`);
  return z.array(item, { error }).min(1, { error });
}

/**
 * A mapping with these keys and no others. Zod reports all unknown keys in one `unrecognized_keys` issue; its
 * message has a line for each of them, until {@linkcode check} takes them apart.
 *
 * @param shape The schema of each key.
 * @returns The schema.
 *
 * @internal
 */
export function mapping<T extends z.core.$ZodLooseShape>(shape: T): z.ZodObject<T, z.core.$strict> {
  const keys = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => unknownKey(key, keys)).join("\n")
        : complain(issue.input, `a mapping with ${keys.join(", ")}`),
  });
}

function unknownKey(key: string, keys: readonly string[]): string {
  const meant = suggest(key, keys);
  return meant === undefined
    ? `unknown key ${quote(key)}, expected ${keys.join(", ")}`
    : `unknown key ${quote(key)}, did you mean ${quote(meant)}?`;
}

/**
 * Something that has a short form, and a long one as a mapping.
 *
 * @param short The schema of the short form.
 * @param long The schema of the mapping.
 * @returns The schema.
 */
export function shortOrLong<T>(short: Field<T>, long: Field<T>): Field<T> {
  return z.unknown().transform((found, context) =>
    adopt(isMapping(found) ? long : short, found, [], context) ?? z.NEVER
  ).meta({ anyOf: [short, long] });
}

/**
 * A mapping with keys of the user's choice.
 *
 * @param readKey Reads a key; two keys that come out the same are an issue.
 * @param value The schema of the values.
 * @param accepts What is accepted in place of the mapping.
 * @returns The schema.
 */
export function dictionary<T>(
  readKey: (key: string) => Parsed<string>,
  value: Field<T>,
  accepts: string,
): Field<Map<string, T>> {
  return z.unknown().transform((found, context) => {
    const entries = new Map<string, T>();
    const names = new Set<string>();
    if (!isMapping(found)) {
      refuse(context, found, complain(found, accepts));
      return z.NEVER;
    }
    for (const [key, inner] of Object.entries(found)) {
      const name = readKey(key);
      if ("accepts" in name) {
        refuse(context, found, complain(key, name.accepts), [key], true);
      } else if (names.has(name.value)) {
        const message = `found ${quote(name.value)} again, expected every name once`;
        refuse(context, found, message, [key], true);
      }
      const parsed = adopt(value, inner, [key], context);
      if ("value" in name) {
        names.add(name.value);
        if (parsed !== undefined) entries.set(name.value, parsed);
      }
    }
    return entries;
  }).meta({ type: "object", additionalProperties: value });
}

/** Parses a part of a value that is made by hand, and takes over the issues. */
function adopt<T>(
  field: Field<T>,
  found: unknown,
  at: Path,
  context: Context,
): T | undefined {
  const checked = check(field, found);
  if ("value" in checked) return checked.value;
  for (const { path, message, atKey } of checked.complaints) {
    refuse(context, found, message, [...at, ...path], atKey);
  }
  return undefined;
}

function refuse(
  context: Context,
  input: unknown,
  message: string,
  path: Path = [],
  atKey = false,
): void {
  context.issues.push({ code: "custom", message, input, path: [...path], params: { atKey } });
}

/**
 * Says whether a value of a YAML document is a mapping.
 *
 * @param value The value.
 * @returns Whether it is. Never throws.
 */
export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Misread);
}

/**
 * Takes what should be a mapping for one.
 *
 * @param value The value.
 * @returns It, or an empty mapping if it is something else. Never throws.
 */
export function mappingOf(value: unknown): Readonly<Record<string, unknown>> {
  return isMapping(value) ? value : {};
}

/**
 * Takes what should be a list for one.
 *
 * @param value The value.
 * @returns It, or an empty list if it is something else. Never throws.
 */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
