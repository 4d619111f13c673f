import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Asked, refusalBytes } from "../../src/relay/refusals.ts";
import { type Reason, REASONS } from "../../src/route/refusal.ts";

const reasons = Object.keys(REASONS) as Reason[];

/** The contract's table: TLS alert (0 closes without a word), HTTP status. */
const TABLE: Record<Reason, [alert: number, status: number]> = {
  no_name: [112, 421],
  no_route: [112, 421],
  not_allowed: [112, 403],
  rejected: [112, 403],
  denied_network: [112, 403],
  malformed: [50, 400],
  too_slow: [0, 408],
  unknown_protocol: [0, 400],
  rate_limit: [0, 429],
  connection_limit: [0, 503],
  no_healthy_backend: [80, 503],
  backend_unresolved: [80, 502],
  backend_refused: [80, 502],
  backend_unreachable: [80, 502],
  backend_timeout: [80, 504],
  backend_closed: [80, 502],
  backend_malformed: [80, 502],
};

Deno.test("a TLS client gets one fatal alert, byte for byte", () => {
  for (const reason of reasons) {
    const alert = TABLE[reason][0];
    const expected = alert === 0 ? [] : [21, 3, 1, 0, 2, 2, alert];
    assertEquals([...refusalBytes(reason, { protocol: "tls" })], expected, reason);
  }
});

Deno.test("an HTTP client gets a complete answer that ends the connection", () => {
  for (const reason of reasons) {
    const text = new TextDecoder().decode(refusalBytes(reason, { protocol: "http" }));
    const [head, body] = text.split("\r\n\r\n");
    assertMatch(head, new RegExp(`^HTTP/1\\.1 ${TABLE[reason][1]} [A-Z][A-Za-z -]+\r\n`));
    assertMatch(head, /\r\nConnection: close$/);
    assertEquals(Number(head.match(/\r\nContent-Length: (\d+)/)?.[1]), body.length);
    assertEquals(/\r\nRetry-After: 1\r\n/.test(head), [429, 503].includes(TABLE[reason][1]));
  }
});

Deno.test("a status more exact than the reason's own wins, and HEAD gets no body", () => {
  const cases: [Asked, string, boolean][] = [
    [{ protocol: "http", status: 431 }, "431 Request Header Fields Too Large", true],
    [{ protocol: "http", status: 405 }, "405 Method Not Allowed", true],
    [{ protocol: "http", status: 501 }, "501 Not Implemented", true],
    [{ protocol: "http", status: 505 }, "505 HTTP Version Not Supported", true],
    [{ protocol: "http", method: "HEAD" }, "400 Bad Request", false],
    [{ protocol: "http", method: "GET" }, "400 Bad Request", true],
  ];
  for (const [asked, line, hasBody] of cases) {
    const text = new TextDecoder().decode(refusalBytes("malformed", asked));
    assert(text.startsWith(`HTTP/1.1 ${line}\r\n`), text);
    assertEquals(text.endsWith("\r\n\r\n"), !hasBody);
    assertEquals(text.includes("\r\nAllow: "), line.startsWith("405"));
  }
});

Deno.test("an h2c client gets SETTINGS, an answer on its stream, and GOAWAY", () => {
  assertEquals([...refusalBytes("no_route", { protocol: "h2c", streamId: 3 })], [
    ...[0, 0, 0, 4, 0, 0, 0, 0, 0],
    ...[0, 0, 5, 1, 5, 0, 0, 0, 3, 0x08, 3, 0x34, 0x32, 0x31],
    ...[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0],
  ]);
});

Deno.test("an h2c client that never made a request gets GOAWAY alone, with the error it made", () => {
  for (const [reason, error] of [["malformed", 1], ["too_slow", 0]] as const) {
    assertEquals([...refusalBytes(reason, { protocol: "h2c" })], [
      ...[0, 0, 0, 4, 0, 0, 0, 0, 0],
      ...[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, error],
    ]);
  }
});

Deno.test("a client that speaks something else is told nothing", () => {
  for (const reason of reasons) {
    assertEquals(refusalBytes(reason, { protocol: "unknown" }).length, 0);
  }
});
