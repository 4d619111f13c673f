/**
 * DNS over datagrams: RFC 1035, 4.2.1.
 *
 * @module
 */
import { createSocket } from "node:dgram";
import type { Address } from "../config/config.ts";
import { type Answer, type Question, readAnswer } from "./dns_message.ts";

/** Datagrams get lost: a question that has no answer yet is sent again and again. */
const RESEND_MS = 300;

/**
 * Asks one server over a socket of its own, so that nobody else can know the port to send an answer to (RFC 5452, 9).
 *
 * @example
 * ```ts ignore
 * using socket = new DnsSocket({ host: "192.0.2.53", port: 53 }, AbortSignal.timeout(2_000));
 * await socket.ask(question);
 * ```
 */
export class DnsSocket implements Disposable {
  readonly #server: Address;
  readonly #socket: ReturnType<typeof createSocket>;
  readonly #open = new Map<Question, (answer: Answer | undefined) => void>();
  readonly #signal: AbortSignal;
  readonly #giveUp = (): void => this.#failed();
  readonly #timer: ReturnType<typeof setInterval>;

  /**
   * Opens the socket.
   *
   * @param server Whom to ask; its host is an IP literal in canonical spelling.
   * @param signal Ends the wait for answers.
   */
  constructor(server: Address, signal: AbortSignal) {
    this.#server = server;
    this.#signal = signal;
    signal.addEventListener("abort", this.#giveUp, { once: true });
    this.#socket = createSocket(server.host.includes(":") ? "udp6" : "udp4");
    this.#socket.on("error", this.#giveUp);
    this.#socket.on("message", (bytes, from) => {
      if (from.port !== server.port || from.address !== server.host) return;
      for (const [question, settle] of this.#open) {
        const answer = readAnswer(bytes, question);
        if (answer.kind === "foreign") continue;
        this.#open.delete(question);
        settle(answer);
      }
    });
    this.#timer = setInterval(() => {
      for (const question of this.#open.keys()) this.#send(question);
    }, RESEND_MS);
  }

  /**
   * Asks.
   *
   * @param question What to ask.
   * @returns What the server says, never `foreign`; `undefined` if it can't be asked or has said nothing by the time
   *   that the signal aborts. Never rejects.
   */
  ask(question: Question): Promise<Answer | undefined> {
    if (this.#signal.aborted) return Promise.resolve(undefined);
    const { promise, resolve } = Promise.withResolvers<Answer | undefined>();
    this.#open.set(question, resolve);
    this.#send(question);
    return promise;
  }

  /** Closes the socket. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#signal.removeEventListener("abort", this.#giveUp);
    this.#socket.close();
  }

  #send({ bytes }: Question): void {
    const { host, port } = this.#server;
    this.#socket.send(bytes, port, host, (error) => {
      if (error) this.#giveUp();
    });
  }

  #failed(): void {
    for (const settle of this.#open.values()) settle(undefined);
    this.#open.clear();
  }
}
