/**
 * A TLS ClientHello to knock with: made without a key, and good for one answer.
 *
 * @module
 */

const encoder = new TextEncoder();

/** AES-GCM and ChaCha20 with ECDHE for both versions, then what TLS 1.2 servers of old ask for. */
const CIPHER_SUITES = [
  ...[0x1301, 0x1302, 0x1303],
  ...[0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8],
  ...[0xc009, 0xc013, 0xc00a, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035],
];

/** ECDSA, RSA-PSS, Ed25519 and RSA-PKCS1, with SHA-2; and SHA-1 for TLS 1.2. */
const SIGNATURE_SCHEMES = [
  ...[0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0603, 0x0806, 0x0601, 0x0807],
  ...[0x0809, 0x080a, 0x080b, 0x0203, 0x0201],
];

const X25519 = 0x001d;

/** X25519, P-256, P-384, P-521, X448. */
const GROUPS = [X25519, 0x0017, 0x0018, 0x0019, 0x001e];

/** RFC 8446, 4.1.2: `client_hello`; 5.1: a record of type `handshake`. */
const CLIENT_HELLO = 1;
const HANDSHAKE = 22;

/** What both versions know about the client, whatever its name for the server: RFC 8446, 4.2. */
const EXTENSIONS = [
  // extended_master_secret, renegotiation_info: RFC 7627, RFC 5746. Some servers insist on them.
  ...extension(23, []),
  ...extension(0xff01, [0]),
  ...extension(10, vector(2, uint16s(GROUPS))),
  ...extension(11, vector(1, [0])),
  ...extension(13, vector(2, uint16s(SIGNATURE_SCHEMES))),
  // supported_versions: 1.3 and 1.2; psk_key_exchange_modes: with (EC)DHE.
  ...extension(43, vector(1, [3, 4, 3, 3])),
  ...extension(45, vector(1, [1])),
];

/**
 * Makes the ClientHello of a client that speaks TLS 1.3 and 1.2: RFC 8446, 4.1.2. It offers no ALPN, so that no
 * server refuses it for the protocol behind.
 *
 * @param name The server name (RFC 6066, 3), in ASCII; absent: none is asked for.
 * @returns One record. Its random, session id and X25519 share (any 32 bytes are one: RFC 7748, 5) are fresh.
 *
 * @example
 * ```ts
 * import { clientHello } from "./client_hello.ts";
 *
 * clientHello("www.example.com"); // 16 03 01 ...
 * ```
 */
export function clientHello(name?: string): Uint8Array<ArrayBuffer> {
  const secrets = crypto.getRandomValues(new Uint8Array(96));
  const random = secrets.subarray(0, 32);
  const sessionId = secrets.subarray(32, 64);
  const share = secrets.subarray(64);
  const hello = [
    ...[3, 3],
    ...random,
    ...vector(1, [...sessionId]),
    ...vector(2, uint16s(CIPHER_SUITES)),
    ...vector(1, [0]),
    ...vector(2, [
      ...serverName(name),
      ...EXTENSIONS,
      ...extension(51, vector(2, [...uint16s([X25519]), ...vector(2, [...share])])),
    ]),
  ];
  return new Uint8Array([HANDSHAKE, 3, 1, ...vector(2, [CLIENT_HELLO, ...vector(3, hello)])]);
}

/** RFC 6066, 3. */
function serverName(name: string | undefined): number[] {
  return name === undefined
    ? []
    : extension(0, vector(2, [0, ...vector(2, [...encoder.encode(name)])]));
}

function extension(type: number, data: readonly number[]): number[] {
  return [...uint16s([type]), ...vector(2, data)];
}

/** A vector behind its length, which takes so many bytes: RFC 8446, 3.4. */
function vector(width: number, content: readonly number[]): number[] {
  const { length } = content;
  return [length >>> 16, length >>> 8, length].slice(3 - width).map((byte) => byte & 255)
    .concat(content);
}

function uint16s(values: readonly number[]): number[] {
  return values.flatMap((value) => [value >>> 8, value & 255]);
}
