/**
 * One HTTP/1.x request and its answer, from one client connection to one backend connection and back.
 *
 * @module
 */
import {
  type BadHead,
  type Field,
  HeadEnd,
  parseRequestHead,
  parseResponseHead,
  type RequestHead,
  type ResponseHead,
} from "../sniff/http1_head.ts";
import { type BodyEnd, passBody } from "./body.ts";
import { ChunkedScanner } from "./chunked.ts";
import { type Body, type Framing, requestFraming, responseFraming } from "./http1_framing.ts";
import type { Inbox } from "./inbox.ts";

/** A request whose head has been read, and nothing of its body. */
export interface Request {
  /** Marks the variant. */
  readonly kind: "request";
  /** What the head says. */
  readonly head: RequestHead;
  /** What it says about the body and the connection. */
  readonly framing: Framing;
  /** The head as the backend gets it. */
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

/**
 * Reads the next request's head.
 *
 * @param client The client.
 * @param begun Called once its first byte is there.
 * @returns The request, what is wrong with it, or `undefined` if the client left.
 */
export async function readRequest(
  client: Inbox,
  begun: () => void,
): Promise<Request | BadHead | undefined> {
  const search = new HeadEnd();
  let told = false;
  for (let first = true;;) {
    if (first && client.length >= 2) {
      // RFC 9112, 2.2: an empty line before the request line is to be ignored.
      if (client.bytes[0] === CR && client.bytes[1] === LF) client.skip(2);
      first = false;
    }
    if (client.length > 0 && !told) {
      told = true;
      begun();
    }
    const { bytes } = client;
    const end = first ? undefined : search.find(bytes, 0);
    if (typeof end === "object") return end;
    if (end === undefined) {
      if (!await client.fill()) return undefined;
      continue;
    }
    const head = parseRequestHead(bytes, 0, end);
    if (head.kind === "bad") return head;
    const framing = requestFraming(head);
    if (framing.kind === "bad") return framing;
    const request: Request = {
      kind: "request",
      head,
      framing,
      bytes: forwardedHead(head, framing, bytes.subarray(0, end)),
    };
    client.skip(end);
    return request;
  }
}

/**
 * Passes a request on and its answer back.
 *
 * @param request The request.
 * @param client The client; its inbox begins with the body.
 * @param backend The backend, with nothing in its inbox.
 * @param answering Called when the answer begins, interim ones aside.
 * @returns How it ended. Never rejects.
 */
export async function exchange(
  request: Request,
  client: Inbox,
  backend: Inbox,
  answering: (status: number) => void,
): Promise<ExchangeEnd> {
  const { body } = request.framing;
  const problem = wrongAlready(body, client.bytes);
  if (problem !== undefined) return refused(problem, 400);
  const sent: { end?: BodyEnd | "failed"; touched: boolean } = { touched: false };
  const sending = (async (): Promise<void> => {
    try {
      await backend.stream.write(request.bytes);
      // If it was found dead meanwhile, the body is for the next one.
      if (backend.stream.closed) return;
      sent.touched = body.kind !== "none";
      sent.end = await passBody(client, backend.stream, body);
      if (sent.end !== "done") backend.stream.close();
    } catch {
      sent.end = "failed";
    }
  })();
  const end = await answer(request, client, backend, answering);
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

/** What is wrong with the part of a body that is there: it must not even begin to be passed on. */
function wrongAlready(body: Body, bytes: Uint8Array): string | undefined {
  if (body.kind !== "chunked") return undefined;
  const scanner = new ChunkedScanner();
  scanner.scan(bytes, 0, bytes.length);
  return scanner.error;
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
    const read = await readResponse(backend, request.head.method);
    if (read === "dead") {
      return interim === 0 ? { kind: "dead" } : refused("no answer behind an interim one");
    }
    if (read.kind === "bad") return refused(read.detail);
    const { head, framing, length } = read;
    const { status } = head;
    const upgraded = status === 101;
    if (upgraded && !(request.framing.upgrade && framing.upgrade)) {
      return refused("101 without an upgrade that was asked for (RFC 9110, 15.2.2)");
    }
    const problem = wrongAlready(framing.body, backend.bytes.subarray(length));
    if (problem !== undefined) return refused(problem);
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
        await client.stream.write(
          rewriteHead(backend.bytes.subarray(0, length), dropped, connection),
        );
      }
      backend.skip(length);
      if (upgraded) return { kind: "upgraded" };
      if (!final) continue;
      const end = await passBody(backend, client.stream, framing.body);
      if (end !== "done") return broken("backend");
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

async function readResponse(backend: Inbox, method: string): Promise<Response | BadHead | "dead"> {
  const search = new HeadEnd();
  for (;;) {
    const { bytes } = backend;
    const end = search.find(bytes, 0);
    if (typeof end === "object") return { ...end, status: 502 };
    if (end !== undefined) {
      const head = parseResponseHead(bytes, 0, end);
      if (head.kind === "bad") return head;
      const framing = responseFraming(head, method);
      if (framing.kind === "bad") return framing;
      return { kind: "response", head, framing, length: end };
    }
    if (await backend.fill()) continue;
    if (bytes.length === 0) return "dead";
    return { kind: "bad", status: 502, detail: "the answer ends within its head (RFC 9112, 8)" };
  }
}

/** The request's head as the backend gets it: without what is between the client and us. */
function forwardedHead(
  head: RequestHead,
  framing: Framing,
  bytes: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const dropped = framing.upgrade ? without(framing.hopByHop, "upgrade") : [...framing.hopByHop];
  let added = framing.upgrade ? "Connection: upgrade\r\n" : "";
  if (!head.target.startsWith("/") && head.target !== "*") {
    // RFC 9112, 3.2.2: Host has to say what the target says.
    const host = /^https?:\/\/([^/?#]*)/i.exec(head.target)?.[1] ?? "";
    const field = head.fields.find(({ name }) => name === "host");
    if (field?.value !== host) {
      if (field !== undefined) dropped.push(field);
      added += `Host: ${host}\r\n`;
    }
  }
  return rewriteHead(bytes, dropped, added);
}

const encoder = new TextEncoder();

/** A copy of a head as it came, but for some lines. */
function rewriteHead(
  head: Uint8Array<ArrayBuffer>,
  dropped: readonly Field[],
  added: string,
): Uint8Array<ArrayBuffer> {
  if (dropped.length === 0 && added === "") return head.slice();
  const extra = encoder.encode(added);
  const gone = dropped.reduce((sum, { start, end }) => sum + end - start, 0);
  const result = new Uint8Array(head.length - gone + extra.length);
  let from = 0;
  let at = 0;
  const keep = (to: number): void => {
    result.set(head.subarray(from, to), at);
    at += to - from;
  };
  for (const { start, end } of dropped.toSorted((a, b) => a.start - b.start)) {
    keep(start);
    from = end;
  }
  const EMPTY_LINE = 2;
  keep(head.length - EMPTY_LINE);
  result.set(extra, at);
  result.set([CR, LF], at + extra.length);
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
