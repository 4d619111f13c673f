/**
 * What the supervisor and its workers say to each other.
 *
 * @module
 */
import type { Config } from "../config/config.ts";
import type { MetricsSnapshot } from "../observe/metrics.ts";
import type { StatusData } from "../observe/status.ts";

/** What a worker is asked. */
export type Request =
  | {
    readonly kind: "start";
    readonly config: Config;
    readonly name: number;
    readonly version: string;
  }
  | { readonly kind: "reload"; readonly config: Config }
  | { readonly kind: "stop"; readonly timeout: number }
  | { readonly kind: "metrics" }
  | { readonly kind: "status" };

/** A question with a number, so that its answer can be told from others. */
export type Question = Request & { readonly id: number };

/** What a worker says. */
export type Message =
  | Reply
  /** Lines of one of the logs, each with its line feed, in UTF-8. */
  | { readonly kind: "log" | "access"; readonly lines: Uint8Array };

/** The answer to a question. */
export interface Reply {
  /** Marks the variant. */
  readonly kind: "reply";
  /** The question's. */
  readonly id: number;
  /** Why it could not be done; absent if it was. */
  readonly error?: string;
  /** What was asked for. */
  readonly metrics?: MetricsSnapshot;
  /** Alike. */
  readonly status?: StatusData;
}
