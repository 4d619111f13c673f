/**
 * A worker, as its supervisor sees it.
 *
 * @module
 */
import type { MetricsSnapshot } from "../observe/metrics.ts";
import type { StatusData } from "../observe/status.ts";
import type { Message, Reply, Request } from "./messages.ts";

/** The part of the runtime's `Worker` that is used. */
export type Thread = Pick<
  Worker,
  "postMessage" | "terminate" | "onerror" | "onmessageerror"
>;

/** What a member needs from outside. */
export interface MemberOutside {
  /** Starts the thread. */
  spawn(): Thread;
  /** Told of lines of a log, without the last line feed. */
  lines(kind: "log" | "access", text: string): void;
  /** Told once, if it ends without having been asked to. */
  died(why: string): void;
}

/** How long it may take to answer before its last metrics, or its last status, are used. */
const PATIENCE_MS = 2_000;

const decoder = new TextDecoder();

/** Owns the thread. */
export class Member implements Disposable {
  /** The last metrics it has told. */
  metrics: MetricsSnapshot = [];
  /** The last status it has told. */
  status?: StatusData;
  readonly #thread: Thread;
  readonly #port: MessagePort;
  readonly #outside: MemberOutside;
  readonly #open = new Map<number, (reply: Reply) => void>();
  #asked = 0;
  #over = false;

  /**
   * Starts the thread, which waits to be told what to do.
   *
   * @param outside What it needs.
   */
  constructor(outside: MemberOutside) {
    this.#outside = outside;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = ({ data }: MessageEvent<Message>): void => this.#heard(data);
    this.#thread = outside.spawn();
    this.#thread.onerror = (event): void => {
      // Or else it would be the end of the process.
      event.preventDefault();
      this.#died(event.message);
    };
    this.#thread.postMessage("port", [port2]);
  }

  /** Whether it has ended. */
  get over(): boolean {
    return this.#over;
  }

  /**
   * Asks it to do something.
   *
   * @param request What.
   * @returns Its answer; an error if it is no more. Never rejects.
   */
  ask(request: Request): Promise<Reply> {
    const id = ++this.#asked;
    if (this.#over) return Promise.resolve({ kind: "reply", id, error: "the worker has ended" });
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.#open.set(id, resolve);
    this.#port.postMessage({ ...request, id });
    return promise;
  }

  /**
   * Has it take its metrics down.
   *
   * @returns Them; the last ones if that takes too long or it is no more. Never rejects.
   */
  async count(): Promise<MetricsSnapshot> {
    const reply = await this.#askSoon({ kind: "metrics" });
    if (reply?.metrics !== undefined) this.metrics = reply.metrics;
    return this.metrics;
  }

  /**
   * Has it say how it is.
   *
   * @returns Its status; the last one if that takes too long or it is no more, `undefined` if there is none. Never
   *   rejects.
   */
  async look(): Promise<StatusData | undefined> {
    const reply = await this.#askSoon({ kind: "status" });
    if (reply?.status !== undefined) this.status = reply.status;
    return this.status;
  }

  async #askSoon(request: Request): Promise<Reply | undefined> {
    const late = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => late.resolve(undefined), PATIENCE_MS);
    const reply = await Promise.race([this.ask(request), late.promise]);
    clearTimeout(timer);
    return reply;
  }

  /** Ends the thread at once. */
  [Symbol.dispose](): void {
    this.#end("the worker has ended");
    this.#thread.terminate();
  }

  #heard(message: Message): void {
    if (message.kind !== "reply") {
      const { kind, lines } = message;
      return this.#outside.lines(kind, decoder.decode(lines.subarray(0, -1)));
    }
    this.#open.get(message.id)?.(message);
    this.#open.delete(message.id);
  }

  #died(why: string): void {
    if (this.#over) return;
    this.#end(why);
    this.#outside.died(why);
  }

  #end(error: string): void {
    this.#over = true;
    for (const [id, resolve] of this.#open) resolve({ kind: "reply", id, error });
    this.#open.clear();
    this.#port.close();
  }
}
