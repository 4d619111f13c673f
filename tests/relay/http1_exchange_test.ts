import { assert, assertEquals } from "@std/assert";
import {
  exchange,
  type ExchangeEnd,
  type Request,
  RequestReader,
} from "../../src/relay/http1_exchange.ts";
import { Inbox } from "../../src/relay/inbox.ts";
import type { BadHead } from "../../src/sniff/http1_head.ts";
import { mutated } from "../sniff/every_cut.ts";
import { latin1 } from "../sniff/hex.ts";
import { generator } from "../sniff/random.ts";
import { type Script, scripted } from "./scripted.ts";

const GET = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nHost: app.test\r\n";
const UPGRADE = "GET / HTTP/1.1\r\nHost: app.test\r\nUpgrade: x\r\nConnection: upgrade\r\n";
const OK = "HTTP/1.1 200 OK\r\n";

const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

/** Cuts a text at these places. */
function pieces(whole: string, cuts: readonly number[] = []): string[] {
  return [...cuts, whole.length].map((cut, i) => whole.slice(cuts[i - 1] ?? 0, cut))
    .filter((piece) => piece !== "");
}

async function readRequest(inbox: Inbox): Promise<Request | BadHead | undefined> {
  const reader = new RequestReader();
  let request = reader.read(inbox);
  while (request === undefined && await inbox.fill()) request = reader.read(inbox);
  return request;
}

/** What is read from a client that says this and ends. */
async function read(
  raw: string,
  cuts?: readonly number[],
): Promise<{ request: Request | BadHead | undefined; rest: string }> {
  const inbox = new Inbox(scripted({ says: pieces(raw, cuts), ends: true }).stream);
  let request = await readRequest(inbox);
  if (request?.kind === "request") request = { ...request, bytes: request.bytes.slice() };
  while (await inbox.fill());
  const rest = text(inbox.bytes);
  inbox.release();
  return { request, rest };
}

/** What was read, in short. */
function verdict(request: Request | BadHead | undefined): string {
  if (request === undefined) return "left";
  return request.kind === "bad" ? `${request.status} ${request.detail}` : text(request.bytes);
}

const HEADS: readonly (readonly [raw: string, forwarded: string, rest?: string])[] = [
  [GET, GET],
  [`${GET}next`, GET, "next"],
  [`\r\n${GET}`, GET],
  [`${POST}Content-Length: 4\r\n\r\nbody`, `${POST}Content-Length: 4\r\n\r\n`, "body"],
  [
    "GET / HTTP/1.1\r\nConnection: a\r\nA: 1\r\nHost: x\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
  ],
  [
    `${UPGRADE}\r\n`,
    "GET / HTTP/1.1\r\nHost: app.test\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
  ],
  [
    "GET http://a.test:8/x HTTP/1.1\r\nHost: b.test\r\nX: y\r\n\r\n",
    "GET http://a.test:8/x HTTP/1.1\r\nX: y\r\nHost: a.test:8\r\n\r\n",
  ],
  ["GET http://a.test?x HTTP/1.0\r\n\r\n", "GET http://a.test?x HTTP/1.0\r\nHost: a.test\r\n\r\n"],
  [
    "GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n",
  ],
  ["", "left"],
  ["G", "left"],
  ["\r\n", "left"],
  [GET.slice(0, -1), "left"],
  ["\r\n\r\n", "400 the request line is not method, target and version (RFC 9112, 3)"],
  [
    `${POST}Transfer-Encoding: gzip\r\n\r\n`,
    "501 a transfer coding that is not known (RFC 9112, 6.1)",
  ],
  [`${POST}Connection: host\r\n\r\n`, "400 Connection names host (RFC 9110, 7.6.1)"],
  [`${POST}X: \0\r\n\r\n`, "400 a control character (RFC 9110, 5.5)"],
];

Deno.test("a request is read up to its body, and goes on without what was for one hop, however it is cut", async () => {
  for (const [raw, forwarded, rest = ""] of HEADS) {
    for (let cut = 0; cut <= raw.length; cut++) {
      const got = await read(raw, [cut]);
      assertEquals(verdict(got.request), forwarded, `${raw}, cut at ${cut}`);
      if (got.request?.kind === "request") assertEquals(got.rest, rest);
    }
  }
});

