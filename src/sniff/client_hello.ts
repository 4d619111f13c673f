/**
 * The TLS ClientHello: what it asks for, read without touching a key.
 *
 * @module
 */
import { hostName } from "./host_name.ts";
import { HelloRecords } from "./hello_records.ts";
import type { HelloFacts, Malformed, Sniffed, Sniffer, SniffResult } from "./sniffed.ts";
import { VectorReader } from "./vector_reader.ts";

/** Longest message read, without its header. */
const MAX_MESSAGE = 65536;

/** Type and length: RFC 8446, 4. */
const MESSAGE_HEADER = 4;
const CLIENT_HELLO = 1;

const SERVER_NAME = 0;
const ALPN = 16;
const SUPPORTED_VERSIONS = 43;
const KEY_SHARE = 51;
/** RFC 9849, 5. A client without a key for it sends noise of the same shape (6.2), so it is not looked into. */
const ENCRYPTED_CLIENT_HELLO = 0xfe0d;

/** ALPN ids kept; nobody offers so many. */
const MAX_ALPN = 64;

/** Hybrid groups: X25519MLKEM768, SecP256r1MLKEM768, SecP384r1MLKEM1024, and the two Kyber drafts. */
const POST_QUANTUM = new Set([0x11ec, 0x11eb, 0x11ed, 0x6399, 0x639a]);

/**
 * Reads the ClientHello of one connection.
 *
 * @example
 * ```ts
 * import { ClientHelloSniffer } from "./client_hello.ts";
 *
 * const sniffer = new ClientHelloSniffer();
 * const result = sniffer.sniff(new Uint8Array([22, 3, 1, 0, 200, 1])); // undefined: more bytes are needed
 * ```
 */
export class ClientHelloSniffer implements Sniffer {
  readonly #records = new HelloRecords();
  /** Of the whole message, once its header is there. */
  #length?: number;

