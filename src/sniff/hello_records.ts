/**
 * The TLS records that carry a hello, put together again: RFC 8446, 5.1.
 *
 * @module
 */

/** Type, version, length. */
const RECORD_HEADER = 5;
const HANDSHAKE = 22;

/** RFC 8446, 5.1. */
const MAX_RECORD = 16384;

/**
 * The message in the records that are there so far. Where it is all in one record, which is nearly always, it
 * is a view of the client's own bytes; only what comes in several records is copied.
 */
export class HelloRecords {
  /** Whole records read, and the one that is still coming in. */
  count = 0;
  /** What is put together so far. */
  message: Uint8Array = new Uint8Array();
  #length = 0;
  /** Where it is put together, once it comes in a second record. */
  #own?: Uint8Array;
  /** Where the next record header is, or the next byte of a record's body. */
  #at = 0;
  /** Bytes of the current record that have not been read. */
  #left = 0;

  /**
   * Reads on.
   *
   * @param bytes Everything the client has sent so far.
   * @param enough How long the message is, if that is known: nothing behind it is read.
   * @returns What is wrong with a record, if something is.
   */
  read(bytes: Uint8Array, enough: number): string | undefined {
    const problem = this.#readOn(bytes, enough);
    // The first record lies in one piece behind its header, however it was cut on the way.
    this.message = this.#own?.subarray(0, this.#length) ??
      bytes.subarray(RECORD_HEADER, RECORD_HEADER + this.#length);
    return problem;
  }

  #readOn(bytes: Uint8Array, enough: number): string | undefined {
    while (this.#length < enough) {
      if (this.#left === 0) {
        const problem = checkHeader(bytes, this.#at);
        if (problem !== undefined) return problem;
        if (bytes.length < this.#at + RECORD_HEADER) return undefined;
        this.#left = bytes[this.#at + 3] << 8 | bytes[this.#at + 4];
        this.#at += RECORD_HEADER;
        this.count++;
      }
      const take = Math.min(this.#left, bytes.length - this.#at);
      if (take === 0) return undefined;
      if (this.count > 1) this.#copy(bytes, take);
      this.#length += take;
      this.#at += take;
      this.#left -= take;
    }
    return undefined;
  }

  /** Puts the next bytes behind what there is. */
  #copy(bytes: Uint8Array, take: number): void {
    const length = this.#length + take;
    let own = this.#own;
    if (own === undefined || length > own.length) {
      const before = own ?? bytes.subarray(RECORD_HEADER);
      own = new Uint8Array(Math.max(length * 2, 1024));
      own.set(before.subarray(0, this.#length));
      this.#own = own;
    }
    // A view for each of 65,536 tiny records would cost more than all the rest.
    for (let i = 0; i < take; i++) own[this.#length + i] = bytes[this.#at + i];
  }
}

/** Looks at as much of a header as is there. */
function checkHeader(bytes: Uint8Array, at: number): string | undefined {
  const there = bytes.length - at;
  if (there > 0 && bytes[at] !== HANDSHAKE) {
    return `a record of type ${bytes[at]} before the hello is complete (RFC 8446, 5.1)`;
  }
  if (there > 1 && bytes[at + 1] !== 3) {
    return `record version ${bytes[at + 1]}.x (RFC 8446, 5.1)`;
  }
  if (there < RECORD_HEADER) return undefined;
  const length = bytes[at + 3] << 8 | bytes[at + 4];
  if (length === 0) return "an empty handshake record (RFC 8446, 5.1)";
  if (length > MAX_RECORD) return `a record of ${length} bytes (RFC 8446, 5.1)`;
  return undefined;
}
