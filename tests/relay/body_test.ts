import { assertEquals, assertRejects } from "@std/assert";
import { BodyCursor, type BodyEnd, passBody } from "../../src/relay/body.ts";
import { ConnStream } from "../../src/relay/conn_stream.ts";
import type { Body } from "../../src/relay/http1_framing.ts";
import { Inbox } from "../../src/relay/inbox.ts";
import { latin1 } from "../sniff/hex.ts";
import { noise, pair, readAll, writeAll } from "./sockets.ts";

/** Says what becomes of bytes that are sent as a body: the first ones are in the inbox before it begins. */
async function pass(
  bytes: Uint8Array,
  body: Body,
  before = 0,
): Promise<{ end: BodyEnd; passed: Uint8Array; rest: Uint8Array }> {
  const [[source, from], [to, sink]] = [await pair(), await pair()];
  const [near, far] = [new ConnStream(from), new ConnStream(to)];
  const inbox = new Inbox(near);
  await writeAll(source, bytes.subarray(0, before));
  while (inbox.length < before) await inbox.fill();
  const passed = readAll(sink);
  const writing = writeAll(source, bytes.subarray(before)).then(() => source.closeWrite());
  const end = await passBody(inbox, far, new BodyCursor(body));
  await far.closeWrite();
  while (await inbox.fill());
  const result = { end, passed: await passed, rest: inbox.bytes.slice() };
  await writing;
  inbox.release();
  for (const conn of [source, near, far, sink]) conn.close();
  return result;
}

const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

const CASES: readonly {
  readonly body: Body;
  readonly sent: string;
  readonly end: BodyEnd;
  readonly passed: string;
}[] = [
  { body: { kind: "none" }, sent: "next", end: "done", passed: "" },
  { body: { kind: "length", length: 0 }, sent: "next", end: "done", passed: "" },
  { body: { kind: "length", length: 5 }, sent: "hellonext", end: "done", passed: "hello" },
  { body: { kind: "length", length: 5 }, sent: "hello", end: "done", passed: "hello" },
  { body: { kind: "length", length: 6 }, sent: "hello", end: "cut", passed: "hello" },
  { body: { kind: "length", length: 6 }, sent: "", end: "cut", passed: "" },
  { body: { kind: "close" }, sent: "hello", end: "done", passed: "hello" },
  { body: { kind: "close" }, sent: "", end: "done", passed: "" },
  {
    body: { kind: "chunked" },
    sent: "5;x\r\nhello\r\n0\r\nX: y\r\n\r\nnext",
    end: "done",
    passed: "5;x\r\nhello\r\n0\r\nX: y\r\n\r\n",
  },
  { body: { kind: "chunked" }, sent: "5\r\nhello\r\n", end: "cut", passed: "5\r\nhello\r\n" },
  { body: { kind: "chunked" }, sent: "", end: "cut", passed: "" },
];

Deno.test("a body goes on as it came, and what comes behind it stays, wherever it is cut", async () => {
  for (const { body, sent, end, passed } of CASES) {
    for (let before = 0; before <= sent.length; before++) {
      const got = await pass(latin1(sent), body, before);
      assertEquals(
        { end: got.end, passed: text(got.passed), rest: text(got.rest) },
        { end, passed, rest: sent.slice(passed.length) },
        `${body.kind} ${JSON.stringify(sent)}, cut at ${before}`,
      );
    }
  }
});

Deno.test("a chunk that is wrong is not passed on, and what was right before it is", async () => {
  const good = "5\r\nhello\r\n";
  const { end, passed, rest } = await pass(
    latin1(`${good}x\r\n`),
    { kind: "chunked" },
    good.length,
  );
  assertEquals(end, { malformed: "chunk size is not a number (RFC 9112, 7.1)" });
  assertEquals([text(passed), text(rest)], [good, "x\r\n"]);
});

Deno.test("large bodies go through whole, however they are delimited", async () => {
  const bytes = noise(3_000_000);
  const chunks = new Uint8Array(
    await new Blob([latin1("2dc6c0\r\n"), bytes.slice(), latin1("\r\n0\r\n\r\n")]).arrayBuffer(),
  );
  const bodies = [
    [{ kind: "length", length: bytes.length }, bytes],
    [{ kind: "close" }, bytes],
    [{ kind: "chunked" }, chunks],
  ] as const;
  for (const [body, sent] of bodies) {
    const { end, passed, rest } = await pass(sent, body, 1000);
    assertEquals([end, passed.length, rest.length], ["done", sent.length, 0], body.kind);
    assertEquals(passed.every((byte, i) => byte === sent[i]), true, body.kind);
  }
});

Deno.test("a body whose sender is gone is cut, and one whose receiver is gone is an error", async () => {
  for (const body of [{ kind: "length", length: 9 }, { kind: "close" }] as const) {
    const [[source, from], [to, sink]] = [await pair(), await pair()];
    const [near, far] = [new ConnStream(from), new ConnStream(to)];
    const inbox = new Inbox(near);
    await writeAll(source, noise(5));
    await inbox.fill();
    const waiting = passBody(inbox, far, new BodyCursor(body));
    near.close();
    assertEquals(await waiting, "cut");

    const [other, again] = await pair();
    const next = new Inbox(new ConnStream(again));
    await writeAll(other, noise(5));
    await next.fill();
    far.close();
    await assertRejects(() => passBody(next, far, new BodyCursor(body)), Error);
    for (const each of [inbox, next]) each.release();
    for (const conn of [source, sink, other, again]) conn.close();
  }
});
