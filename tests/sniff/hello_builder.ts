/**
 * Builds ClientHellos, well formed and not.
 *
 * @module
 */

/** Extensions that tests name by number. */
export const TYPE = {
  serverName: 0,
  alpn: 16,
  padding: 21,
  supportedVersions: 43,
  keyShare: 51,
  encryptedClientHello: 0xfe0d,
} as const;

/**
 * Joins bytes.
 *
 * @param parts Numbers are single bytes.
 * @returns One array.
 */
export function join(...parts: (number | Uint8Array)[]): Uint8Array {
  const size = parts.reduce<number>((sum, p) => sum + (typeof p === "number" ? 1 : p.length), 0);
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    if (typeof part === "number") {
      bytes[at++] = part;
    } else {
      bytes.set(part, at);
      at += part.length;
    }
  }
  return bytes;
}

/**
 * A number in network order.
 *
 * @param value The number.
 * @param size How many bytes it takes.
 * @returns Its bytes.
 */
export function uint(value: number, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => value >> 8 * (size - 1 - i));
}

/**
 * A vector with its length before it.
 *
 * @param size How many bytes the length takes.
 * @param content What is in it.
 * @param lie What is added to the true length.
 * @returns Its bytes.
 */
export function vector(size: number, content: Uint8Array, lie = 0): Uint8Array {
  return join(uint(content.length + lie, size), content);
}

/**
 * Bytes of text.
 *
 * @param text ASCII.
 * @returns Its bytes.
 */
export function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/**
 * Numbers of two bytes, one after the other.
 *
 * @param values The numbers.
 * @returns Their bytes.
 */
export function uint16s(...values: number[]): Uint8Array {
  return join(...values.map((value) => uint(value, 2)));
}

/**
 * An extension: RFC 8446, 4.2.
 *
 * @param type Its type.
 * @param data What is in it.
 * @param lie What is added to the true length.
 * @returns Its bytes.
 */
export function extension(type: number, data: Uint8Array, lie = 0): Uint8Array {
  return join(uint(type, 2), vector(2, data, lie));
}

/**
 * `server_name`: RFC 6066, 3.
 *
 * @param names Host names, in ASCII.
 * @returns The extension.
 */
export function serverName(...names: string[]): Uint8Array {
  const entries = names.map((name) => join(0, vector(2, ascii(name))));
  return extension(TYPE.serverName, vector(2, join(...entries)));
}

/**
 * `application_layer_protocol_negotiation`: RFC 7301, 3.1.
 *
 * @param ids Protocol ids, in ASCII or as bytes.
 * @returns The extension.
 */
export function alpn(...ids: (string | Uint8Array)[]): Uint8Array {
  const entries = ids.map((id) => vector(1, typeof id === "string" ? ascii(id) : id));
  return extension(TYPE.alpn, vector(2, join(...entries)));
}

/**
 * `supported_versions`: RFC 8446, 4.2.1.
 *
 * @param versions The versions.
 * @returns The extension.
 */
export function supportedVersions(...versions: number[]): Uint8Array {
  return extension(TYPE.supportedVersions, vector(1, uint16s(...versions)));
}

/**
 * `key_share`: RFC 8446, 4.2.8.
 *
 * @param shares Groups, and how long their keys are.
 * @returns The extension.
 */
export function keyShare(...shares: [group: number, length: number][]): Uint8Array {
  const entries = shares.map(([group, length]) =>
    join(uint(group, 2), vector(2, new Uint8Array(length).fill(0xab)))
  );
  return extension(TYPE.keyShare, vector(2, join(...entries)));
}

/** What a ClientHello is made of: RFC 8446, 4.1.2. Vectors are with their lengths. */
export interface HelloParts {
  /** `legacy_version`; TLS 1.2 if absent. */
  readonly version?: number;
  /** `legacy_session_id`; 32 bytes if absent. */
  readonly sessionId?: Uint8Array;
  /** `cipher_suites`; three if absent. */
  readonly suites?: Uint8Array;
  /** `legacy_compression_methods`; none but null if absent. */
  readonly compression?: Uint8Array;
  /** `extensions`; not there if absent. */
  readonly extensions?: Uint8Array;
  /** What is added to the true length of the message. */
  readonly lie?: number;
}

