/**
 * One of several event loops: a server that shares its ports with others, and does as its supervisor says.
 *
 * @module
 */
import { LineWriter } from "../observe/line_writer.ts";
import { Log } from "../observe/log.ts";
import { Server } from "../server.ts";
import type { Message, Question, Reply, Request } from "./messages.ts";

/** How long a line of the access log may wait for others that are sent with it. */
const ACCESS_DELAY_MS = 20;

/** Serves for as long as the supervisor wants. */
class Worker {
  readonly #port: MessagePort;
  readonly #writers: { readonly log: LineWriter; readonly access: LineWriter };
  #log?: Log;
  #server?: Server;

  constructor(port: MessagePort) {
    this.#port = port;
    this.#writers = {
      log: this.#writer("log", 0),
      access: this.#writer("access", ACCESS_DELAY_MS),
    };
    // One change after the other: a reload may come while it still starts.
    let changed = Promise.resolve();
    port.onmessage = ({ data }: MessageEvent<Question>): void => {
      const isChange = data.kind === "start" || data.kind === "reload";
      if (isChange) changed = changed.then(() => this.#answer(data));
      else this.#answer(data);
    };
    // What slips through in one connection must not end all the others.
    globalThis.addEventListener("unhandledrejection", (event) => {
      event.preventDefault();
      this.#log?.error("unexpected error", { error: String(event.reason) });
    });
  }

  async #answer(question: Question): Promise<void> {
    const { id } = question;
    try {
      this.#say({ kind: "reply", id, ...await this.#do(question) });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#say({ kind: "reply", id, error: message });
    }
  }

  async #do(request: Request): Promise<Pick<Reply, "metrics" | "status"> | undefined> {
    switch (request.kind) {
      case "start": {
        const { config, name, version } = request;
        const { level, format } = config.log;
        const { access } = this.#writers;
        const log = this.#log = new Log(this.#writers.log, level, format, { worker: name });
        this.#server = await Server.start(config, { log, access, version, worker: true });
        return undefined;
      }
      case "reload": {
        const { config } = request;
        await this.#server?.reload(config);
        if (this.#log !== undefined) Object.assign(this.#log, config.log);
        return undefined;
      }
      case "stop":
        await this.#server?.stop(request.timeout);
        await Promise.all(Object.values(this.#writers).map((writer) => writer.flush()));
        return undefined;
      case "metrics":
        return { metrics: await this.#server?.metrics() };
      case "status":
        return { status: this.#server?.status() };
    }
  }

  #writer(kind: "log" | "access", delay: number): LineWriter {
    const write = (bytes: Uint8Array): Promise<number> => {
      this.#say({ kind, lines: bytes });
      return Promise.resolve(bytes.length);
    };
    return new LineWriter({ write }, delay);
  }

  #say(message: Message): void {
    this.#port.postMessage(message);
  }
}

// The supervisor's first word is the port that everything else goes through.
globalThis.addEventListener("message", (event) => {
  if (event instanceof MessageEvent) new Worker(event.ports[0]);
}, { once: true });
