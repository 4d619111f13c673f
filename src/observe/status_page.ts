/**
 * The status page: one document with its style and its script inside, and a policy that lets nothing else in.
 *
 * @module
 */
import html from "./page/status.html" with { type: "text" };
import style from "./page/status.css" with { type: "text" };
import { script } from "./page/script.ts";

/** The page, and what has to be said with it. */
export interface StatusPage {
  /** The document. */
  readonly body: string;
  /** Headers of the answer. */
  readonly headers: Readonly<Record<string, string>>;
}

let page: Promise<StatusPage> | undefined;

/**
 * The page: it holds no data, and gets it from `/status.json`.
 *
 * @returns The same one each time.
 */
export function statusPage(): Promise<StatusPage> {
  return page ??= makePage();
}

async function makePage(): Promise<StatusPage> {
  // As functions, for a replacement text would have its dollars read.
  const body = html
    .replace("<style></style>", () => `<style>${style}</style>`)
    .replace("></script>", () => `>${script}</script>`);
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${await sha256(script)}'`,
    `style-src 'sha256-${await sha256(style)}'`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ];
  return {
    body,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy.join("; "),
    },
  };
}

/** CSP Level 3, 2.3.1. */
async function sha256(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(hash)));
}
