import { assertEquals } from "@std/assert";
import { watchConfig } from "../src/watch_config.ts";
import { until } from "./e2e/harness.ts";

Deno.test("a file that changes is noticed, however it changes", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sniproxy-" });
  const file = `${folder}/config.yaml`;
  try {
    // As Kubernetes has it: a link to a link to a folder, which is swapped.
    for (const version of ["v1", "v2"]) {
      await Deno.mkdir(`${folder}/${version}`);
      await Deno.writeTextFile(`${folder}/${version}/config.yaml`, version);
    }
    await Deno.symlink("v1", `${folder}/data`);
    await Deno.symlink("data/config.yaml", file);
    let changes = 0;
    using _watch = watchConfig(file, () => changes++, 5);
    const steps: [name: string, change: () => Promise<void>][] = [
      ["a folder takes another's place", async () => {
        await Deno.symlink("v2", `${folder}/next`);
        await Deno.rename(`${folder}/next`, `${folder}/data`);
      }],
      ["a file takes its place", async () => {
        await Deno.writeTextFile(`${folder}/other`, "v3");
        await Deno.rename(`${folder}/other`, file);
      }],
      ["it is written", () => Deno.writeTextFile(file, "v4")],
      ["it goes, and another one comes", async () => {
        await Deno.remove(file);
        await rest(20);
        await Deno.writeTextFile(file, "v5");
      }],
    ];
    await rest(30);
    for (const [index, [name, change]] of steps.entries()) {
      await change();
      await until(name, () => changes === index + 1);
    }
    // What says the same is no change, and neither is a file that is gone.
    await Deno.writeTextFile(file, "v5");
    await rest(30);
    await Deno.remove(file);
    await rest(30);
    assertEquals(changes, steps.length);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Lets it look a few times. */
function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