/**
 * The handshake message of a ClientHello.
 *
 * @param parts What differs from the usual.
 * @returns Its bytes, with the header: RFC 8446, 4.
 */
export function message(parts: HelloParts = {}): Uint8Array {
  const body = join(
    uint(parts.version ?? 0x0303, 2),
    new Uint8Array(32).fill(0xcd),
    parts.sessionId ?? vector(1, new Uint8Array(32).fill(0xef)),
    parts.suites ?? vector(2, uint16s(0x1301, 0x1302, 0x1303)),
    parts.compression ?? vector(1, new Uint8Array(1)),
    parts.extensions ?? new Uint8Array(),
  );
  return join(1, vector(3, body, parts.lie));
}

/**
 * A message with these extensions.
 *
 * @param extensions The extensions.
 * @returns Its bytes.
 */
export function messageWith(...extensions: Uint8Array[]): Uint8Array {
  return message({ extensions: vector(2, join(...extensions)) });
}

/**
 * A message of a certain size, padded (RFC 7685) in front of a server name.
 *
 * @param size How long its body is: without the 4 bytes of header.
 * @param name The server name.
 * @returns Its bytes.
 */
export function messageOfSize(size: number, name: string): Uint8Array {
  // A short session id leaves room for the largest: the extensions cannot be longer than 65,535 bytes.
  const build = (padding: number): Uint8Array =>
    message({
      sessionId: vector(1, new Uint8Array()),
      extensions: vector(
        2,
        join(extension(TYPE.padding, new Uint8Array(padding)), serverName(name)),
      ),
    });
  return build(size + 4 - build(0).length);
}

/**
 * Puts a message into TLS records: RFC 8446, 5.1.
 *
 * @param message The message.
 * @param size How many bytes go into each.
 * @returns What goes over the wire.
 */
export function records(message: Uint8Array, size = 16384): Uint8Array {
  const count = Math.ceil(message.length / size);
  const bytes = new Uint8Array(message.length + 5 * count);
  for (let i = 0; i < count; i++) {
    const body = message.subarray(i * size, (i + 1) * size);
    bytes.set([22, 3, 1, body.length >> 8, body.length & 255], i * (size + 5));
    bytes.set(body, i * (size + 5) + 5);
  }
  return bytes;
}

/**
 * A message like those of Chrome: GREASE (RFC 8701) wherever it may be, GREASE ECH (RFC 9849, 6.2), and a hybrid
 * key share.
 *
 * @param name The server name.
 * @returns Its bytes, about 1,800.
 */
export function chromeLike(name: string): Uint8Array {
  const X25519MLKEM768 = 0x11ec;
  const X25519 = 0x001d;
  const outerHello = join(0, uint16s(1, 1), 0x2a, vector(2, new Uint8Array(32).fill(0x5c)));
  const payload = vector(2, new Uint8Array(208).fill(0x7d));
  return message({
    suites: vector(
      2,
      uint16s(0x6a6a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8),
    ),
    extensions: vector(
      2,
      join(
        extension(0x4a4a, new Uint8Array()),
        serverName(name),
        extension(23, new Uint8Array()),
        extension(0xff01, new Uint8Array(1)),
        extension(10, vector(2, uint16s(0xcaca, X25519MLKEM768, X25519, 0x0017, 0x0018))),
        extension(11, vector(1, new Uint8Array(1))),
        extension(35, new Uint8Array()),
        alpn(uint16s(0x5a5a), "h2", "http/1.1"),
        extension(5, join(1, uint16s(0, 0))),
        extension(13, vector(2, uint16s(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501))),
        extension(18, new Uint8Array()),
        keyShare([0xcaca, 1], [X25519MLKEM768, 1216], [X25519, 32]),
        extension(45, vector(1, new Uint8Array([1]))),
        supportedVersions(0xbaba, 0x0304, 0x0303),
        extension(27, vector(1, uint16s(2))),
        extension(17613, vector(2, vector(1, ascii("h2")))),
        extension(TYPE.encryptedClientHello, join(outerHello, payload)),
        extension(0x1a1a, new Uint8Array(1)),
      ),
    ),
  });
}
