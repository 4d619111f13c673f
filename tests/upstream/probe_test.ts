import { assert, assertEquals, assertMatch } from "@std/assert";
import type { HealthCheck } from "../../src/config/config.ts";
import { probe, type Verdict } from "../../src/upstream/probe.ts";
import { echo, resetAfterFirstByte, serve } from "../e2e/peers.ts";
import { freePorts, soon } from "../e2e/harness.ts";
import { writeAll } from "../relay/sockets.ts";

const base: HealthCheck = {
  ...{ interval: 10_000, fastInterval: 1_000, timeout: 10_000, rise: 2, fall: 3 },
  ...{ type: "tcp", method: "GET", path: "/", status: [200, 399] },
};

const NOTHING = new Uint8Array();

const encoder = new TextEncoder();

/** What comes of a check, in a word. */
function ask(
  port: number,
  check: Partial<HealthCheck>,
  preface = NOTHING,
  signal = new AbortController().signal,
): Promise<string> {
  const verdict = probe({ ...base, ...check }, { host: "127.0.0.1", port }, preface, signal);
  return soon("a verdict", verdict.then(word));
}

function word(verdict: Verdict): string {
  return verdict.kind === "down" ? verdict.reason : verdict.kind;
}

/** Asks a server that takes the first bytes, says something, and then waits for the end or makes it. */
async function answer(
  check: Partial<HealthCheck>,
  bytes: string | Uint8Array,
  end = false,
): Promise<string> {
  await using server = serve(async (conn) => {
    await conn.read(new Uint8Array(2_000));
    await writeAll(conn, typeof bytes === "string" ? encoder.encode(bytes) : bytes);
    if (!end) await echo(conn);
  });
  return await ask(server.port, check);
}

const TLS = { type: "tls", host: "app.test" } as const;
const HTTP = { type: "http" } as const;

Deno.test("nobody listens", async () => {
  const [port] = freePorts(1);
  for (const type of ["tcp", "tls", "http"] as const) {
    assertMatch(await ask(port, { type }), /refused/i);
  }
});

Deno.test("tcp asks for a connection, and nothing else", async () => {
  for (const handle of [echo, resetAfterFirstByte, () => Promise.resolve()]) {
    await using server = serve(handle);
    assertEquals(await ask(server.port, { type: "tcp" }), "up");
  }
});

Deno.test("who takes a connection and says nothing is down after the timeout", async () => {
  await using server = serve(async (conn) => {
    while (await conn.read(new Uint8Array(2_000)) !== null);
  });
  for (const check of [TLS, HTTP]) {
    assertEquals(await ask(server.port, { ...check, timeout: 50 }), "no answer within 50 ms");
  }
});

Deno.test("who answers a byte at a time has no more time than others", async () => {
  for (const [check, byte] of [[TLS, 22], [HTTP, 72]] as const) {
    await using server = serve(async (conn) => {
      // The first bytes of what both could say: a record of 22 bytes, or a long status line.
      const bytes = [byte, ...(byte === 22 ? [3, 3] : [84, 84])];
      for (const each of bytes) {
        await writeAll(conn, new Uint8Array([each]));
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
      await new Promise((resolve) => setTimeout(resolve, 300));
    });
    assertEquals(await ask(server.port, { ...check, timeout: 100 }), "no answer within 100 ms");
  }
});

Deno.test("who doesn't read what is said first is down after the timeout", async () => {
  await using server = serve(() => new Promise((resolve) => setTimeout(resolve, 100)));
  const preface = new Uint8Array(32 << 20);
  assertEquals(await ask(server.port, { ...TLS, timeout: 50 }, preface), "no answer within 50 ms");
});

Deno.test("who closes or resets without an answer is down", async () => {
  for (const check of [TLS, HTTP]) {
    await using closing = serve(async (conn) => {
      await conn.read(new Uint8Array(2_000));
    });
    assertEquals(await ask(closing.port, check), "closed without an answer");
    await using resetting = serve(resetAfterFirstByte);
    // Either, for an end may come before the reset.
    assertMatch(await ask(resetting.port, check), /reset|closed/);
  }
});

Deno.test("the answer decides, and an answer cut short is none", async () => {
  const hello = new Uint8Array([22, 3, 3, 0, 100, 2, 0, 0, 96, 3, 3]);
  const head = "HTTP/1.1 204 No Content\r\n\r\n";
  const cases: [Partial<HealthCheck>, string | Uint8Array, string][] = [
    [TLS, hello, "up"],
    [TLS, new Uint8Array([21, 3, 3, 0, 2, 2, 40]), "alert handshake_failure (40)"],
    [TLS, head, "not TLS"],
    [TLS, hello.slice(0, 4), "closed before the answer was complete"],
    [HTTP, head, "up"],
    [HTTP, "HTTP/1.1 100 Continue\r\n\r\n" + head, "up"],
    [{ ...HTTP, status: [200, 200] }, head, "status 204, not 200"],
    [HTTP, "SSH-2.0-OpenSSH_9.2\r\n", "not HTTP/1.x"],
    [HTTP, head.slice(0, 20), "closed before the answer was complete"],
    [HTTP, "HTTP/1.1 200 " + "x".repeat(100_000), "no end of the answer in 8192 bytes"],
  ];
  for (const [check, bytes, expected] of cases) {
    assertEquals(await answer(check, bytes, true), expected);
  }
});

Deno.test("what is asked is a request, or a hello, behind the preface", async () => {
  for (
    const [check, preface, expected] of [
      [HTTP, "", /^GET \/ HTTP\/1\.1\r\nHost: 127\.0\.0\.1:\d+\r\n.*Connection: close\r\n\r\n$/s],
      [
        { ...HTTP, method: "HEAD", path: "/a?b", host: "app.test" },
        "PROXY UNKNOWN\r\n",
        /^PROXY UNKNOWN\r\nHEAD \/a\?b HTTP\/1\.1\r\nHost: app\.test\r\n/,
      ],
      [TLS, "", /^[^P].*app\.test/s],
      [TLS, "PROXY UNKNOWN\r\n", /^PROXY UNKNOWN\r\n.*app\.test/s],
    ] as const
  ) {
    let asked = "";
    await using server = serve(async (conn) => {
      const buffer = new Uint8Array(2_000);
      for (let count; (count = await conn.read(buffer)) !== null;) {
        asked += new TextDecoder("latin1").decode(buffer.subarray(0, count));
      }
    });
    await ask(server.port, { ...check, timeout: 100 }, encoder.encode(preface));
    assertMatch(asked, expected);
  }
});

Deno.test("a check ends when it is told to, before, while and after it connects", async () => {
  const arrived = Promise.withResolvers<void>();
  await using server = serve(async (conn) => {
    await conn.read(new Uint8Array(2_000));
    arrived.resolve();
    await echo(conn);
  });
  for (const moment of [() => {}, () => Promise.resolve(), () => arrived.promise]) {
    const end = new AbortController();
    const verdict = ask(server.port, { ...TLS, timeout: 60_000 }, NOTHING, end.signal);
    await moment();
    end.abort();
    assert(await verdict !== "up");
  }
  const early = await ask(server.port, { ...TLS, timeout: 60_000 }, NOTHING, AbortSignal.abort());
  assert(early !== "up");
});
