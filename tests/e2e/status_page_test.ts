import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { serveEndpoint } from "../../src/observe/endpoint.ts";
import type { StatusData } from "../../src/observe/status.ts";
import { sampleStatus } from "../observe/sample_status.ts";
import { writeAll } from "../relay/sockets.ts";
import { Browser, type Page } from "./chromium.ts";
import { freePorts, Proxy, until } from "./harness.ts";
import { appConfig, connectTo, echo, hello, lastWords, serve } from "./peers.ts";
import { e2eTest } from "./tools.ts";

const DESK = { width: 1280, height: 900, theme: "light" } as const;
const PHONE = { width: 360, height: 740, theme: "dark" } as const;

/** What a client may call itself, to be taken for something else. */
const HOSTILE = [
  "<img src=x onerror=alert(1)>",
  "</script><script>alert(2)</script>",
  "</td></table><iframe src=//evil.test></iframe>",
  '"><svg onload=alert(3)>',
  "javascript:alert(4)",
  "\u202egnp.exe\u202d \u2066\u200f",
  "nul\0 \r\n\x1b[2J \u2028",
  "${alert(5)} {{7*7}} $& $'",
  "\ud800 lone",
  `<b>${"A".repeat(65_536)}</b>`,
];

/** Everything a page may do that this one must not. */
function assertHarmless({ events }: Page, origin: string): void {
  const happened = (method: string): unknown[] =>
    events.filter((each) => each.method === method).map(({ params }) => params);
  for (
    const method of [
      "Page.javascriptDialogOpening",
      "Runtime.exceptionThrown",
      "Audits.issueAdded",
      "Page.windowOpen",
    ]
  ) {
    assertEquals(happened(method), [], method);
  }
  const requests = events.filter(({ method }) => method === "Network.requestWillBeSent")
    .map(({ params }) => (params.request as { url: string }).url)
    .filter((url) => !url.startsWith("data:"));
  assertEquals([...new Set(requests)].toSorted(), [`${origin}/`, `${origin}/status.json`]);
}

async function text(page: Page, selector: string): Promise<string> {
  return String(await page.evaluate(`document.querySelector("${selector}").innerText`));
}

/** The same data with hostile texts wherever there is one from outside. */
function poison(status: StatusData): StatusData {
  let turn = 0;
  const next = (): string => HOSTILE[turn++ % HOSTILE.length];
  return {
    ...status,
    version: next(),
    listeners: status.listeners.map((each) => ({ ...each, name: next() })),
    routes: status.routes.map((route) => ({
      ...route,
      name: `${next()} ${turn}`,
      hosts: HOSTILE,
      backends: route.backends.map((backend) => ({
        ...backend,
        name: next(),
        places: backend.places.map((place) => ({
          ...place,
          ...{ address: next(), reason: next(), failure: next() },
        })),
      })),
    })),
    tls: { ...status.tls, alpn: Object.fromEntries(HOSTILE.map((each) => [each, 1])) },
    unknownNames: HOSTILE.map((name) => ({ name, count: 3, error: 1 })),
    recent: HOSTILE.map((name, i) => ({
      ...status.recent[0],
      ...{ name, id: `${i}`, client: next(), route: next(), backend: next(), detail: next() },
    })),
  };
}

