/**
 * Notices that a configuration file has changed.
 *
 * @module
 */

/** How often it is looked at. */
const EVERY_MS = 1_000;

/**
 * Reads a file every now and then. What has changed is told once it reads the same twice, so that half a file is never
 * taken for a whole one. Reading, unlike waiting for events, is right whatever takes the file's place: an editor, another
 * file's name, or the link to another folder by which Kubernetes updates a ConfigMap. A file that can't be read
 * is as good as unchanged.
 *
 * @param file Its path.
 * @param changed Told of every change.
 * @param every How often it is looked at, in milliseconds.
 * @returns What ends it.
 *
 * @example
 * ```ts
 * import { watchConfig } from "./watch_config.ts";
 *
 * using _watch = watchConfig("config.yaml", () => console.log("changed"));
 * ```
 */
export function watchConfig(
  file: string,
  changed: () => void,
  every: number = EVERY_MS,
): Disposable {
  let known: string | undefined;
  let seen: string | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let over = false;

  const look = async (): Promise<void> => {
    const text = await Deno.readTextFile(file).catch(() => undefined);
    if (over) return;
    if (text !== undefined) {
      known ??= text;
      if (text !== known && text === seen) {
        known = text;
        changed();
      }
      seen = text;
    }
    timer = setTimeout(look, every);
  };
  look();
  return {
    [Symbol.dispose](): void {
      over = true;
      clearTimeout(timer);
    },
  };
}
