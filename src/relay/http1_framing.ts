/**
 * Where the body of an HTTP/1.x message ends, and whether its connection goes on: RFC 9112, 6, 7 and 9. Strict:
 * what two parsers might read differently is an error, for request smuggling and response splitting live there.
 *
 * @module
 */
import { type Field, HOP_BY_HOP, INALIENABLE } from "../sniff/http1_fields.ts";
import type { BadHead, RequestHead, ResponseHead } from "../sniff/http1_head.ts";

/** How a body is delimited; `close` is a response's that ends with its connection. */
export type Body =
  | { readonly kind: "none" | "chunked" | "close" }
  | { readonly kind: "length"; readonly length: number };

/** What the head of a message says about its body and its connection. */
export interface Framing {
  /** Marks the variant. */
  readonly kind: "framing";
  /** How the body is delimited. */
  readonly body: Body;
  /** Whether the connection may be used again once the message is over. */
  readonly persistent: boolean;
  /** Whether the sender offers, or has agreed, to speak something else from here on: RFC 9110, 7.8. */
  readonly upgrade: boolean;
  /** Fields that are for the next hop alone (RFC 9110, 7.6.1), in the order they came. */
  readonly hopByHop: readonly Field[];
}

const LENGTH = /^[0-9]{1,15}$/;

const NO_OPTIONS: readonly string[] = [];

/** What a Connection field mostly says. */
const KEEP_ALIVE: readonly string[] = ["keep-alive"];
const CLOSES: readonly string[] = ["close"];

const NONE: Body = { kind: "none" };
const CHUNKED: Body = { kind: "chunked" };
const CLOSE: Body = { kind: "close" };

/**
 * Reads the framing of a request: RFC 9112, 6.3.
 *
 * @param head Its head.
 * @returns The framing, or what is wrong: status 400, or 501 for a coding that is not known.
 */
export function requestFraming({ fields, version }: RequestHead): Framing | BadHead {
  return readFraming(fields, version, 400, NONE);
}

/**
 * Reads the framing of a response: RFC 9112, 6.3.
 *
 * @param head Its head.
 * @param method The method of the request it answers.
 * @returns The framing, or what is wrong: status 502.
 */
export function responseFraming(
  { fields, version, status }: ResponseHead,
  method: string,
): Framing | BadHead {
  const framing = readFraming(fields, version, 502, CLOSE);
  if (framing.kind === "bad") return framing;
  const bodiless = method === "HEAD" || status < 200 || status === 204 || status === 304;
  const body = bodiless ? NONE : framing.body;
  const { kind, upgrade, hopByHop } = framing;
  return { kind, body, persistent: framing.persistent && body !== CLOSE, upgrade, hopByHop };
}

function readFraming(
  fields: readonly Field[],
  version: "1.0" | "1.1",
  status: number,
  otherwise: Body,
): Framing | BadHead {
  let length: string | undefined;
  let coding: string | undefined;
  let options = NO_OPTIONS;
  for (const { name, value } of fields) {
    if (name === "content-length") {
      if (length !== undefined) return bad(status, "more than one Content-Length (RFC 9112, 6.3)");
      length = value;
    } else if (name === "transfer-encoding") {
      coding = coding === undefined ? value : `${coding},${value}`;
    } else if (name === "connection") {
      options = [...options, ...optionsOf(value)];
    }
  }
  for (const option of options) {
    if (INALIENABLE.has(option)) {
      return bad(status, `Connection names ${option} (RFC 9110, 7.6.1)`);
    }
  }
  let body = otherwise;
  if (coding !== undefined) {
    if (length !== undefined) {
      return bad(status, "Content-Length beside Transfer-Encoding (RFC 9112, 6.3)");
    }
    if (version === "1.0") return bad(status, "Transfer-Encoding in HTTP/1.0 (RFC 9112, 6.1)");
    const problem = checkCoding(coding);
    if (problem === "unknown") {
      const code = status === 400 ? 501 : 502;
      return bad(code, `a transfer coding that is not known (RFC 9112, 6.1)`);
    }
    if (problem === "misplaced") return bad(status, "chunked not once and last (RFC 9112, 6.1)");
    body = CHUNKED;
  } else if (length !== undefined) {
    if (!LENGTH.test(length)) return bad(status, "Content-Length is not a number (RFC 9110, 8.6)");
    body = { kind: "length", length: Number(length) };
  }
  const hopByHop = fields.filter(({ name }) => HOP_BY_HOP.has(name) || options.includes(name));
  const closes = options.includes("close");
  return {
    kind: "framing",
    body,
    persistent: !closes && (version === "1.1" || options.includes("keep-alive")),
    // RFC 9110, 7.8: an HTTP/1.0 sender can't mean it.
    upgrade: version === "1.1" && options.includes("upgrade") && offersUpgrade(fields),
    hopByHop,
  };
}

function bad(status: number, detail: string): BadHead {
  return { kind: "bad", status, detail };
}

/** RFC 9113, 3.1: h2c is obsolete here, and in a tunnel of it only the first request would have been routed. */
function offersUpgrade(fields: readonly Field[]): boolean {
  const offers = fields.filter(({ name }) => name === "upgrade");
  return offers.length > 0 && offers.every(({ value }) => !elements(value).includes("h2c"));
}

/** RFC 9112, 6.1 and 7: `chunked` is the only coding there is here, and it comes once and last. */
function checkCoding(value: string): "unknown" | "misplaced" | undefined {
  const codings = elements(value);
  const chunked = codings.filter((coding) => coding === "chunked").length;
  if (chunked !== 1 || codings[codings.length - 1] !== "chunked") {
    return chunked === 0 && codings.every((coding) => /^[!-~]+$/.test(coding))
      ? "unknown"
      : "misplaced";
  }
  return codings.length === 1 ? undefined : "unknown";
}

function optionsOf(value: string): readonly string[] {
  return value === "keep-alive" ? KEEP_ALIVE : value === "close" ? CLOSES : elements(value);
}

/** The elements of a list in lower case: RFC 9110, 5.6.1. */
function elements(value: string): string[] {
  return value.toLowerCase().split(",").map(trimBlanks);
}

/** RFC 9110, 5.6.3: white space is spaces and tabs; `trim` would take a no-break space for it as well. */
function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text[start])) start++;
  while (end > start && isBlank(text[end - 1])) end--;
  return text.slice(start, end);
}

function isBlank(char: string): boolean {
  return char === " " || char === "\t";
}
