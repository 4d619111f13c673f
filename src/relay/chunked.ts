/**
 * The chunked transfer coding (RFC 9112, 7.1), scanned and not decoded: bytes are passed on as they came, and
 * this says where the body ends and that every byte on the way is what the grammar allows. Whatever two parsers
 * might read differently (a bare LF, signs, spaces, overlong sizes) is an error: smuggling is made of that.
 *
 * @module
 */

/** 2^48 bytes are more than any chunk has, and well inside what a number holds exactly. */
const MAX_SIZE_DIGITS = 12;

/** A line with a size and its extensions, which are to be limited (RFC 9112, 7.1.1). */
const MAX_SIZE_LINE = 1024;

/** All trailer fields together. */
const MAX_TRAILERS = 64 * 1024;

const TAB = 9;
const LF = 10;
const CR = 13;
const COLON = 58;
const SEMICOLON = 59;

/** What comes next. */
enum Next {
  Size,
  Extension,
  SizeLF,
  Data,
  DataCR,
  DataLF,
  TrailerStart,
  TrailerName,
  TrailerValue,
  TrailerLF,
  LastLF,
  End,
}

/** Scans one chunked body; made anew for each. */
export class ChunkedScanner {
  /** What was wrong, once something was. */
  error?: string;
  #next = Next.Size;
  #digits = 0;
  #size = 0;
  #line = 0;
  #trailers = 0;

  /** Whether the last byte of the body has been seen. */
  get done(): boolean {
    return this.#next === Next.End;
  }

  /**
   * Scans what came next.
   *
   * @param bytes A buffer.
   * @param start Where in it the body goes on.
   * @param end Where what has been read ends.
   * @returns Where the body ends, at most `end`; bytes up to there are good to be passed on. After an error,
   *   none from this call are.
   */
  scan(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && this.#next !== Next.End) {
      if (this.#next === Next.Data) {
        const take = Math.min(this.#size, end - at);
        this.#size -= take;
        at += take;
        if (this.#size === 0) this.#next = Next.DataCR;
        continue;
      }
      this.error = this.#step(bytes[at++]);
      if (this.error !== undefined) return start;
    }
    return at;
  }

  #step(byte: number): string | undefined {
    switch (this.#next) {
      case Next.Size:
        return this.#sizeByte(byte);
      case Next.Extension:
        if (++this.#line > MAX_SIZE_LINE) return "chunk extensions too long (RFC 9112, 7.1.1)";
        if (byte === CR) this.#next = Next.SizeLF;
        else if (isControl(byte)) return "control character in a chunk extension (RFC 9112, 7.1.1)";
        return undefined;
      case Next.SizeLF:
        if (byte !== LF) return "bare CR after a chunk size (RFC 9112, 7.1)";
        this.#next = this.#size === 0 ? Next.TrailerStart : Next.Data;
        return undefined;
      case Next.DataCR:
        if (byte !== CR) return "chunk data longer than its size (RFC 9112, 7.1)";
        this.#next = Next.DataLF;
        return undefined;
      case Next.DataLF:
        if (byte !== LF) return "bare CR after chunk data (RFC 9112, 7.1)";
        this.#next = Next.Size;
        this.#digits = this.#line = this.#size = 0;
        return undefined;
      default:
        return this.#trailerByte(byte);
    }
  }

  #sizeByte(byte: number): string | undefined {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      if (++this.#digits > MAX_SIZE_DIGITS) return "chunk size too large (RFC 9112, 7.1)";
      this.#size = this.#size * 16 + digit;
    } else if (this.#digits === 0) {
      return "chunk size is not a number (RFC 9112, 7.1)";
    } else if (byte === CR) {
      this.#next = Next.SizeLF;
    } else if (byte === SEMICOLON) {
      this.#next = Next.Extension;
    } else {
      return "chunk size is not a number (RFC 9112, 7.1)";
    }
    return undefined;
  }

  #trailerByte(byte: number): string | undefined {
    if (++this.#trailers > MAX_TRAILERS) return "trailers too long (RFC 9112, 7.1.2)";
    switch (this.#next) {
      case Next.TrailerStart:
        if (byte === CR) this.#next = Next.LastLF;
        else if (isToken(byte)) this.#next = Next.TrailerName;
        else return "bad trailer field name (RFC 9112, 7.1.2)";
        return undefined;
      case Next.TrailerName:
        if (byte === COLON) this.#next = Next.TrailerValue;
        else if (!isToken(byte)) return "bad trailer field name (RFC 9112, 7.1.2)";
        return undefined;
      case Next.TrailerValue:
        if (byte === CR) this.#next = Next.TrailerLF;
        else if (isControl(byte)) return "control character in a trailer field (RFC 9112, 7.1.2)";
        return undefined;
      case Next.TrailerLF:
        if (byte !== LF) return "bare CR in a trailer field (RFC 9112, 7.1.2)";
        this.#next = Next.TrailerStart;
        return undefined;
      default:
        if (byte !== LF) return "bare CR after the trailers (RFC 9112, 7.1.2)";
        this.#next = Next.End;
        return undefined;
    }
  }
}

/** The value of a hexadecimal digit; -1 for anything else. */
function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

function isControl(byte: number): boolean {
  return (byte < 32 && byte !== TAB) || byte === 127;
}

/** RFC 9110, 5.6.2. */
function isToken(byte: number): boolean {
  return TOKEN[byte] === 1;
}

const TOKEN = new Uint8Array(256);
for (
  const char of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
) {
  TOKEN[char.charCodeAt(0)] = 1;
}
