/**
 * The PROXY protocol as bytes, each of which is a character here, and a backend that writes down what it gets.
 *
 * @module
 */
import { writeAll } from "../relay/sockets.ts";
import { latin1 } from "../sniff/hex.ts";
import { type Backend, serve } from "./peers.ts";

/** One end of a connection. */
export interface End {
  /** An IP address; one of IPv6 has all its groups. */
  readonly host: string;
  /** The port. */
  readonly port: number;
}

/**
 * Reads an address of the runtime.
 *
 * @param addr The address.
 * @returns The same.
 */
export function endOf({ hostname, port }: Deno.NetAddr): End {
  return { host: hostname, port };
}

/**
 * Writes a header of version 1.
 *
 * @param from Where the client is.
 * @param to Where it connected to.
 * @returns The line.
 */
export function line(from: End, to: End): string {
  const family = from.host.includes(":") ? "TCP6" : "TCP4";
  return `PROXY ${family} ${from.host} ${to.host} ${from.port} ${to.port}\r\n`;
}

/** What version 2 begins with. */
export const SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";

/**
 * Writes a header of version 2.
 *
 * @param from Where the client is.
 * @param to Where it connected to.
 * @param tlvs Types and values of what else it says.
 * @returns The block.
 */
export function block(
  from: End,
  to: End,
  tlvs: readonly (readonly [number, string])[] = [],
): string {
  const rest = ip(from.host) + ip(to.host) + uint16(from.port) + uint16(to.port) +
    tlvs.map(([type, value]) => char(type) + uint16(value.length) + value).join("");
  const family = from.host.includes(":") ? 0x21 : 0x11;
  return SIGNATURE + char(0x21) + char(family) + uint16(rest.length) + rest;
}

function ip(host: string): string {
  return host.includes(":")
    ? host.split(":").map((group) => uint16(parseInt(group, 16))).join("")
    : host.split(".").map((byte) => char(Number(byte))).join("");
}

function uint16(value: number): string {
  return char(value >> 8) + char(value & 255);
}

function char(byte: number): string {
  return String.fromCharCode(byte);
}

/** What a backend answers to everything. */
export const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** A backend that writes down what it gets. */
export interface Listening extends Backend {
  /** What each connection has brought, in the order of their first bytes. */
  readonly heard: readonly string[];
}

/**
 * Starts a backend that answers whatever ends in one of some texts.
 *
 * @param texts The texts.
 * @returns The backend.
 */
export function listening(...texts: string[]): Listening {
  const heard: string[] = [];
  const backend = serve(async (conn) => {
    let index: number | undefined;
    const buffer = new Uint8Array(4096);
    for (let count; (count = await conn.read(buffer)) !== null;) {
      index ??= heard.push("") - 1;
      heard[index] += String.fromCharCode(...buffer.subarray(0, count));
      const said = heard[index];
      if (texts.some((text) => said.endsWith(text))) await writeAll(conn, latin1(ANSWER));
    }
  });
  return {
    heard,
    port: backend.port,
    get accepted(): number {
      return backend.accepted;
    },
    [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose](),
  };
}
