import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { statusPage } from "../../src/observe/status_page.ts";

function inside(body: string, tag: string): string[] {
  const found = body.matchAll(new RegExp(`<${tag}(?: [^>]*)?>([^]*?)</${tag}>`, "g"));
  return found.map(([, text]) => text).toArray();
}

Deno.test("the policy names the one script and the one style there are, and allows nothing else", async () => {
  const { body, headers } = await statusPage();
  const policy = headers["content-security-policy"];
  for (const [tag, directive] of [["script", "script-src"], ["style", "style-src"]]) {
    const texts = inside(body, tag);
    assertEquals(texts.length, 1, tag);
    const hash = createHash("sha256").update(texts[0]).digest("base64");
    assertStringIncludes(`${policy};`, `${directive} 'sha256-${hash}';`);
  }
  for (const directive of ["default-src", "base-uri", "form-action", "frame-ancestors"]) {
    assertStringIncludes(`${policy};`, `${directive} 'none';`);
  }
  assert(!policy.includes("unsafe"), policy);
});

Deno.test("the page needs nothing from elsewhere, and its modules have become one script", async () => {
  const { body } = await statusPage();
  const [script] = inside(body, "script");
  assert(!/^\s*(import|export)\b/m.test(script));
  assert(!/innerHTML|outerHTML|insertAdjacent|document\.write|eval\(/.test(script));
  // Names of XML languages, which nobody fetches.
  const addresses = body.match(/https?:\/\/[^"'\s)]+/g) ?? [];
  assertEquals(addresses.filter((each) => !each.startsWith("http://www.w3.org/2000/svg")), []);
  const kept = body.matchAll(/(?:src|href)="([^"]*)"/g).map(([, url]) => url);
  assert(kept.every((url) => /^(?:\/|#|data:)/.test(url)));
  assertStringIncludes(inside(body, "noscript")[0], "JavaScript");
});
