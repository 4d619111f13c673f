/**
 * One HTTP/1.x request and its answer, from one client connection to one backend connection and back.
 *
 * @module
 */
import type { Field } from "../sniff/http1_fields.ts";
import {
  type BadHead,
  HeadEnd,
  parseRequestHead,
  parseResponseHead,
  type RequestHead,
  type ResponseHead,
} from "../sniff/http1_head.ts";
import { BodyCursor, type BodyEnd, passBody } from "./body.ts";
import type { ConnStream } from "./conn_stream.ts";
import { type Framing, requestFraming, responseFraming } from "./http1_framing.ts";
import type { Inbox } from "./inbox.ts";
import { join } from "./join.ts";

/** A request whose head has been read, and nothing of its body. */
export interface Request {
  /** Marks the variant. */
  readonly kind: "request";
  /** What the head says. */
  readonly head: RequestHead;
  /** What it says about the body and the connection. */
  readonly framing: Framing;
  /** The head as the backend gets it: good until the client's inbox is filled again. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** How an exchange ended. */
export type ExchangeEnd =
  /** The answer is with the client. */
  | {
    readonly kind: "answered";
    readonly status: number;
    /** Whether the backend's connection may serve again. */
    readonly reusable: boolean;
    /** Whether the client's may. */
    readonly persistent: boolean;
  }
  /** From here on both sides speak something else. */
  | { readonly kind: "upgraded" }
  /** The backend's connection ended before it had answered anything. */
  | { readonly kind: "dead"; readonly bodyTouched: boolean }
  /** The client can still be told what is wrong. */
  | { readonly kind: "refused"; readonly status: number; readonly detail: string }
  /** One of them broke off with the answer half-way. */
  | { readonly kind: "broken"; readonly by: "client" | "backend" };

/** Interim answers in one exchange; nobody sends so many. */
const MAX_INTERIM = 32;

/** How long a request that was answered early may take to be all sent. */
const EARLY_MS = 50;

const CR = 13;
const LF = 10;

const encoder = new TextEncoder();

/**
 * Reads the head of one request.
 *
 * @example
 * ```ts
 * import { ConnStream } from "./conn_stream.ts";
 * import { RequestReader } from "./http1_exchange.ts";
 * import { Inbox } from "./inbox.ts";
 *
 * const inbox = new Inbox(new ConnStream(await Deno.connect({ port: 8080 })));
 * const reader = new RequestReader();
 * let request = reader.read(inbox);
 * while (request === undefined && await inbox.fill()) request = reader.read(inbox);
 * ```
 */
export class RequestReader {
  readonly #search = new HeadEnd();
  #begun = false;

