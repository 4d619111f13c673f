/**
 * What the words for an end mean.
 *
 * @module
 */
import { type Reason, REASONS } from "../route/refusal.ts";
import type { End } from "./summary.ts";

const OTHERS: Readonly<Record<Exclude<End, Reason>, string>> = {
  done: "both sides have said that they are done",
  left: "the client went away before it had said what it wants",
  client_reset: "the client broke off the connection",
  backend_reset: "the backend broke off the connection",
  idle_timeout: "nothing was said for too long",
  half_closed_timeout: "one side was done, and nothing came from the other one for too long",
  shutdown: "the proxy was stopped, or had to close it",
  internal_error: "an error of the proxy itself: please report it",
};

/**
 * Says what an end means.
 *
 * @param end Its word.
 * @returns Half a sentence.
 *
 * @example
 * ```ts
 * import { meaningOf } from "./meanings.ts";
 *
 * meaningOf("left"); // "the client went away before it had said what it wants"
 * ```
 */
export function meaningOf(end: End): string {
  return isReason(end) ? REASONS[end] : OTHERS[end];
}

function isReason(end: End): end is Reason {
  return end in REASONS;
}