  /**
   * Looks at what there is: RFC 8446, 4.1.2 and 5.1. What comes behind the hello is not looked at: it may be early
   * data (RFC 8446, 4.2.10).
   *
   * @param bytes Everything the client has sent so far.
   * @returns The hello, what is wrong with it, or `undefined` if more bytes are needed. Never throws.
   */
  sniff(bytes: Uint8Array): SniffResult {
    if (this.#length === undefined) {
      const length = this.#readHeader(bytes);
      if (typeof length !== "number") return length;
      this.#length = length;
    }
    const problem = this.#records.read(bytes, this.#length);
    if (problem !== undefined) return malformed(problem);
    const { message, count } = this.#records;
    return message.length < this.#length
      ? undefined
      : parse(message.subarray(0, this.#length), count);
  }

  /** The length of the whole message. Reads no further than it must, so that the verdict is the same for any cut. */
  #readHeader(bytes: Uint8Array): number | Malformed | undefined {
    const problem = this.#records.read(bytes, MESSAGE_HEADER);
    const message = this.#records.message;
    if (message.length > 0 && message[0] !== CLIENT_HELLO) {
      return malformed(`a message of type ${message[0]}, not a ClientHello (RFC 8446, 4.1.2)`);
    }
    if (problem !== undefined) return malformed(problem);
    if (message.length < MESSAGE_HEADER) return undefined;
    const length = message[1] << 16 | message[2] << 8 | message[3];
    return length > MAX_MESSAGE
      ? malformed(`a ClientHello of ${length} bytes, over the limit of ${MAX_MESSAGE}`)
      : MESSAGE_HEADER + length;
  }
}

/** What the extensions add. */
interface Found {
  name?: string;
  alpn: string[];
  versions: number[];
  ech: boolean;
  postQuantum: boolean;
}

function parse(message: Uint8Array, records: number): Sniffed | Malformed {
  const reader = new VectorReader(message, MESSAGE_HEADER, message.length);
  const legacyVersion = reader.uint16();
  const RANDOM = 32;
  reader.skip(RANDOM);
  const sessionId = reader.vector(reader.uint8());
  if (reader.broken || sessionId.end - sessionId.at > 32) {
    return malformed("legacy_session_id cut off or over 32 bytes (RFC 8446, 4.1.2)");
  }
  const suites = reader.vector(reader.uint16());
  if (!suites.more || (suites.end - suites.at) % 2 !== 0) {
    return malformed("cipher_suites empty, odd or cut off (RFC 8446, 4.1.2)");
  }
  const compression = reader.vector(reader.uint8());
  if (!compression.more) {
    return malformed("legacy_compression_methods empty or cut off (RFC 8446, 4.1.2)");
  }
  const found: Found = { alpn: [], versions: [], ech: false, postQuantum: false };
  if (reader.more) {
    const extensions = reader.vector(reader.uint16());
    if (reader.broken || reader.more) {
      return malformed("extensions do not end where the message ends (RFC 8446, 4.1.2)");
    }
    const problem = readExtensions(extensions, found);
    if (problem !== undefined) return malformed(problem);
  }
  const tls: HelloFacts = {
    versions: found.versions.length > 0 ? found.versions : [legacyVersion],
    size: message.length,
    records,
    ech: found.ech,
    postQuantum: found.postQuantum,
  };
  return { kind: "sniffed", protocol: "tls", name: found.name, alpn: found.alpn, tls };
}

/** RFC 8446, 4.2. Returns what is wrong, if something is. */
function readExtensions(extensions: VectorReader, found: Found): string | undefined {
  let seen = 0;
  while (extensions.more) {
    const type = extensions.uint16();
    const data = extensions.vector(extensions.uint16());
    if (extensions.broken) return "an extension is cut off (RFC 8446, 4.2)";
    const read = EXTENSIONS.get(type);
    if (read === undefined) continue;
    if ((seen & read.bit) !== 0) return `extension ${type} appears twice (RFC 8446, 4.2)`;
    seen |= read.bit;
    const problem = read.read(data, found);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** The extensions that are looked into, each with a bit that says it was seen. */
const EXTENSIONS = new Map<
  number,
  { bit: number; read: (data: VectorReader, found: Found) => string | undefined }
>([
  [SERVER_NAME, { bit: 1, read: readServerName }],
  [ALPN, { bit: 2, read: readAlpn }],
  [SUPPORTED_VERSIONS, { bit: 4, read: readVersions }],
  [KEY_SHARE, { bit: 8, read: readKeyShare }],
  [ENCRYPTED_CLIENT_HELLO, {
    bit: 16,
    read: (_data, found): undefined => {
      found.ech = true;
    },
  }],
]);

/** RFC 6066, 3. */
function readServerName(data: VectorReader, found: Found): string | undefined {
  const list = data.vector(data.uint16());
  if (data.broken || data.more || !list.more) {
    return "the server_name list is empty or does not fit its extension (RFC 6066, 3)";
  }
  let hostNames = 0;
  while (list.more) {
    const HOST_NAME = 0;
    const type = list.uint8();
    const entry = list.vector(list.uint16());
    if (list.broken) return "a server_name entry is cut off (RFC 6066, 3)";
    if (type !== HOST_NAME) continue;
    if (++hostNames > 1) return "server_name has two host names (RFC 6066, 3)";
    // Longer ones are no names, whatever they say: 253 bytes and a trailing dot.
    if (entry.end - entry.at <= 254) found.name = hostName(entry.text());
  }
  return undefined;
}

/** RFC 7301, 3.1. */
function readAlpn(data: VectorReader, found: Found): string | undefined {
  const list = data.vector(data.uint16());
  if (data.broken || data.more || !list.more) {
    return "the ALPN list is empty or does not fit its extension (RFC 7301, 3.1)";
  }
  while (list.more) {
    const id = list.vector(list.uint8());
    if (list.broken || !id.more) return "an ALPN id is cut off or empty (RFC 7301, 3.1)";
    const grease = id.end - id.at === 2 && isGrease(id.bytes[id.at] << 8 | id.bytes[id.at + 1]);
    if (!grease && found.alpn.length < MAX_ALPN) found.alpn.push(id.text());
  }
  return undefined;
}

/** RFC 8446, 4.2.1. */
function readVersions(data: VectorReader, found: Found): string | undefined {
  const list = data.vector(data.uint8());
  if (data.broken || data.more || !list.more) {
    return "supported_versions is empty or does not fit its extension (RFC 8446, 4.2.1)";
  }
  while (list.more) {
    const version = list.uint16();
    if (list.broken) return "supported_versions has half a version (RFC 8446, 4.2.1)";
    if (!isGrease(version)) found.versions.push(version);
  }
  return undefined;
}

/** RFC 8446, 4.2.8: may be empty, when the client wants to be told which group to use. */
function readKeyShare(data: VectorReader, found: Found): string | undefined {
  const list = data.vector(data.uint16());
  if (data.broken || data.more) {
    return "the key_share list does not fit its extension (RFC 8446, 4.2.8)";
  }
  while (list.more) {
    const group = list.uint16();
    list.vector(list.uint16());
    if (list.broken) return "a key share is cut off (RFC 8446, 4.2.8)";
    if (POST_QUANTUM.has(group)) found.postQuantum = true;
  }
  return undefined;
}

/** RFC 8701, 2: 0x0a0a, 0x1a1a and so on. */
function isGrease(value: number): boolean {
  return (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 0xff);
}

function malformed(detail: string): Malformed {
  return { kind: "malformed", protocol: "tls", detail };
}
