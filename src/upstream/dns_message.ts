/**
 * DNS messages: questions for addresses, and what is answered. RFC 1035, 4.
 *
 * @module
 */
import { VectorReader } from "../sniff/vector_reader.ts";

/** What a question is about: IPv4 or IPv6 addresses. */
export type AddressType = "A" | "AAAA";

/** A question. */
export interface Question {
  /** Tells its answer from others, 0 to 65535. */
  readonly id: number;
  /** What it is about. */
  readonly type: AddressType;
  /** The name in lower case, without a trailing dot. */
  readonly name: string;
  /** All of it as a message. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What a message says in answer to a question. */
export type Answer =
  /** All addresses of the kind asked for; none, if the name has no such address or does not exist. */
  | { readonly kind: "addresses"; readonly addresses: readonly string[] }
  /** There is more than fits into a datagram. */
  | { readonly kind: "truncated" }
  /** The server can't tell or does not want to. */
  | { readonly kind: "failed"; readonly code: number }
  /** Nothing about this question: an answer to another one, or no answer at all. */
  | { readonly kind: "foreign" };

const CODES = { A: 1, AAAA: 28 } as const;
const CNAME = 5;
const INTERNET = 1;

/** Flags and codes of the header: RFC 1035, 4.1.1. */
const RESPONSE = 0x8000;
const OPCODE = 0x7800;
const AUTHORITATIVE = 0x0400;
const TRUNCATED = 0x0200;
const RECURSION_DESIRED = 0x0100;
const RECURSION_AVAILABLE = 0x0080;
const CODE = 0x000f;
const NO_ERROR = 0;
const NO_SUCH_NAME = 3;

/** Longest name and label: RFC 1035, 2.3.4. */
const MAX_NAME = 253;
const MAX_LABEL = 63;

/** Pointers followed within one name, and aliases from the name asked for to the one that has addresses. */
const MAX_POINTERS = 64;
const MAX_ALIASES = 16;

/** Addresses taken from one message. */
const MAX_ADDRESSES = 128;

const FOREIGN: Answer = { kind: "foreign" };

/**
 * Writes a question.
 *
 * @param name The name, without a trailing dot.
 * @param type What it is about.
 * @param id Tells its answer from others; to be drawn so that nobody can guess it (RFC 5452, 4.3).
 * @returns The question; `undefined` if nothing can have such a name.
 *
 * @example
 * ```ts
 * import { createQuestion, readAnswer } from "./dns_message.ts";
 *
 * const question = createQuestion("www.example", "A", 4711);
 * if (question !== undefined) readAnswer(question.bytes, question); // { kind: "foreign" }: it is no answer
 * ```
 */
export function createQuestion(name: string, type: AddressType, id: number): Question | undefined {
  if (name.length > MAX_NAME) return undefined;
  const out: number[] = [id >> 8, id & 0xff, RECURSION_DESIRED >> 8, 0, 0, 1, 0, 0, 0, 0, 0, 0];
  for (const label of name.split(".")) {
    if (label.length === 0 || label.length > MAX_LABEL) return undefined;
    out.push(label.length);
    for (let i = 0; i < label.length; i++) {
      const code = label.charCodeAt(i);
      if (code > 0x7f) return undefined;
      out.push(code);
    }
  }
  out.push(0, 0, CODES[type], 0, INTERNET);
  return { id, type, name: name.toLowerCase(), bytes: new Uint8Array(out) };
}

/**
 * Reads an answer. Only addresses count that belong to the name asked for, or to the one it is an alias of.
 *
 * @param bytes A message, from whomever.
 * @param question What was asked.
 * @returns What it says. Never throws.
 */
export function readAnswer(bytes: Uint8Array, question: Question): Answer {
  const reader = new VectorReader(bytes, 0, bytes.length);
  const id = reader.uint16();
  const flags = reader.uint16();
  const questions = reader.uint16();
  let records = reader.uint16();
  reader.skip(4);
  if (reader.broken || id !== question.id || (flags & (RESPONSE | OPCODE)) !== RESPONSE) {
    return FOREIGN;
  }
  const code = flags & CODE;
  const failed = code !== NO_ERROR && code !== NO_SUCH_NAME;
  // Who does not understand a question need not repeat it.
  if (questions === 0 && failed) return { kind: "failed", code };
  if (
    questions !== 1 || readName(reader) !== question.name ||
    reader.uint16() !== CODES[question.type] || reader.uint16() !== INTERNET || reader.broken
  ) return FOREIGN;
  if (failed) return { kind: "failed", code };
  if ((flags & TRUNCATED) !== 0) return { kind: "truncated" };
  // It knows nothing itself and asks nobody: this says where to ask, not that there is nothing.
  const ignorant = (flags & (AUTHORITATIVE | RECURSION_AVAILABLE)) === 0;
  if (ignorant && code === NO_ERROR && records === 0) return { kind: "failed", code };

  const aliases = new Map<string, string>();
  const owned: [owner: string, address: string][] = [];
  for (; records > 0; records--) {
    const owner = readName(reader);
    const type = reader.uint16();
    const kind = reader.uint16();
    reader.skip(4);
    const data = reader.vector(reader.uint16());
    if (reader.broken) return FOREIGN;
    if (kind !== INTERNET) continue;
    if (type === CNAME) {
      const target = readName(data);
      if (data.broken) return FOREIGN;
      aliases.set(owner, target);
    } else if (type === CODES[question.type] && owned.length < MAX_ADDRESSES) {
      const length = data.end - data.at;
      if (length !== (type === CODES.A ? 4 : 16)) return FOREIGN;
      owned.push([owner, type === CODES.A ? readIPv4(data) : readIPv6(data)]);
    }
  }
  let name = question.name;
  for (let hops = 0; hops < MAX_ALIASES; hops++) name = aliases.get(name) ?? name;
  const addresses = owned.filter(([owner]) => owner === name).map(([, address]) => address);
  return { kind: "addresses", addresses };
}

/** Reads a name, in lower case; the reader breaks if it is none. */
function readName(reader: VectorReader): string {
  let at = reader;
  let text = "";
  for (let pointers = 0;;) {
    const start = at.at;
    const length = at.uint8();
    if (length >= 0xc0) {
      const target = (length & 0x3f) << 8 | at.uint8();
      // Backwards only, so that it comes to an end.
      if (target >= start || ++pointers > MAX_POINTERS) reader.broken = true;
      at = new VectorReader(reader.bytes, target, reader.bytes.length);
    } else if (length > MAX_LABEL) {
      reader.broken = true;
    } else if (length === 0) {
      if (at.broken) reader.broken = true;
      return text;
    } else {
      if (text !== "") text += ".";
      for (let i = 0; i < length; i++) text += character(at.uint8());
    }
    if (at.broken || text.length > MAX_NAME) reader.broken = true;
    if (reader.broken) return "";
  }
}

/** A byte of a label; a dot in it is not the one between labels. */
function character(byte: number): string {
  if (byte === 0x2e) return "\\.";
  return String.fromCharCode(byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte);
}

function readIPv4(data: VectorReader): string {
  return `${data.uint8()}.${data.uint8()}.${data.uint8()}.${data.uint8()}`;
}

/** In the spelling of RFC 5952: the longest run of zeros is left out. */
function readIPv6(data: VectorReader): string {
  const groups = Array.from({ length: 8 }, () => data.uint16().toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}
