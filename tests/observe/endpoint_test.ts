import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Answers, serveEndpoint } from "../../src/observe/endpoint.ts";
import { MAX_WATCHERS } from "../../src/observe/status_events.ts";
import { sampleStatus } from "./sample_status.ts";

let ready = true;
const status = sampleStatus(Date.UTC(2026, 4, 12));
const source = {
  metrics: () => Promise.resolve("a_total 1\n"),
  contentType: "text/plain; version=0.0.4",
  ready: () => ready,
  status: () => Promise.resolve(status),
};

const NOWHERE = "sniproxy: /, /status.json, /metrics, /health, /ready\n";

function get(path: string, accept = "*/*", method = "GET"): Request {
  return new Request(`http://127.0.0.1${path}`, { method, headers: { accept } });
}

Deno.test("the endpoint answers its pages, and nothing else", async () => {
  using answers = new Answers(source);
  for (
    const [method, path, isReady, status, body] of [
      ["GET", "/metrics", true, 200, "a_total 1\n"],
      ["GET", "/health", true, 200, '{"status":"healthy","service":"sniproxy"}'],
      ["GET", "/health", false, 200, '{"status":"healthy","service":"sniproxy"}'],
      ["GET", "/health?verbose", true, 200, '{"status":"healthy","service":"sniproxy"}'],
      ["GET", "/ready", true, 200, '{"status":"ready","service":"sniproxy"}'],
      ["GET", "/ready", false, 503, '{"status":"not_ready","service":"sniproxy"}'],
      ["GET", "/metrics/", true, 404, NOWHERE],
      ["GET", "/status", true, 404, NOWHERE],
      ["GET", "//", true, 404, NOWHERE],
      ["POST", "/health", true, 405, "only GET and HEAD\n"],
      ["DELETE", "/metrics", true, 405, "only GET and HEAD\n"],
      ["POST", "/", true, 405, "only GET and HEAD\n"],
      ["PUT", "/status.json", true, 405, "only GET and HEAD\n"],
    ] as const
  ) {
    ready = isReady;
    const response = await answers.answer(get(path, "*/*", method));
    assertEquals(response.status, status, `${method} ${path}`);
    assertEquals(await response.text(), body, `${method} ${path}`);
  }
});

Deno.test("every answer is for now, and of the type it says", async () => {
  using answers = new Answers(source);
  for (
    const [path, type] of [
      ["/", "text/html; charset=utf-8"],
      ["/status.json", "application/json"],
      ["/metrics", "text/plain; version=0.0.4"],
      ["/health", "application/json"],
      ["/nowhere", "text/plain;charset=UTF-8"],
    ]
  ) {
    const { headers, body } = await answers.answer(get(path));
    await body?.cancel();
    const told = ["content-type", "cache-control", "x-content-type-options", "referrer-policy"]
      .map((name) => headers.get(name));
    assertEquals(told, [type, "no-store", "nosniff", "no-referrer"], path);
    assertEquals(headers.get("content-security-policy") !== null, path === "/");
    assertEquals(headers.get("access-control-allow-origin"), null);
  }
});

Deno.test("the status is JSON, or events for who asks for those", async () => {
  using answers = new Answers(source);
  const plain = await answers.answer(get("/status.json"));
  const told = await plain.text();
  assertEquals(JSON.parse(told), JSON.parse(JSON.stringify(status)));
  const head = await answers.answer(get("/status.json", "text/event-stream", "HEAD"));
  assertEquals(head.headers.get("content-type"), "application/json");

  const events = await answers.answer(get("/status.json", "text/event-stream"));
  assertEquals(events.headers.get("content-type"), "text/event-stream");
  assertEquals(events.headers.get("cache-control"), "no-store");
  const reader = events.body?.getReader();
  const { value } = await reader?.read() ?? {};
  assertStringIncludes(new TextDecoder().decode(value), `data: ${told}\n\n`);

  const others = [];
  for (let i = 1; i < MAX_WATCHERS; i++) {
    others.push(await answers.answer(get("/status.json", "text/event-stream")));
  }
  assert(others.every((each) => each.status === 200));
  const many = await answers.answer(get("/status.json", "text/event-stream"));
  assertEquals([many.status, await many.text()], [503, "too many watch already\n"]);
});

Deno.test("the endpoint serves over HTTP until it is disposed, and then ends its streams cleanly", async () => {
  const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = free.addr;
  free.close();
  ready = true;
  let watching;
  {
    await using _endpoint = serveEndpoint({ host: "127.0.0.1", port }, source);
    const response = await fetch(`http://127.0.0.1:${port}/metrics`, {
      headers: { connection: "close" },
    });
    assertEquals(response.headers.get("content-type"), "text/plain; version=0.0.4");
    assertEquals(await response.text(), "a_total 1\n");
    const events = await fetch(`http://127.0.0.1:${port}/status.json`, {
      headers: { accept: "text/event-stream" },
    });
    // It rejects if the stream is cut off rather than ended.
    watching = events.text();
  }
  assertStringIncludes(await watching, "data: ");
  Deno.listen({ hostname: "127.0.0.1", port }).close();
});
