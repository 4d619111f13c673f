/**
 * The PROXY protocol, version 2: a block of bytes.
 *
 * @module
 */
import { parseIpLiteral } from "../config/host_name.ts";
import { crc32c } from "./crc32c.ts";
import { badHeader, type ProxyHeaderResult } from "./proxied.ts";
import { unmapped } from "./unmapped.ts";
import { VectorReader } from "./vector_reader.ts";

/** Longest header, as in nginx. Addresses and the TLVs that are in use take a few hundred bytes. */
const MAX_BLOCK = 4096;

/** What stands before the addresses. */
const FIXED_BYTES = 16;

/** Version and command. */
const LOCAL = 0x20;
const PROXY = 0x21;

const INET = 1;
const INET6 = 2;
/** How many bytes the addresses of a family take, with their ports: UNSPEC, INET, INET6 and UNIX. */
const ADDRESS_BYTES = [0, 12, 36, 216];

const STREAM = 1;
const DGRAM = 2;

/** A TLV type: 2.2.3. */
const CRC32C = 3;
const ZEROS = new Uint8Array(4);

/**
 * Reads a block: 2.2. Looks at the same few bytes until all are there.
 *
 * @param bytes Everything that has come so far; the signature has been seen.
 * @returns The header, why it is none, or `undefined` if more bytes are needed. Never throws.
 */
export function readProxyBlock(bytes: Uint8Array): ProxyHeaderResult {
  if (bytes.length <= 12) return undefined;
  const command = bytes[12];
  if (command !== LOCAL && command !== PROXY) {
    return badHeader(`version and command 0x${command.toString(16)} (2.2)`);
  }
  if (bytes.length <= 13) return undefined;
  // LOCAL is to be accepted, and what it says about addresses ignored.
  const family = command === LOCAL ? 0 : bytes[13] >> 4;
  const transport = command === LOCAL ? 0 : bytes[13] & 15;
  if (family >= ADDRESS_BYTES.length || transport > DGRAM) {
    return badHeader(`family and transport 0x${bytes[13].toString(16)} (2.2)`);
  }
  if (transport === DGRAM) return badHeader("datagrams on a connection (2.2)");
  if (bytes.length < FIXED_BYTES) return undefined;
  const length = FIXED_BYTES + uint16(bytes, 14);
  if (length > MAX_BLOCK) return badHeader(`${length} bytes, over the limit of ${MAX_BLOCK}`);
  const tlvs = FIXED_BYTES + ADDRESS_BYTES[family];
  if (length < tlvs) return badHeader("too short for its addresses (2.2)");
  if (bytes.length < length) return undefined;
  if (command === LOCAL) return { kind: "header", length };
  const problem = checkTlvs(bytes.subarray(0, length), tlvs);
  if (problem !== undefined) return badHeader(problem);
  if (transport !== STREAM || (family !== INET && family !== INET6)) {
    return { kind: "header", length };
  }
  const size = family === INET ? 4 : 16;
  const ports = FIXED_BYTES + 2 * size;
  return {
    kind: "header",
    length,
    source: { host: hostAt(bytes, FIXED_BYTES, size), port: uint16(bytes, ports) },
    destination: { host: hostAt(bytes, FIXED_BYTES + size, size), port: uint16(bytes, ports + 2) },
  };
}

/** Goes through the TLVs: 2.2. Returns what is wrong, if something is. */
function checkTlvs(block: Uint8Array, start: number): string | undefined {
  const tlvs = new VectorReader(block, start, block.length);
  let checked = false;
  while (tlvs.more) {
    const type = tlvs.uint8();
    const value = tlvs.vector(tlvs.uint16());
    if (tlvs.broken) return "a TLV is cut off (2.2)";
    if (type !== CRC32C) continue;
    if (checked || value.end - value.at !== 4) return "two checksums, or not of 4 bytes (2.2.3)";
    checked = true;
    // Of the whole block, as if the checksum itself were zero.
    const before = crc32c(block.subarray(0, value.at));
    const computed = crc32c(block.subarray(value.end), crc32c(ZEROS, before));
    if (computed !== value.uint16() * 0x10000 + value.uint16()) {
      return "the checksum does not match (2.2.3)";
    }
  }
  return undefined;
}

function hostAt(bytes: Uint8Array, at: number, size: number): string {
  if (size === 4) return bytes.subarray(at, at + size).join(".");
  const groups: string[] = [];
  for (let i = 0; i < size; i += 2) groups.push(uint16(bytes, at + i).toString(16));
  const text = groups.join(":");
  return unmapped(parseIpLiteral(text) ?? text);
}

function uint16(bytes: Uint8Array, at: number): number {
  return bytes[at] << 8 | bytes[at + 1];
}
