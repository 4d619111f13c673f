/**
 * The TLS ClientHello: what it asks for, read without touching a key.
 *
 * @module
 */
import { hostName } from "./host_name.ts";
import { HelloRecords } from "./hello_records.ts";
import type { HelloFacts, Malformed, Sniffed, Sniffer, SniffResult } from "./sniffed.ts";

/** Longest message read, without its header. */
const MAX_MESSAGE = 65536;

/** Type and length: RFC 8446, 4. */
const MESSAGE_HEADER = 4;
const CLIENT_HELLO = 1;

const SERVER_NAME = 0;
const ALPN = 16;
const SUPPORTED_VERSIONS = 43;
const KEY_SHARE = 51;
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
  #length = Infinity;

  /**
   * Looks at what there is: RFC 8446, 4.1.2 and 5.1.
   *
   * @param bytes Everything the client has sent so far.
   * @returns The hello, what is wrong with it, or `undefined` if more bytes are needed. Never throws.
   */
  sniff(bytes: Uint8Array): SniffResult {
    const problem = this.#records.read(bytes, this.#length);
    const message = this.#records.message;
    if (this.#length === Infinity && message.length >= MESSAGE_HEADER) {
      if (message[0] !== CLIENT_HELLO) {
        return malformed("the first message is not a ClientHello (RFC 8446, 4.1.2)");
      }
      const length = message[1] << 16 | message[2] << 8 | message[3];
      if (length > MAX_MESSAGE) return malformed(`a ClientHello of ${length} bytes is too long`);
      this.#length = MESSAGE_HEADER + length;
    }
    if (message.length < this.#length) {
      return problem === undefined ? undefined : malformed(problem);
    }
    return parse(message.subarray(0, this.#length), this.#records.count);
  }
}

/** Reads vectors from a message; once it has run past an end it is `broken`, and everything reads as empty. */
class Reader {
  at: number;
  end: number;
  broken = false;
  constructor(readonly bytes: Uint8Array, at: number, end: number) {
    this.at = at;
    this.end = end;
  }

  get more(): boolean {
    return !this.broken && this.at < this.end;
  }

  uint8(): number {
    return this.skip(1) ? this.bytes[this.at - 1] : 0;
  }

  uint16(): number {
    return this.skip(2) ? this.bytes[this.at - 2] << 8 | this.bytes[this.at - 1] : 0;
  }

  skip(count: number): boolean {
    if (this.broken || this.at + count > this.end) {
      this.broken = true;
      return false;
    }
    this.at += count;
    return true;
  }

  /** A vector of so many bytes, which is skipped here. */
  vector(length: number): Reader {
    const start = this.at;
    const fits = this.skip(length);
    return new Reader(this.bytes, start, fits ? start + length : start);
  }

  text(): string {
    return String.fromCharCode(...this.bytes.subarray(this.at, this.end));
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
  const reader = new Reader(message, MESSAGE_HEADER, message.length);
  const legacyVersion = reader.uint16();
  const RANDOM = 32;
  reader.skip(RANDOM);
  const sessionId = reader.vector(reader.uint8());
  if (sessionId.end - sessionId.at > 32) {
    return malformed("legacy_session_id over 32 bytes (RFC 8446, 4.1.2)");
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
function readExtensions(extensions: Reader, found: Found): string | undefined {
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
  { bit: number; read: (data: Reader, found: Found) => string | undefined }
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
function readServerName(data: Reader, found: Found): string | undefined {
  const list = data.vector(data.uint16());
  if (data.broken || data.more || !list.more) {
    return "server_name is cut off or empty (RFC 6066, 3)";
  }
  let hostNames = 0;
  while (list.more) {
    const HOST_NAME = 0;
    const type = list.uint8();
    const entry = list.vector(list.uint16());
    if (list.broken) return "server_name is cut off (RFC 6066, 3)";
    if (type !== HOST_NAME) continue;
    if (++hostNames > 1) return "server_name has two host names (RFC 6066, 3)";
    // Longer ones are no names, whatever they say.
    if (entry.end - entry.at <= 254) found.name = hostName(entry.text());
  }
  return undefined;
}

/** RFC 7301, 3.1. */
function readAlpn(data: Reader, found: Found): string | undefined {
  const list = data.vector(data.uint16());
  if (data.broken || data.more || !list.more) return "ALPN is cut off or empty (RFC 7301, 3.1)";
  while (list.more) {
    const id = list.vector(list.uint8());
    if (list.broken || !id.more) return "an ALPN id is cut off or empty (RFC 7301, 3.1)";
    const grease = id.end - id.at === 2 && isGrease(id.bytes[id.at] << 8 | id.bytes[id.at + 1]);
    if (!grease && found.alpn.length < MAX_ALPN) found.alpn.push(id.text());
  }
  return undefined;
}

/** RFC 8446, 4.2.1. */
function readVersions(data: Reader, found: Found): string | undefined {
  const list = data.vector(data.uint8());
  if (data.broken || data.more || !list.more) {
    return "supported_versions is cut off or empty (RFC 8446, 4.2.1)";
  }
  while (list.more) {
    const version = list.uint16();
    if (list.broken) return "supported_versions is cut off (RFC 8446, 4.2.1)";
    if (!isGrease(version)) found.versions.push(version);
  }
  return undefined;
}

/** RFC 8446, 4.2.8: may be empty, when the client wants to be told which group to use. */
function readKeyShare(data: Reader, found: Found): string | undefined {
  const list = data.vector(data.uint16());
  if (data.broken || data.more) return "key_share is cut off (RFC 8446, 4.2.8)";
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
