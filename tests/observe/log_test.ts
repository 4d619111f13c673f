import { assert, assertEquals, assertMatch } from "@std/assert";
import type { LogFormat, LogLevel } from "../../src/config/config.ts";
import { LineWriter } from "../../src/observe/line_writer.ts";
import { Log } from "../../src/observe/log.ts";
import { logAccess } from "../../src/observe/access_log.ts";
import type { Summary } from "../../src/observe/summary.ts";

async function written(write: (writer: LineWriter) => void): Promise<string[]> {
  let text = "";
  const writer = new LineWriter({
    write(bytes): Promise<number> {
      text += new TextDecoder().decode(bytes);
      return Promise.resolve(bytes.length);
    },
  });
  write(writer);
  await writer.flush();
  return text.split("\n").slice(0, -1);
}

function log(level: LogLevel, format: LogFormat, use: (log: Log) => void): Promise<string[]> {
  return written((writer) => use(new Log(writer, level, format)));
}

Deno.test("a log writes its level and what is above", async () => {
  for (
    const [level, expected] of [["debug", 4], ["info", 3], ["warn", 2], ["error", 1]] as const
  ) {
    const lines = await log(level, "json", (log) => {
      log.debug("a");
      log.info("b");
      log.warn("c");
      log.error("d");
    });
    assertEquals(lines.length, expected);
  }
});

Deno.test("a JSON line has time, level, message and facts", async () => {
  const [line] = await log(
    "info",
    "json",
    (log) => log.info("ready", { port: 1, gone: undefined }),
  );
  const { time, ...rest } = JSON.parse(line);
  assert(!Number.isNaN(Date.parse(time)));
  assertEquals(rest, { level: "info", message: "ready", port: 1 });
});

Deno.test("a text line can't be forged by what is in it", async () => {
  const lines = await log(
    "info",
    "text",
    (log) =>
      log.error("bad\nname", { name: 'a b"\n2026 info fine', port: 1, host: "a.example:80" }),
  );
  assertEquals(lines.length, 1);
  assertMatch(
    lines[0],
    /^[\dTZ:.-]+ error bad\\nname name="a b\\"\\n2026 info fine" port=1 host=a\.example:80$/,
  );
});

const summary: Summary = {
  id: "k3f9-2s",
  client: "192.0.2.1:5555",
  listener: "0.0.0.0:443",
  protocol: "tls",
  name: "shop.example.com",
  route: "shop",
  backend: "10.0.0.1:443",
  rx: 517,
  tx: 4242,
  helloMs: 1.23456,
  connectMs: 0.5,
  totalMs: 100,
};

Deno.test("an access line says who, where to, how much, how long and how it ended", async () => {
  const [line] = await written((writer) => logAccess(writer, "json", summary, "done"));
  const { time, ...rest } = JSON.parse(line);
  assert(!Number.isNaN(Date.parse(time)));
  assertEquals(rest, {
    id: "k3f9-2s",
    client: "192.0.2.1:5555",
    listener: "0.0.0.0:443",
    protocol: "tls",
    name: "shop.example.com",
    route: "shop",
    backend: "10.0.0.1:443",
    rx: 517,
    tx: 4242,
    hello_ms: 1.235,
    connect_ms: 0.5,
    total_ms: 100,
    end: "done",
  });
});

Deno.test("an access line is JSON whatever the client or the backend made of it", async () => {
  for (const text of ['"', "\\", "\n\u0000\u001f", "caf\u00e9 \u2028 \ud800", "</script>", ""]) {
    const odd = { ...summary, name: text, detail: text, status: 200, backend: undefined };
    const [line] = await written((writer) => logAccess(writer, "json", odd, "done"));
    const { name, detail, status, backend } = JSON.parse(line);
    assertEquals({ name, detail, status, backend }, {
      name: text,
      detail: text,
      status: 200,
      backend: undefined,
    });
  }
});

Deno.test("an access line as text has the same facts", async () => {
  const [line] = await written((writer) =>
    logAccess(writer, "text", { ...summary, detail: "a b" }, "backend_refused")
  );
  assertMatch(
    line,
    /^\S+ id=k3f9-2s client=192\.0\.2\.1:5555 listener=0\.0\.0\.0:443 protocol=tls name=shop\.example\.com .* end=backend_refused detail="a b"$/,
  );
});
