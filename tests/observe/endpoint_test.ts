import { assertEquals } from "@std/assert";
import { answer, serveEndpoint } from "../../src/observe/endpoint.ts";

let ready = true;
const source = {
  metrics: () => Promise.resolve("a_total 1\n"),
  contentType: "text/plain; version=0.0.4",
  ready: () => ready,
};

Deno.test("the endpoint answers its pages, and nothing else", async () => {
  for (
    const [method, path, isReady, status, body] of [
      ["GET", "/metrics", true, 200, "a_total 1\n"],
      ["GET", "/health", true, 200, '{"status":"healthy","service":"sniproxy"}'],
      ["GET", "/health", false, 200, '{"status":"healthy","service":"sniproxy"}'],
      ["GET", "/health?verbose", true, 200, '{"status":"healthy","service":"sniproxy"}'],
      ["GET", "/ready", true, 200, '{"status":"ready","service":"sniproxy"}'],
      ["GET", "/ready", false, 503, '{"status":"not_ready","service":"sniproxy"}'],
      ["GET", "/", true, 404, "sniproxy: /metrics, /health, /ready\n"],
      ["GET", "/metrics/", true, 404, "sniproxy: /metrics, /health, /ready\n"],
      ["POST", "/health", true, 405, "only GET and HEAD\n"],
      ["DELETE", "/metrics", true, 405, "only GET and HEAD\n"],
    ] as const
  ) {
    ready = isReady;
    const response = await answer(new Request(`http://127.0.0.1${path}`, { method }), source);
    assertEquals(response.status, status, `${method} ${path}`);
    assertEquals(await response.text(), body, `${method} ${path}`);
  }
});

Deno.test("the endpoint serves over HTTP until it is disposed", async () => {
  const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = free.addr;
  free.close();
  ready = true;
  {
    await using _endpoint = serveEndpoint({ host: "127.0.0.1", port }, source);
    const response = await fetch(`http://127.0.0.1:${port}/metrics`, {
      headers: { connection: "close" },
    });
    assertEquals(response.headers.get("content-type"), "text/plain; version=0.0.4");
    assertEquals(await response.text(), "a_total 1\n");
  }
  Deno.listen({ hostname: "127.0.0.1", port }).close();
});
