import { assertEquals, assertMatch } from "@std/assert";
import { noise, writeAll } from "../relay/sockets.ts";
import { fullBackend } from "./full_backend.ts";
import { freePorts, Proxy, until } from "./harness.ts";
import { connectTo, hello, lastWords, request } from "./peers.ts";

/** A fatal alert in a record of its own: RFC 8446, 6 and 5.1. */
function alert(description: number): string {
  return `\x15\x03\x01\x00\x02\x02${String.fromCharCode(description)}`;
}

/** Enough that most of it is unread when the proxy has made up its mind. */
const MORE = noise(1024 * 1024);

/** Runs a proxy that refuses whatever comes, for various reasons. */
async function refusing(use: (proxy: Proxy) => Promise<void>): Promise<void> {
  using full = await fullBackend();
  const [down] = freePorts(1);
  await using proxy = await Proxy.start({
    config: `
listen_addrs: ["127.0.0.1:$HTTP", "127.0.0.1:$TLS"]
metrics: { address: "127.0.0.1:$METRICS" }
timeouts: { connect: 300ms }
allowlist: ["*.test"]
routes:
  - { hosts: ["blocked.test"], action: reject }
  - { hosts: ["down.test"], backends: ["127.0.0.1:${down}"] }
  - { hosts: ["full.test"], backends: ["127.0.0.1:${full.port}"] }
`,
  });
  await use(proxy);
}

/** Sends bytes, reads to the end, and gives the bytes read with what the access log says of it. */
async function visit(
  proxy: Proxy,
  bytes: Uint8Array,
): Promise<{ said: string; logged: unknown[] }> {
  const lines = proxy.access.length;
  const client = await connectTo(proxy.ports.tls);
  let said;
  try {
    await writeAll(client, bytes);
    said = await lastWords(client);
  } finally {
    client.close();
  }
  await until("the access log", () => proxy.access.length > lines);
  const { end, rx, tx } = proxy.access[lines];
  return { said, logged: [end, rx, tx] };
}

/** Not even the version of the first record is right. */
const BROKEN = new Uint8Array([22, 9, 9, 0, 1, 1]);

const alerts: Record<string, [sent: Uint8Array, description: number, reason: string]> = {
  "a name without a route": [hello("two.test"), 112, "no_route"],
  "no valid name": [hello("127.0.0.1"), 112, "no_name"],
  "a name that is not on the allowlist": [hello("example.com"), 112, "not_allowed"],
  "a route that rejects": [hello("blocked.test"), 112, "rejected"],
  "a broken record": [BROKEN, 50, "malformed"],
  "a backend that is down": [hello("down.test"), 80, "backend_refused"],
  "a backend that does not accept": [hello("full.test"), 80, "backend_timeout"],
};

Deno.test("a refused TLS client reads one alert and an orderly end, however much it has sent", async () => {
  await refusing(async (proxy) => {
    for (const [what, [sent, description, reason]] of Object.entries(alerts)) {
      for (const bytes of [sent, new Uint8Array([...sent, ...MORE])]) {
        const { said, logged } = await visit(proxy, bytes);
        assertEquals(said, alert(description), what);
        assertEquals(logged, [reason, bytes.length, said.length], what);
      }
    }
  });
});

function head(...lines: string[]): Uint8Array {
  return new TextEncoder().encode(lines.map((line) => `${line}\r\n`).join("") + "\r\n");
}

const GET = "GET / HTTP/1.1";
const HOST = "Host: down.test";

const answers: Record<string, [sent: Uint8Array, status: number, reason: string]> = {
  "a name without a route": [request("two.test"), 421, "no_route"],
  "an address for a name": [request("127.0.0.1"), 421, "no_name"],
  "a name that is not on the allowlist": [request("example.com"), 403, "not_allowed"],
  "a route that rejects": [request("blocked.test"), 403, "rejected"],
  "a backend that is down": [request("down.test"), 502, "backend_refused"],
  "a backend that does not accept": [request("full.test"), 504, "backend_timeout"],
  "a target that names another host": [
    head("GET http://blocked.test/ HTTP/1.1", HOST),
    403,
    "rejected",
  ],
  "no Host": [head(GET), 400, "no_name"],
  "no Host in HTTP/1.0": [head("GET / HTTP/1.0"), 400, "no_name"],
  "an empty Host": [head(GET, "Host:"), 421, "no_name"],
  "two Hosts": [head(GET, HOST, HOST), 400, "malformed"],
  "a Host that is none": [head(GET, "Host: a b"), 400, "malformed"],
  "user information": [head(GET, "Host: user@down.test"), 400, "malformed"],
  "no version": [head("GET /", HOST), 400, "malformed"],
  "a version to come": [head("GET / HTTP/3.0", HOST), 505, "malformed"],
  "a folded line": [head(GET, HOST, "X: a", " b"), 400, "malformed"],
  "a space before the colon": [head(GET, "Host : down.test"), 400, "malformed"],
  "a bare LF": [head(GET, HOST, "X: a\nY: b"), 400, "malformed"],
  "a bare CR": [head(GET, HOST, "X: a\rY: b"), 400, "malformed"],
  "a NUL": [head(GET, HOST, "X: \0"), 400, "malformed"],
  "CONNECT": [head("CONNECT down.test:443 HTTP/1.1", HOST), 405, "malformed"],
  "a head over 64 KiB": [head(GET, HOST, `X: ${"x".repeat(65_536)}`), 431, "malformed"],
};

Deno.test("a refused HTTP client reads one complete answer and an orderly end, however much it has sent", async () => {
  await refusing(async (proxy) => {
    for (const [what, [sent, status, reason]] of Object.entries(answers)) {
      for (const bytes of [sent, new Uint8Array([...sent, ...MORE])]) {
        const { said, logged } = await visit(proxy, bytes);
        assertMatch(said, new RegExp(`^HTTP/1\\.1 ${status} `), what);
        const [headers, body] = said.split("\r\n\r\n");
        assertMatch(headers, /^Connection: close$/m, what);
        assertMatch(headers, new RegExp(`^Content-Length: ${body.length}$`, "m"), what);
        assertEquals(logged, [reason, bytes.length, said.length], what);
      }
    }
  });
});

Deno.test("what is neither TLS nor HTTP is closed without a word", async () => {
  await refusing(async (proxy) => {
    for (const text of ["SSH-2.0-OpenSSH_9.2\r\n", "\0\0\0\0", "\x80\x2e\x01\x03\x01", " GET /"]) {
      const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
      const { said, logged } = await visit(proxy, bytes);
      assertEquals(said, "");
      assertEquals(logged, ["unknown_protocol", bytes.length, 0]);
    }
  });
});