e2eTest("the status page in a browser", ["chromium"], async (t) => {
  await using browser = await Browser.start();

  await t.step("draws what a running proxy does, as it does it, whatever clients say", async () => {
    await using backend = serve(echo);
    await using proxy = await Proxy.start({ config: appConfig(backend.port) });
    const { http, tls, metrics } = proxy.ports;
    const origin = `http://127.0.0.1:${metrics}`;
    const page = await browser.open(`${origin}/`, DESK);
    await page.until("the data", `document.querySelector("#state").innerText === "Ready"`);
    const curve = `document.querySelectorAll("#charts path")[1].getAttribute("d")`;
    const before = await page.evaluate(curve);

    const visit = async (port: number, sends: Uint8Array): Promise<void> => {
      using conn = await connectTo(port);
      await writeAll(conn, sends).catch(() => {});
      await conn.closeWrite().catch(() => {});
      await lastWords(conn);
    };
    for (let i = 0; i < 20; i++) await visit(tls, hello("app.test"));
    const encoder = new TextEncoder();
    for (const name of HOSTILE) {
      await visit(http, encoder.encode(`GET /${name} HTTP/1.1\r\nHost: ${name}\r\n\r\n`));
      // A hello can't be longer than its length says.
      await visit(tls, hello(name.slice(0, 16_000)));
    }
    await visit(tls, hello("lost.test"));
    await page.until(
      "the load",
      `document.querySelector("#routes-table tbody tr td:nth-child(3)").innerText === "20"`,
    );
    await page.until("the curve", `${curve} !== ${JSON.stringify(before)}`);
    await page.until(
      "the name",
      `document.querySelector("#names-table").innerText.includes("lost.test")`,
    );
    assertMatch(await text(page, "#ends-table"), /malformed/);
    assertMatch(await text(page, "#recent-table"), /app\.test/);
    assertEquals(await page.evaluate(`document.images.length + document.scripts.length`), 1);
    assertHarmless(page, origin);

    proxy.signal("SIGTERM");
    await proxy.exit();
    await page.until("the end", `document.querySelector("#state").innerText === "No connection"`);
    assertMatch(await text(page, "#news"), /does not answer/);
    await page.close();
  });

  let status = sampleStatus(Date.UTC(2026, 4, 12, 9, 41, 7));
  const [port] = freePorts(1);
  const origin = `http://127.0.0.1:${port}`;
  const source = {
    metrics: () => Promise.resolve(""),
    contentType: "text/plain",
    ready: () => true,
    status: () => status,
  };
  await using _endpoint = serveEndpoint({ host: "127.0.0.1", port }, source);

  await t.step(
    "can be used by keyboard and screen reader, in both themes and on a phone",
    async () => {
      const page = await browser.open(`${origin}/`, DESK);
      await page.until(
        "the data",
        `document.querySelectorAll("#recent-table tbody tr").length > 0`,
      );
      const nodes = await page.accessible();
      const named = (role: string): string[] =>
        nodes.filter((each) => each.role === role).map(({ name }) => name);
      assertEquals(named("table"), [
        "Routes, with what they carried",
        "Backends, and whether they work",
        "Why connections and requests were not served",
        "Names that were asked for and have no rule",
        "What clients speak, and what TLS clients offer",
        "Where clients come in",
        "The connections and requests that ended last",
      ]);
      for (const role of ["banner", "main", "contentinfo", "status"]) {
        assertEquals(named(role).length, 1, role);
      }
      assertEquals(named("image").length, 6);
      for (const name of named("image")) {
        assertMatch(name, /last five minutes\. .* now, .* at most/);
      }
      assertStringIncludes(named("heading").join(), "Routes");
      assert(
        named("columnheader").every((name) => name !== ""),
      );
      assertStringIncludes(named("rowheader").join(), "shop");

      const back = (): Promise<unknown> =>
        page.evaluate(`getComputedStyle(document.documentElement).backgroundColor`);
      const light = await back();
      await page.look({ ...DESK, theme: "dark" });
      const dark = await back();
      assert(light !== dark);
      // The first stop is the way past the head, the second one the button, which turns it around.
      for (const key of ["Tab", "Tab", "Enter"]) {
        const down = {
          type: "keyDown",
          key,
          code: key,
          windowsVirtualKeyCode: key === "Tab" ? 9 : 13,
        };
        await page.call("Input.dispatchKeyEvent", {
          ...down,
          ...(key === "Enter" && { text: "\r" }),
        });
        await page.call("Input.dispatchKeyEvent", { ...down, type: "keyUp" });
      }
      assertEquals(await page.evaluate(`document.activeElement.id`), "theme");
      assert(
        await page.evaluate(`getComputedStyle(document.activeElement).outlineStyle !== "none"`),
      );
      assertEquals(await back(), light);
      assertHarmless(page, origin);
      await page.close();
    },
  );

  await t.step("takes the worst texts for what they are", async () => {
    status = poison(status);
    for (const view of [PHONE, DESK]) {
      const page = await browser.open(`${origin}/`, view);
      await page.until(
        "the data",
        `document.querySelectorAll("#recent-table tbody tr").length > 0`,
      );
      assertEquals(
        await page.evaluate(
          `document.querySelectorAll("img, iframe, object, embed, a[href^=j]").length`,
        ),
        0,
      );
      assertEquals(await page.evaluate(`document.querySelectorAll("script, svg").length`), 7);
      const names = await text(page, "#names-table");
      assertStringIncludes(names, "<img src=x onerror=alert(1)>");
      assertStringIncludes(names, "\\u{202e}gnp.exe");
      assertStringIncludes(names, "nul\\u{0}");
      assertStringIncludes(names, "${alert(5)} {{7*7}}");
      assertEquals(
        await page.evaluate(`document.documentElement.scrollWidth <= innerWidth`),
        true,
        `${view.width} pixels are enough`,
      );
      assertHarmless(page, origin);
      await page.close();
    }
  });

  await t.step("keeps nobody waiting who can't have a stream", async () => {
    status = sampleStatus(Date.UTC(2026, 4, 12));
    const watching = [];
    for (let i = 0; i < 32; i++) {
      const response = await fetch(`${origin}/status.json`, {
        headers: { accept: "text/event-stream" },
      });
      watching.push(response.body);
    }
    const page = await browser.open(`${origin}/`, DESK);
    await page.until("the data", `document.querySelector("#state").innerText === "Ready"`);
    await Promise.all(watching.map((body) => body?.cancel()));
    await page.close();
    await until("the streams to be free", async () => {
      const response = await fetch(`${origin}/status.json`, {
        headers: { accept: "text/event-stream" },
      });
      await response.body?.cancel();
      return response.status === 200;
    });
  });
});