Deno.test("20,000 heads gone wrong get the same verdict however they are cut, and nothing throws", async () => {
  const next = generator(4);
  let good = 0;
  for (let i = 0; i < 20_000; i++) {
    const raw = text(mutated(latin1(HEADS[i % HEADS.length][0] || GET), next));
    const cuts: number[] = [];
    for (let at = next(8); at < raw.length; at += next(40) + 1) cuts.push(at);
    const [whole, cut] = [await read(raw), await read(raw, cuts)];
    assertEquals(verdict(cut.request), verdict(whole.request), JSON.stringify(raw));
    if (whole.request?.kind !== "request") continue;
    assertEquals(cut.rest, whole.rest);
    good++;
  }
  assert(good > 1000, `${good} were good`);
});

/** One exchange: who says what, and what comes of it. */
interface Case {
  readonly name: string;
  readonly client: string;
  readonly backend: Script;
  readonly end: ExchangeEnd;
  /** What the backend gets; all the client says, unless said. */
  readonly sent?: string;
  /** What the client gets; all the backend says, unless said. */
  readonly got?: string;
  /** Whether the client ends its side when it has spoken. */
  readonly clientEnds?: boolean;
  /** How many bytes the client takes before it is gone. */
  readonly clientTakes?: number;
}

function answered(reusable = true, persistent = true, status = 200): ExchangeEnd {
  return { kind: "answered", status, reusable, persistent };
}

