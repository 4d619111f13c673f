/**
 * Writes the files in this folder that are made from the configuration schema: `deno task schema`.
 *
 * @module
 */
import { configSchema } from "../src/config/json_schema.ts";
import { reference } from "./reference.ts";

/**
 * Makes the files.
 *
 * @returns Their names in this folder, and their content.
 */
export function generate(): Map<string, string> {
  const schema = configSchema();
  return new Map([
    ["config.schema.json", JSON.stringify(schema, null, 2) + "\n"],
    ["configuration.md", reference(schema)],
  ]);
}

if (import.meta.main) {
  for (const [name, content] of generate()) {
    await Deno.writeTextFile(new URL(name, import.meta.url), content);
  }
}