  /**
   * Looks at what there is.
   *
   * @param client The client's inbox; a head that is complete is taken from it.
   * @returns The request, what is wrong with it, or `undefined` if more bytes are needed. Never throws.
   */
  read(client: Inbox): Request | BadHead | undefined {
    if (!this.#begun) {
      if (client.length < 2) return undefined;
      this.#begun = true;
      // RFC 9112, 2.2: an empty line before the request line is to be ignored.
      if (client.bytes[0] === CR && client.bytes[1] === LF) client.skip(2);
    }
    const { bytes } = client;
    const end = this.#search.find(bytes, 0);
    if (end === undefined || typeof end === "object") return end;
    const head = parseRequestHead(bytes, 0, end);
    if (head.kind === "bad") return head;
    const framing = requestFraming(head);
    if (framing.kind === "bad") return framing;
    const forwarded = forwardedHead(head, framing, bytes, end);
    client.skip(end);
    return { kind: "request", head, framing, bytes: forwarded };
  }
}

/**
 * Passes a request on and its answer back.
 *
 * @param request The request.
 * @param client The client; its inbox begins with the body.
 * @param backend The backend, with nothing in its inbox.
 * @param answering Called when the answer begins, interim ones aside.
 * @param preface What the backend has to be told before the request.
 * @returns How it ended. Never rejects.
 */
export function exchange(
  request: Request,
  client: Inbox,
  backend: Inbox,
  answering: (status: number) => void,
  preface?: Uint8Array<ArrayBuffer>,
): Promise<ExchangeEnd> {
  const body = new BodyCursor(request.framing.body);
  // What is wrong with a body must be known before it even begins to be passed on.
  const there = body.take(client.bytes, 0);
  if (body.error !== undefined) return Promise.resolve(refused(body.error, 400));
  const sent: Sent = { touched: false };
  const bytes = preface === undefined ? request.bytes : join(preface, request.bytes);
  const sending = body.kind === "none"
    ? sendHead(bytes, backend.stream, sent)
    : send(bytes, client, backend.stream, body, there, sent);
  return answer(request, client, backend, answering).then((end) =>
    // Nothing else has to be waited for, nearly always.
    sent.end === "done" && end.kind === "answered" ? end : settle(end, backend, sending, sent)
  );
}

/** What an answer means for the exchange, with the request not all sent or no answer at all. */
async function settle(
  end: Answered,
  backend: Inbox,
  sending: Promise<void>,
  sent: Sent,
): Promise<ExchangeEnd> {
  if (end.kind === "upgraded") {
    // RFC 9110, 7.8: what was asked has to be all there before something else is spoken.
    await sending;
    return sent.end === "done" ? end : broken(sent.end === "cut" ? "client" : "backend");
  }
  if (end.kind !== "answered") {
    backend.stream.close();
    if (sent.end === "cut") return broken("client");
    if (end.kind !== "dead") return end;
    return typeof sent.end === "object"
      ? refused(sent.end.malformed, 400)
      : { kind: "dead", bodyTouched: sent.touched };
  }
  if (sent.end === undefined) await soon(sending);
  if (sent.end === "done") return end;
  return { ...end, reusable: false, persistent: false };
}

/** How far a request has been sent. */
interface Sent {
  end?: BodyEnd | "failed";
  /** Whether some of the body is used up, so that it can't be sent once more. */
  touched: boolean;
}

/** Most requests have no body. */
function sendHead(
  bytes: Uint8Array<ArrayBuffer>,
  backend: ConnStream,
  sent: Sent,
): Promise<void> {
  return backend.write(bytes).then(
    () => void (sent.end = "done"),
    () => void (sent.end = "failed"),
  );
}

async function send(
  bytes: Uint8Array<ArrayBuffer>,
  client: Inbox,
  backend: ConnStream,
  body: BodyCursor,
  there: number,
  sent: Sent,
): Promise<void> {
  try {
    await backend.write(join(bytes, client.bytes.subarray(0, there)));
    // If it was found dead meanwhile, the body is for the next one.
    if (backend.closed) return;
    sent.touched = true;
    client.skip(there);
    sent.end = body.done ? "done" : await passBody(client, backend, body);
    if (sent.end !== "done") backend.close();
  } catch {
    sent.end = "failed";
  }
}

/** An answer that comes before the request is all sent is nothing unusual, and the rest is often on its way. */
async function soon(sending: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, EARLY_MS);
  await Promise.race([sending, promise]);
  clearTimeout(timer);
}

type Answered = Exclude<ExchangeEnd, { kind: "dead" }> | { readonly kind: "dead" };

async function answer(
  request: Request,
  client: Inbox,
  backend: Inbox,
  answering: (status: number) => void,
): Promise<Answered> {
  for (let interim = 0; interim <= MAX_INTERIM; interim++) {
    const search = new HeadEnd();
    let read = readResponse(backend, search, request.head.method);
    while (read === undefined && await backend.fill()) {
      read = readResponse(backend, search, request.head.method);
    }
    if (read === undefined) {
      if (backend.length > 0) return refused("the answer ends within its head (RFC 9112, 8)");
      return interim === 0 ? { kind: "dead" } : refused("no answer behind an interim one");
    }
    if (read.kind === "bad") return refused(read.detail);
    const { head, framing, length } = read;
    const { status } = head;
    const upgraded = status === 101;
    if (upgraded && !(request.framing.upgrade && framing.upgrade)) {
      return refused("101 without an upgrade that was asked for (RFC 9110, 15.2.2)");
    }
    const body = new BodyCursor(framing.body);
    const { bytes } = backend;
    const there = body.take(bytes, length);
    if (body.error !== undefined) return refused(body.error);
    const final = status >= 200;
    if (final || upgraded) answering(status);
    const persistent = request.framing.persistent && framing.body.kind !== "close";
    const connection = upgraded
      ? "Connection: upgrade\r\n"
      : final && !persistent
      ? "Connection: close\r\n"
      : final && request.head.version === "1.0"
      ? "Connection: keep-alive\r\n"
      : "";
    try {
      // RFC 9110, 15.2: interim answers are not for HTTP/1.0.
      if (final || request.head.version === "1.1") {
        const dropped = upgraded ? without(framing.hopByHop, "upgrade") : framing.hopByHop;
        await client.stream.write(rewrite(bytes, length, dropped, connection, there));
      }
      backend.skip(length + there);
      if (upgraded) return { kind: "upgraded" };
      if (!final) continue;
      if (!body.done && await passBody(backend, client.stream, body) !== "done") {
        return broken("backend");
      }
      return { kind: "answered", status, reusable: framing.persistent, persistent };
    } catch {
      return broken("client");
    }
  }
  return refused(`more than ${MAX_INTERIM} interim answers`);
}

