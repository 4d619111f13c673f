/**
 * HPACK, the header compression of HTTP/2, as far as a request has to be read: RFC 7541.
 *
 * @module
 */
import { decodeHuffman } from "./huffman.ts";
import { latin1 } from "./latin1.ts";

/** What a peer may use that has been told nothing else: RFC 9113, 6.5.2. */
const MAX_TABLE = 4096;

/** Longest header list, counted as RFC 7541, 4.1. */
const MAX_LIST = 64 * 1024;

/** What an entry costs beside its bytes: RFC 7541, 4.1. */
const ENTRY_OVERHEAD = 32;

/** A header field: name and value. */
export type HeaderField = readonly [name: string, value: string];

/** RFC 7541, Appendix A. */
const STATIC: readonly HeaderField[] = [
  [":authority", ""],
  [":method", "GET"],
  [":method", "POST"],
  [":path", "/"],
  [":path", "/index.html"],
  [":scheme", "http"],
  [":scheme", "https"],
  ...["200", "204", "206", "304", "400", "404", "500"].map((
    code,
  ): HeaderField => [":status", code]),
  ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"],
  ...(
    "accept-language accept-ranges accept access-control-allow-origin age allow authorization " +
    "cache-control content-disposition content-encoding content-language content-length " +
    "content-location content-range content-type cookie date etag expect expires from host " +
    "if-match if-modified-since if-none-match if-range if-unmodified-since last-modified link " +
    "location max-forwards proxy-authenticate proxy-authorization range referer refresh " +
    "retry-after server set-cookie strict-transport-security transfer-encoding user-agent vary " +
    "via www-authenticate"
  ).split(" ").map((name): HeaderField => [name, ""]),
];

/** A header block that breaks RFC 7541; the message says how. */
export interface HpackError {
  /** What is wrong, and where the rule stands. */
  readonly error: string;
}

/**
 * Decodes the first header block of a connection: the dynamic table begins empty and lives as long as the block.
 *
 * @param bytes A buffer.
 * @param start Where the block begins.
 * @param end Where it ends.
 * @returns The fields in their order, or what is wrong. Never throws.
 *
 * @example
 * ```ts
 * import { decodeHeaders } from "./hpack.ts";
 *
 * decodeHeaders(new Uint8Array([0x82]), 0, 1); // [[":method", "GET"]]
 * ```
 */
export function decodeHeaders(
  bytes: Uint8Array,
  start: number,
  end: number,
): HeaderField[] | HpackError {
  const decoder = new BlockDecoder(bytes, start, end);
  const fields: HeaderField[] = [];
  let size = 0;
  while (decoder.more) {
    const field = decoder.next(fields.length === 0);
    if (decoder.error !== undefined) return { error: decoder.error };
    if (field === undefined) continue;
    size += sizeOf(field);
    if (size > MAX_LIST) return { error: `a header list of more than ${MAX_LIST} bytes` };
    fields.push(field);
  }
  return fields;
}

function sizeOf([name, value]: HeaderField): number {
  return name.length + value.length + ENTRY_OVERHEAD;
}

/** Reads one block; once there is an error, nothing it returns means anything. */
class BlockDecoder {
  error?: string;
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;
  /** Newest last. */
  readonly #table: HeaderField[] = [];
  #tableSize = 0;
  #maxSize = MAX_TABLE;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get more(): boolean {
    return this.#at < this.#end;
  }

  /** RFC 7541, 6. A size update gives no field, and is for the block's beginning alone (4.2). */
  next(beginning: boolean): HeaderField | undefined {
    const first = this.#bytes[this.#at];
    if ((first & 0x80) !== 0) return this.#entry(this.#integer(7));
    if ((first & 0x40) !== 0) {
      const field = this.#literal(6);
      this.#add(field);
      return field;
    }
    if ((first & 0x20) === 0) return this.#literal(4);
    const size = this.#integer(5);
    if (!beginning) this.#fail("a table size update behind a field (RFC 7541, 4.2)");
    else if (size > MAX_TABLE) this.#fail("a table size over the limit (RFC 7541, 6.3)");
    this.#maxSize = size;
    this.#evict(0);
    return undefined;
  }

  /** RFC 7541, 2.3.3. */
  #entry(index: number): HeaderField {
    const field = index <= STATIC.length
      ? STATIC[index - 1]
      : this.#table[this.#table.length - (index - STATIC.length)];
    if (field === undefined) this.#fail(`no table entry ${index} (RFC 7541, 2.3.3)`);
    return field ?? ["", ""];
  }

  /** RFC 7541, 6.2. */
  #literal(prefix: number): HeaderField {
    const index = this.#integer(prefix);
    const name = index === 0 ? this.#string() : this.#entry(index)[0];
    return [name, this.#string()];
  }

  /** RFC 7541, 4.4. */
  #add(field: HeaderField): void {
    const size = sizeOf(field);
    this.#evict(size);
    if (size > this.#maxSize) return;
    this.#table.push(field);
    this.#tableSize += size;
  }

  /** RFC 7541, 4.3: the oldest go first, until there is room. */
  #evict(room: number): void {
    let gone = 0;
    while (gone < this.#table.length && this.#tableSize + room > this.#maxSize) {
      this.#tableSize -= sizeOf(this.#table[gone++]);
    }
    this.#table.splice(0, gone);
  }

  /** RFC 7541, 5.1, bounded: nothing here is as large as 2^28. */
  #integer(prefix: number): number {
    const mask = 2 ** prefix - 1;
    let value = this.#byte() & mask;
    if (value < mask) return value;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return value;
    }
    this.#fail("an integer too large (RFC 7541, 5.1)");
    return 0;
  }

  /** RFC 7541, 5.2. */
  #string(): string {
    const huffman = this.more && (this.#bytes[this.#at] & 0x80) !== 0;
    const length = this.#integer(7);
    const start = this.#at;
    if (length > this.#end - start) {
      this.#fail("a string that is cut off (RFC 7541, 5.2)");
      return "";
    }
    this.#at += length;
    const text = huffman
      ? decodeHuffman(this.#bytes, start, this.#at)
      : latin1(this.#bytes, start, this.#at);
    if (text === undefined) this.#fail("a bad Huffman code (RFC 7541, 5.2)");
    return text ?? "";
  }

  #byte(): number {
    if (this.#at < this.#end) return this.#bytes[this.#at++];
    this.#fail("a block that is cut off (RFC 7541, 5.1)");
    return 0;
  }

  #fail(error: string): void {
    this.error ??= error;
    this.#at = this.#end;
  }
}
