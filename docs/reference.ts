/**
 * The configuration reference, as Markdown.
 *
 * @module
 */
import type { JsonSchema } from "../src/config/json_schema.ts";

const INTRODUCTION = `# Configuration

Everything that \`config.yaml\` may say. \`deno task schema\` makes this page, and
[config.schema.json](config.schema.json) for editors, from the schema that the program itself checks files with.

An editor with a YAML language server completes and checks a file that begins with this line; the path is
relative to the file:

\`\`\`yaml
# yaml-language-server: $schema=docs/config.schema.json
\`\`\`

It knows of each value by itself. What has to go together, such as the listeners that a route names, only
\`deno task start check\` knows.

Every key but \`listen_addrs\` may be left out, or left empty. A duration is seconds (\`10\`, \`0.5\`) or a text
(\`500ms\`, \`10s\`, \`5m\`, \`1h\`) of up to 365 days. A \`host:port\` has an IPv6 address in brackets.
Unknown keys are errors.
`;

/** A mapping in the file, and where it stands. */
interface Section {
  readonly path: string;
  readonly schema: JsonSchema;
  readonly mapping: JsonSchema;
}

/**
 * Writes the reference.
 *
 * @param schema What the file may say.
 * @returns The page, formatted as `deno fmt` would.
 *
 * @example
 * ```ts ignore
 * await Deno.writeTextFile("docs/configuration.md", reference(configSchema()));
 * ```
 */
export function reference(schema: JsonSchema): string {
  const sections = sectionsOf("", schema);
  const ignored = Object.entries(schema.properties ?? {}).filter(([, { deprecated }]) =>
    deprecated
  );
  return [
    INTRODUCTION,
    ...sections.map((section) => write(section, sections)),
    "## Keys of SNIProxy-rs\n\nThey load with a warning.\n",
    table(["key", ""], ignored.map(([key, { description = "" }]) => [`\`${key}\``, description])),
  ].join("\n");
}

/** All mappings with keys of their own, from the outside in. One that occurs twice is told of once. */
function sectionsOf(path: string, schema: JsonSchema, seen = new Set<string>()): Section[] {
  const mapping = mappingIn(schema);
  if (mapping === undefined) return schema.items ? sectionsOf(`${path}[]`, schema.items, seen) : [];
  const same = JSON.stringify(mapping);
  if (seen.has(same)) return [];
  seen.add(same);
  const inner = Object.entries(mapping.properties ?? {})
    .flatMap(([key, value]) => sectionsOf(path === "" ? key : `${path}.${key}`, value, seen));
  return [{ path, schema, mapping }, ...inner];
}

function mappingIn(schema: JsonSchema): JsonSchema | undefined {
  if (schema.properties !== undefined) return schema;
  return schema.anyOf?.find(({ properties }) => properties !== undefined);
}

function write({ path, schema, mapping }: Section, sections: readonly Section[]): string {
  const keys = Object.entries(mapping.properties ?? {}).filter(([, { deprecated }]) => !deprecated);
  const rows = keys.map(([key, value]) => [
    `\`${key}\``,
    typeOf(value, sections),
    mapping.required?.includes(key) ? "required" : code(value.default),
    [value.description ?? "", exampleOf(value)].filter((text) => text !== "").join(" "),
  ]);
  return [
    path === "" ? "## The whole file" : `## \`${path}\``,
    "",
    ...(schema.description === undefined ? [] : [schema.description, ""]),
    table(["key", "value", "default", "meaning"], rows),
  ].join("\n");
}

function typeOf(schema: JsonSchema, sections: readonly Section[]): string {
  const mapping = mappingIn(schema);
  const others = schema.anyOf?.filter((each) => each !== mapping && each.type !== "null") ?? [];
  const kinds = others.map((each) => typeOf(each, sections));
  if (mapping !== undefined) {
    const same = JSON.stringify(mapping);
    const found = sections.find((section) => JSON.stringify(section.mapping) === same);
    const anchor = found?.path.toLowerCase().replace(/[^\w-]/g, "");
    kinds.push(`[mapping](#${anchor})`);
  }
  if (kinds.length > 0) return kinds.join(" or ");
  const { title, enum: words, minimum, exclusiveMinimum, maximum, items } = schema;
  if (title !== undefined) return title;
  if (words !== undefined) {
    return words.filter((word) => word !== null).map((word) => code(word)).join(", ");
  }
  if (items !== undefined) return `list of ${typeOf(items, sections)}`;
  const types = [schema.type ?? []].flat().filter((type) => type !== "null");
  const range = minimum === undefined ? `up to ${maximum}` : `${minimum} to ${maximum}`;
  if (exclusiveMinimum !== undefined) return `number, more than ${exclusiveMinimum}, ${range}`;
  const names: Record<string, string> = {
    boolean: "`true`, `false`",
    integer: `whole number, ${range}`,
    number: `number, ${range}`,
    object: "mapping",
    string: "text",
  };
  return types.map((type) => names[type]).join(" or ");
}

function exampleOf({ title, examples = [] }: JsonSchema): string {
  return title !== undefined || examples.length === 0 ? "" : `Such as ${code(examples[0])}.`;
}

/** A value as code, the way YAML writes it on one line; nothing for no value. */
function code(value: unknown): string {
  return value === undefined ? "" : `\`${flow(value)}\``;
}

function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([key, inner]) => `${word(key)}: ${flow(inner)}`);
    return `{ ${entries.join(", ")} }`;
  }
  return typeof value === "string" ? word(value) : JSON.stringify(value);
}

function word(text: string): string {
  return /^[A-Za-z_]\w*$/.test(text) ? text : JSON.stringify(text);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = head.map((_, i) => Math.max(3, ...all.map((row) => row[i].length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(" | ")} |`;
  const [first, ...others] = all;
  return [line(first), line(widths.map((width) => "-".repeat(width))), ...others.map(line), ""]
    .join("\n");
}
