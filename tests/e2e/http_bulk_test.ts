import { assertEquals, assertStringIncludes } from "@std/assert";
import { noise } from "../relay/sockets.ts";
import { curl } from "./clients.ts";
import { Proxy } from "./harness.ts";
import { httpConfig } from "./raw_http.ts";
import { sha256 } from "./sha256.ts";
import { e2eTest } from "./tools.ts";

const SIZE = 50 * 1024 * 1024;
const PIECE = 65536;

/** A server of HTTP that knows nothing of raw bytes: it digests what it gets, and sends noise without a length. */
function start(): Deno.HttpServer<Deno.NetAddr> {
  const blob = noise(SIZE).slice();
  const pieces = Array.from({ length: SIZE / PIECE }, (_, i) => {
    return blob.subarray(i * PIECE, (i + 1) * PIECE);
  });
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    if (request.method === "GET") return new Response(ReadableStream.from(pieces));
    const coding = request.headers.get("transfer-encoding");
    return new Response(`${coding} ${sha256(await request.bytes())}`);
  });
}

e2eTest("50 MB in chunks come through unchanged each way", ["curl"], async () => {
  await using server = start();
  await using proxy = await Proxy.start({ config: httpConfig(server.addr.port) });
  const folder = await Deno.makeTempDir({ prefix: "sniproxy-" });
  try {
    const digest = sha256(noise(SIZE));
    const down = await curl(proxy.ports.http, "http://app.test/", ["--output", `${folder}/blob`]);
    assertEquals([down.status, down.error], [200, ""]);
    assertEquals(sha256(await Deno.readFile(`${folder}/blob`)), digest);
    const up = await curl(proxy.ports.http, "http://app.test/", [
      ...["--header", "Transfer-Encoding: chunked", "--upload-file", `${folder}/blob`],
    ]);
    assertEquals(up, { status: 200, version: "1.1", body: `chunked ${digest}`, error: "" });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

e2eTest("a client that expects 100 gets it before it sends its body", ["curl"], async () => {
  await using server = start();
  await using proxy = await Proxy.start({ config: httpConfig(server.addr.port) });
  const { status, body, error } = await curl(proxy.ports.http, "http://app.test/", [
    ...["--verbose", "--expect100-timeout", "15", "--header", "Expect: 100-continue"],
    ...["--data", "hello"],
  ]);
  assertEquals([status, body], [200, `null ${sha256(new TextEncoder().encode("hello"))}`]);
  assertStringIncludes(error, "< HTTP/1.1 100 Continue");
});
