/**
 * The PROXY protocol, version 1: a line of text.
 *
 * @module
 */
import { parseIpLiteral } from "../config/host_name.ts";
import { latin1 } from "./latin1.ts";
import { badHeader, type ProxyHeader, type ProxyHeaderResult } from "./proxied.ts";
import { unmapped } from "./unmapped.ts";

/** Longest line, with its CRLF: 2.1. */
const MAX_LINE = 107;

const LF = 10;
const CR = 13;
const SPACE = 32;
const DOT = 46;
const COLON = 58;

/** The fields of a line, in order: 2.1. */
const FIELDS = ["source address", "destination address", "source port", "destination port"];
const FIRST_PORT = 2;

/** What a line is about. */
export type LineFamily = "TCP4" | "TCP6" | "UNKNOWN";

/** Reads what stands behind `PROXY` and the family: 2.1. */
export class ProxyLineReader {
  readonly #family: LineFamily;
  /** Where the next byte is. */
  #at: number;
  #fieldStart: number;
  readonly #fields: string[] = [];

  /**
   * Begins a line.
   *
   * @param family The family.
   * @param start Where the family ends.
   */
  constructor(family: LineFamily, start: number) {
    this.#family = family;
    this.#at = start;
    this.#fieldStart = start;
  }

  /**
   * Looks on from where it stopped.
   *
   * @param bytes Everything that has come so far.
   * @returns The header, why it is none, or `undefined` if more bytes are needed. Never throws.
   */
  read(bytes: Uint8Array): ProxyHeaderResult {
    for (; this.#at < bytes.length; this.#at++) {
      const byte = bytes[this.#at];
      if (bytes[this.#at - 1] === CR) {
        return byte === LF ? this.#header() : badHeader("a bare CR (2.1)");
      }
      if (byte === LF) return badHeader("a bare LF (2.1)");
      if (this.#at >= MAX_LINE - 2 && byte !== CR) {
        return badHeader(`no CRLF in the first ${MAX_LINE} bytes (2.1)`);
      }
      // Whatever stands behind UNKNOWN is to be ignored.
      const problem = this.#family === "UNKNOWN" ? undefined : this.#step(bytes, byte);
      if (problem !== undefined) return badHeader(problem);
    }
    return undefined;
  }

  #step(bytes: Uint8Array, byte: number): string | undefined {
    const index = this.#fields.length;
    const isPort = index >= FIRST_PORT;
    if (byte !== SPACE && byte !== CR) {
      return isFieldByte(byte, isPort, this.#family)
        ? undefined
        : `the ${FIELDS[index]} has a wrong character (2.1)`;
    }
    const text = latin1(bytes, this.#fieldStart, this.#at);
    const field = isPort ? parsePort(text) : parseHost(text, this.#family);
    if (field === undefined) return `the ${FIELDS[index]} is not one (2.1)`;
    if ((byte === CR) !== (index === FIELDS.length - 1)) return "not four fields (2.1)";
    this.#fields.push(field);
    this.#fieldStart = this.#at + 1;
    return undefined;
  }

  #header(): ProxyHeader {
    const length = this.#at + 1;
    if (this.#family === "UNKNOWN") return { kind: "header", length };
    const [source, destination, sourcePort, destinationPort] = this.#fields;
    return {
      kind: "header",
      length,
      source: { host: source, port: Number(sourcePort) },
      destination: { host: destination, port: Number(destinationPort) },
    };
  }
}

function isFieldByte(byte: number, isPort: boolean, family: LineFamily): boolean {
  if (byte >= 48 && byte <= 57) return true;
  if (isPort) return false;
  const letter = byte | 0x20;
  return byte === DOT || family === "TCP6" && (byte === COLON || letter >= 97 && letter <= 102);
}

function parseHost(text: string, family: LineFamily): string | undefined {
  const host = parseIpLiteral(text);
  if (host === undefined || host.includes(":") !== (family === "TCP6")) return undefined;
  return unmapped(host);
}

/** 2.1: no leading zeros. */
function parsePort(text: string): string | undefined {
  return /^(?:0|[1-9][0-9]{0,4})$/.test(text) && Number(text) <= 65535 ? text : undefined;
}