interface Response {
  readonly kind: "response";
  readonly head: ResponseHead;
  readonly framing: Framing;
  readonly length: number;
}

function readResponse(
  backend: Inbox,
  search: HeadEnd,
  method: string,
): Response | BadHead | undefined {
  const { bytes } = backend;
  const end = search.find(bytes, 0);
  if (end === undefined || typeof end === "object") return end;
  const head = parseResponseHead(bytes, 0, end);
  if (head.kind === "bad") return head;
  const framing = responseFraming(head, method);
  if (framing.kind === "bad") return framing;
  return { kind: "response", head, framing, length: end };
}

/** The request's head as the backend gets it: without what is between the client and us. */
function forwardedHead(
  head: RequestHead,
  framing: Framing,
  bytes: Uint8Array<ArrayBuffer>,
  length: number,
): Uint8Array<ArrayBuffer> {
  let dropped = framing.upgrade ? without(framing.hopByHop, "upgrade") : framing.hopByHop;
  let added = framing.upgrade ? "Connection: upgrade\r\n" : "";
  if (!head.target.startsWith("/") && head.target !== "*") {
    // RFC 9112, 3.2.2: Host has to say what the target says.
    const host = /^https?:\/\/([^/?#]*)/i.exec(head.target)?.[1] ?? "";
    const field = head.fields.find(({ name }) => name === "host");
    if (field?.value !== host) {
      if (field !== undefined) {
        dropped = [...dropped, field].sort((a, b) => a.start - b.start);
      }
      added += `Host: ${host}\r\n`;
    }
  }
  return rewrite(bytes, length, dropped, added, 0);
}

/**
 * A head as it came, but for some lines, and what comes behind it.
 *
 * @param bytes A head, and more. What is dropped is overwritten.
 * @param length Length of the head, its empty line included.
 * @param dropped Lines to leave out, in the order they came.
 * @param added Lines to add.
 * @param behind How many of the bytes behind the head belong to it.
 * @returns If nothing is added, a view of the bytes: allocating memory costs more than all the parsing.
 */
function rewrite(
  bytes: Uint8Array<ArrayBuffer>,
  length: number,
  dropped: readonly Field[],
  added: string,
  behind: number,
): Uint8Array<ArrayBuffer> {
  if (dropped.length === 0 && added === "") return bytes.subarray(0, length + behind);
  // From behind: what is kept moves into the room of what is dropped.
  let start = length;
  let end = length;
  for (let i = dropped.length - 1; i >= 0; i--) {
    const line = dropped[i];
    start -= end - line.end;
    bytes.copyWithin(start, line.end, end);
    end = line.start;
  }
  start -= end;
  bytes.copyWithin(start, 0, end);
  if (added === "") return bytes.subarray(start, length + behind);
  const emptyLine = length - 2;
  const result = new Uint8Array(length - start + added.length + behind);
  result.set(bytes.subarray(start, emptyLine));
  result.set(encoder.encode(added), emptyLine - start);
  result.set(bytes.subarray(emptyLine, length + behind), emptyLine - start + added.length);
  return result;
}

function without(fields: readonly Field[], name: string): Field[] {
  return fields.filter((field) => field.name !== name);
}

function refused(
  detail: string,
  status = 502,
): { kind: "refused"; status: number; detail: string } {
  return { kind: "refused", status, detail };
}

function broken(by: "client" | "backend"): { kind: "broken"; by: "client" | "backend" } {
  return { kind: "broken", by };
}
