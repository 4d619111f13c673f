/**
 * Takes the pictures of the status page that stand in the docs: `deno task screenshots`. They go to
 * docs/images, or to the folder given as an argument. Needs chromium.
 *
 * @module
 */
import { serveEndpoint } from "../src/observe/endpoint.ts";
import { Browser } from "./e2e/chromium.ts";
import { freePorts } from "./e2e/harness.ts";
import { sampleStatus } from "./observe/sample_status.ts";

/** A working day in Greenwich, so that only changes of the page change the pictures. */
const AT = Date.UTC(2026, 4, 12, 9, 41, 7);

const folder = Deno.args[0] ?? new URL("../docs/images", import.meta.url).pathname;
await Deno.mkdir(folder, { recursive: true });
const [port] = freePorts(1);
let at = AT;
await using _endpoint = serveEndpoint({ host: "127.0.0.1", port }, {
  metrics: () => Promise.resolve(""),
  contentType: "text/plain",
  ready: () => true,
  // Rates are what has changed since the last time.
  status: () => {
    const status = sampleStatus(AT);
    const share = (at - AT) / 2_000;
    at += 2_000;
    return {
      ...status,
      at,
      routes: status.routes.map((each) => ({
        ...each,
        ended: each.ended + Math.round(share * each.ended / 50_000),
      })),
      listeners: status.listeners.map((each) => ({
        ...each,
        accepted: each.accepted + Math.round(share * each.accepted / 50_000),
      })),
    };
  },
});
await using browser = await Browser.start();
const wide = { width: 1200, height: 1340 };
for (
  const [name, view, whole] of [
    ["status-light", { ...wide, theme: "light" }, false],
    ["status-dark", { ...wide, theme: "dark" }, false],
    ...(Deno.args.length === 0 ? [] : [
      ["whole-light", { ...wide, theme: "light" }, true],
      ["phone-dark", { width: 360, height: 780, theme: "dark" }, true],
      ["phone-light", { width: 360, height: 780, theme: "light" }, true],
      ["tablet-dark", { width: 820, height: 1180, theme: "dark" }, true],
    ] as const),
  ] as const
) {
  at = AT;
  const page = await browser.open(`http://127.0.0.1:${port}/`, view);
  await page.call("Emulation.setTimezoneOverride", { timezoneId: "UTC" });
  await page.until(
    "a rate",
    `document.querySelector("#listeners-table td")?.innerText !== "0" &&
    document.querySelector("#listeners-table td") !== null`,
  );
  const picture = await page.picture(whole);
  await Deno.writeFile(`${folder}/${name}.png`, picture);
  console.log(`${folder}/${name}.png: ${Math.ceil(picture.length / 1000)} kB`);
  await page.close();
}
