/**
 * What `config.yaml` may say, as JSON Schema (draft 2020-12): for editors and for the reference.
 *
 * @module
 */
import { z } from "zod";
import { document } from "./schema.ts";

/** A schema, with the keywords that occur here. */
export interface JsonSchema {
  /** Which draft it is written in; only on the outermost. */
  readonly $schema?: string;
  /** What the document is called, or a kind of value that occurs often. */
  readonly title?: string;
  /** What the value means. */
  readonly description?: string;
  /** Whether it is accepted and does nothing. */
  readonly deprecated?: boolean;
  /** One kind, or several. */
  readonly type?: string | readonly string[];
  /** All that is accepted. */
  readonly enum?: readonly unknown[];
  /** What holds if nothing is said. */
  readonly default?: unknown;
  /** Values that are accepted. */
  readonly examples?: readonly unknown[];
  /** One of these has to accept it. */
  readonly anyOf?: readonly JsonSchema[];
  /** Of a list. */
  readonly items?: JsonSchema;
  /** Of a mapping, in the order of the program. */
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  /** Keys that have to be there. */
  readonly required?: readonly string[];
  /** Other keys: none, or any with such values. */
  readonly additionalProperties?: false | JsonSchema;
  /** Of a text. */
  readonly pattern?: string;
  /** What editors say of a text that does not match; others don't know this keyword and pass it over. */
  readonly patternErrorMessage?: string;
  /** Of a text, in characters. */
  readonly minLength?: number;
  /** Of a text, in characters. */
  readonly maxLength?: number;
  /** Of a number. */
  readonly minimum?: number;
  /** Of a number. */
  readonly exclusiveMinimum?: number;
  /** Of a number. */
  readonly maximum?: number;
  /** Of a list. */
  readonly minItems?: number;
}

/**
 * Describes the file. Everything that the program accepts is accepted, but not the other way around: values that
 * have to go together, and a name that is none, only the program refuses.
 *
 * @returns The schema, made of plain values.
 *
 * @example
 * ```ts
 * import { configSchema } from "./json_schema.ts";
 *
 * configSchema().properties?.shutdown_timeout.default; // 30
 * ```
 */
export function configSchema(): JsonSchema {
  // Zod knows of many more keywords than occur here.
  const plain: JsonSchema = JSON.parse(JSON.stringify(convert(document)));
  const { $schema, ...schema } = arrange(plain);
  return { $schema, title: "Configuration of SNIProxy", ...schema };
}

function convert(field: z.core.$ZodType): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(field, {
    io: "input",
    override: ({ zodSchema, jsonSchema }) => {
      // Zod takes these for what comes out of a transform, but here they are written as in a file.
      const examples = z.globalRegistry.get(zodSchema)?.examples;
      if (Array.isArray(examples)) jsonSchema.examples = examples;
      const { def } = zodSchema._zod;
      if (isPreset(def)) jsonSchema.default = def.defaultValue;
      // Fields that are made by hand name their parts.
      if (jsonSchema.anyOf !== undefined) jsonSchema.anyOf = jsonSchema.anyOf.map(part);
      const { additionalProperties: others } = jsonSchema;
      if (typeof others === "object") jsonSchema.additionalProperties = part(others);
    },
  });
}

function isPreset(def: z.core.$ZodTypeDef): def is z.core.$ZodDefaultDef {
  return def.type === "default" || def.type === "prefault";
}

function part(schema: z.core.JSONSchema.JSONSchema): z.core.JSONSchema.JSONSchema {
  if (!(schema instanceof z.ZodType)) return schema;
  const { $schema: _, ...converted } = convert(schema);
  return converted;
}

/** Puts what people look for first, and lets keys that may be absent be empty: YAML reads that as null. */
function arrange(schema: JsonSchema): JsonSchema {
  const { $schema, description, deprecated, type, default: preset, ...others } = schema;
  const { anyOf, items, additionalProperties, required, properties, ...rest } = others;
  const isEmpty = preset === undefined || JSON.stringify(preset) === "{}";
  return {
    ...($schema && { $schema }),
    ...(description && { description }),
    ...(deprecated && { deprecated }),
    ...(type && { type }),
    ...(!isEmpty && { default: preset }),
    ...rest,
    ...(anyOf && { anyOf: anyOf.map(arrange) }),
    ...(items && { items: arrange(items) }),
    ...(additionalProperties !== undefined && {
      additionalProperties: additionalProperties && arrange(additionalProperties),
    }),
    ...(required && { required }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, value]) => {
          const inner = arrange(value);
          return [key, required?.includes(key) ? inner : orNothing(inner)];
        }),
      ),
    }),
  };
}

function orNothing(
  { description, deprecated, type, enum: words, anyOf, ...others }: JsonSchema,
): JsonSchema {
  return {
    ...(description && { description }),
    ...(deprecated && { deprecated }),
    ...(type && { type: [type, "null"].flat() }),
    ...(words && { enum: [...words, null] }),
    ...(anyOf && { anyOf: [...anyOf, { type: "null" }] }),
    ...others,
  };
}
