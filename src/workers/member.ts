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
  died(member: Member, why: string): void;
}

/** How long it may take to answer, in milliseconds; the end is waited for longer by as much as it may take. */
const PATIENCE_MS: Readonly<Record<Request["kind"], number>> = {
  start: 60_000,
  reload: 10_000,
  stop: 5_000,
  metrics: 2_000,
  status: 2_000,
};

const decoder = new TextDecoder();

/** Owns the thread. */
export class Member implements Disposable {
  /** Which share of the limits it has, from 0. */
  readonly index: number;
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
   * @param index Which share of the limits it has, from 0.
   * @param outside What it needs.
   */
  constructor(index: number, outside: MemberOutside) {
    this.index = index;
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
   * @returns Its answer; an error if it is no more, or doesn't answer in time. Never rejects.
   */
  async ask(request: Request): Promise<Reply> {
    const id = ++this.#asked;
    const no = (error: string): Reply => ({ kind: "reply", id, error });
    if (this.#over) return no(`worker ${this.index + 1} has ended`);
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.#open.set(id, resolve);
    this.#port.postMessage({ ...request, id });
    const patience = PATIENCE_MS[request.kind] + (request.kind === "stop" ? request.timeout : 0);
    const timer = setTimeout(
      () => resolve(no(`worker ${this.index + 1} does not answer`)),
      patience,
    );
    const reply = await promise;
    clearTimeout(timer);
    this.#open.delete(id);
    return reply;
  }

  /**
   * Has it take its metrics down.
   *
   * @returns Them; the last ones if that takes too long or it is no more. Never rejects.
   */
  async count(): Promise<MetricsSnapshot> {
    this.metrics = (await this.ask({ kind: "metrics" })).metrics ?? this.metrics;
    return this.metrics;
  }

  /**
   * Has it say how it is.
   *
   * @returns Its status; the last one if that takes too long or it is no more, `undefined` if there is none. Never
   *   rejects.
   */
  async look(): Promise<StatusData | undefined> {
    this.status = (await this.ask({ kind: "status" })).status ?? this.status;
    return this.status;
  }

  /** Ends the thread at once. */
  [Symbol.dispose](): void {
    this.#end(`worker ${this.index + 1} has ended`);
    this.#thread.terminate();
  }

  #heard(message: Message): void {
    if (message.kind !== "reply") {
      const { kind, lines } = message;
      return this.#outside.lines(kind, decoder.decode(lines.subarray(0, -1)));
    }
    this.#open.get(message.id)?.(message);
  }

  #died(why: string): void {
    if (this.#over) return;
    this.#end(why);
    this.#outside.died(this, why);
  }

  #end(error: string): void {
    this.#over = true;
    for (const [id, resolve] of this.#open) resolve({ kind: "reply", id, error });
    this.#port.close();
  }
}