const ANSWER = `${OK}Content-Length: 2\r\n\r\nok`;
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`;
const BODY = `${POST}Content-Length: 5\r\n\r\n`;
const SWITCH = "HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n";

const EXCHANGES: readonly Case[] = [
  { name: "an answer", client: GET, backend: { says: [ANSWER] }, end: answered() },
  {
    name: "an answer in pieces",
    client: GET,
    backend: { says: [...ANSWER] },
    end: answered(),
  },
  {
    name: "bytes behind an answer",
    client: GET,
    backend: { says: [`${ANSWER}more`] },
    end: answered(),
    got: ANSWER,
  },
  {
    name: "a body",
    client: `${BODY}hello`,
    backend: { says: [ANSWER] },
    end: answered(),
  },
  {
    name: "chunks",
    client: `${CHUNKED}5\r\nhello\r\n0\r\n\r\n`,
    backend: { says: [ANSWER] },
    end: answered(),
  },
  {
    name: "an answer that ends with its connection",
    client: GET,
    backend: { says: [`${OK}\r\nhello`], ends: true },
    end: answered(false, false),
    got: `${OK}Connection: close\r\n\r\nhello`,
  },
  {
    name: "interim answers",
    client: GET,
    backend: { says: ["HTTP/1.1 100 Continue\r\n\r\n", `HTTP/1.1 103 X\r\n\r\n${ANSWER}`] },
    end: answered(),
  },
  {
    name: "an upgrade",
    client: `${UPGRADE}\r\n`,
    backend: { says: [`${SWITCH}first`] },
    end: { kind: "upgraded" },
    got: SWITCH,
  },
  {
    name: "an upgrade whose request is never all there",
    client: `${UPGRADE}Content-Length: 5\r\n\r\nhell`,
    clientEnds: true,
    backend: { says: [SWITCH] },
    end: { kind: "broken", by: "client" },
    sent: `${
      UPGRADE.replace("Connection: upgrade\r\n", "")
    }Content-Length: 5\r\nConnection: upgrade\r\n\r\nhell`,
  },
  {
    name: "a backend that hangs up at once",
    client: GET,
    backend: { says: [], ends: true },
    end: { kind: "dead", bodyTouched: false },
    got: "",
  },
  {
    name: "a backend that is gone before the request",
    client: `${BODY}hello`,
    backend: { says: [], ends: true, after: 0, takes: 0 },
    end: { kind: "dead", bodyTouched: false },
    sent: "",
    got: "",
  },
  {
    name: "a backend that hangs up behind the body",
    client: `${BODY}hello`,
    backend: { says: [], ends: true, after: BODY.length + 5 },
    end: { kind: "dead", bodyTouched: true },
    got: "",
  },
  {
    name: "a backend that hangs up behind an interim answer",
    client: GET,
    backend: { says: ["HTTP/1.1 100 Continue\r\n\r\n"], ends: true },
    end: { kind: "refused", status: 502, detail: "no answer behind an interim one" },
  },
  {
    name: "an answer that ends within its head",
    client: GET,
    backend: { says: ["HTTP/1.1 200 OK\r\n"], ends: true },
    end: {
      kind: "refused",
      status: 502,
      detail: "the answer ends within its head (RFC 9112, 8)",
    },
    got: "",
  },
  {
    name: "an answer that ends within its body",
    client: GET,
    backend: { says: [`${OK}Content-Length: 3\r\n\r\nok`], ends: true },
    end: { kind: "broken", by: "backend" },
  },
  {
    name: "a first chunk that is wrong",
    client: GET,
    backend: { says: [`${OK}Transfer-Encoding: chunked\r\n\r\nx`] },
    end: { kind: "refused", status: 502, detail: "chunk size is not a number (RFC 9112, 7.1)" },
    got: "",
  },
  {
    name: "a later chunk that is wrong",
    client: GET,
    backend: { says: [`${OK}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n`, "x"] },
    end: { kind: "broken", by: "backend" },
    got: `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n`,
  },
  {
    name: "a chunk of the request that is wrong",
    client: `${CHUNKED}x`,
    backend: { says: [ANSWER] },
    end: { kind: "refused", status: 400, detail: "chunk size is not a number (RFC 9112, 7.1)" },
    sent: "",
    got: "",
  },
  {
    name: "a client that ends within its body",
    client: `${BODY}hell`,
    clientEnds: true,
    backend: { says: [], after: 1000 },
    end: { kind: "broken", by: "client" },
    got: "",
  },
  {
    name: "a client that does not take its answer",
    client: GET,
    clientTakes: 0,
    backend: { says: [ANSWER] },
    end: { kind: "broken", by: "client" },
    got: "",
  },
  {
    name: "an answer in the middle of a body",
    client: `${BODY}hell`,
    backend: { says: [ANSWER] },
    end: answered(false, false),
  },
];

Deno.test("an exchange ends in one of the ways there are, with every byte where it belongs", async (t) => {
  for (const each of EXCHANGES) {
    const { backend, end, clientEnds: ends, clientTakes: takes } = each;
    await t.step(each.name, async () => {
      const front = scripted({ says: [each.client], ends, takes });
      const client = new Inbox(front.stream);
      const request = await readRequest(client);
      assert(request?.kind === "request");
      const back = scripted({ after: 1, ...backend });
      const inbox = new Inbox(back.stream);
      const statuses: number[] = [];
      const result = await exchange(request, client, inbox, (status) => statuses.push(status));
      assertEquals(result, end);
      assertEquals(back.got, each.sent ?? each.client);
      assertEquals(front.got, each.got ?? backend.says.join(""));
      const final = /HTTP\/1\.1 (101|[2-5][0-9]{2})/.exec(front.got)?.[1];
      if (takes === undefined) assertEquals(statuses, final === undefined ? [] : [Number(final)]);
      for (const each of [client, inbox]) {
        each.stream.close();
        each.release();
      }
    });
  }
});

Deno.test("a backend that dies before it has taken the head leaves the body for the next one", async () => {
  const front = scripted({ says: [BODY, "hello"] });
  const client = new Inbox(front.stream);
  const request = await readRequest(client);
  assert(request?.kind === "request");
  const later = Promise.withResolvers<void>();
  const dead = new Inbox(scripted({ says: [], ends: true, takesAfter: later.promise }).stream);
  assertEquals(await exchange(request, client, dead, () => {}), {
    kind: "dead",
    bodyTouched: false,
  });
  later.resolve();
  const back = scripted({ says: [ANSWER], after: BODY.length + 5 });
  assertEquals(await exchange(request, client, new Inbox(back.stream), () => {}), answered());
  assertEquals([back.got, front.got], [`${BODY}hello`, ANSWER]);
  client.release();
});
