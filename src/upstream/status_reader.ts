/**
 * The first line of an HTTP answer: whether its status is one that is wanted.
 *
 * @module
 */
import { HeadEnd, parseResponseHead } from "../sniff/http1_head.ts";

const SWITCHING_PROTOCOLS = 101;
const NOT_HTTP = "not HTTP/1.x";

/**
 * Makes a reader of one answer. Answers that are not the last word (RFC 9110, 15.2) are passed over; of the last one
 * the status line is read, and nothing behind it.
 *
 * @param wanted The lowest and the highest status that are wanted.
 * @returns A function of everything the server has sent so far. It says true if the status is wanted; why not; or
 *   `undefined` if more bytes are needed. Never throws.
 *
 * @example
 * ```ts
 * import { statusReader } from "./status_reader.ts";
 *
 * const read = statusReader([200, 399]);
 * read(new TextEncoder().encode("HTTP/1.1 204 ")); // undefined
 * read(new TextEncoder().encode("HTTP/1.1 204 No Content\r\n")); // true
 * ```
 */
export function statusReader(
  [low, high]: readonly [number, number],
): (bytes: Uint8Array) => true | string | undefined {
  let start = 0;
  let head = new HeadEnd();
  return (bytes) => {
    for (;;) {
      const end = head.find(bytes, start);
      const { firstLine } = head;
      if (firstLine === undefined) return end === undefined ? undefined : NOT_HTTP;
      // The line with its CRLF, as if an empty line came next.
      const line = parseResponseHead(bytes, start, firstLine + 4);
      if (line.kind === "bad") return NOT_HTTP;
      const { status } = line;
      if (status >= 200 || status === SWITCHING_PROTOCOLS) {
        if (status >= low && status <= high) return true;
        return `status ${status}, not ${low === high ? low : `${low} to ${high}`}`;
      }
      if (end === undefined) return undefined;
      if (typeof end === "object") return NOT_HTTP;
      start = end;
      head = new HeadEnd();
    }
  };
}
