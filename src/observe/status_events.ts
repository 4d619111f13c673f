/**
 * The status as server-sent events: WHATWG HTML, 9.2.
 *
 * @module
 */

/** Watchers at a time. */
export const MAX_WATCHERS = 32;

/** From one event to the next, in milliseconds. */
const EVERY_MS = 2_000;

/** A watcher that has not taken any event for so many of them is gone without having said so. */
const MAX_MISSED = 15;

/** How soon a watcher that has lost the connection comes back, in milliseconds. */
const RETRY_MS = 2_000;

const encoder = new TextEncoder();

/** Somebody who watches. */
interface Watcher {
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  /** Events in a row that were made while the last one had not been taken yet. */
  missed: number;
}

/**
 * Tells everybody who watches. An event is made once for all of them, and only while there is somebody; a watcher who
 * is slow gets fewer of them, and never has more than one waiting. Disposing it ends all streams.
 *
 * @example
 * ```ts ignore
 * using events = new StatusEvents(() => JSON.stringify(status()));
 * new Response(events.watch(), { headers: { "content-type": "text/event-stream" } });
 * ```
 */
export class StatusEvents implements Disposable {
  readonly #read: () => string | Promise<string>;
  readonly #every: number;
  readonly #watchers = new Set<Watcher>();
  #timer?: ReturnType<typeof setInterval>;
  /** The last event, while there is somebody. */
  #event?: Uint8Array;
  #telling?: Promise<void>;
  #over = false;

  /**
   * Makes it, with nobody watching.
   *
   * @param read Puts the data of an event together, in one line.
   * @param every From one event to the next, in milliseconds.
   */
  constructor(read: () => string | Promise<string>, every: number = EVERY_MS) {
    this.#read = read;
    this.#every = every;
  }

  /** How many watch. */
  get watchers(): number {
    return this.#watchers.size;
  }

  /**
   * Lets somebody watch.
   *
   * @returns The body of an answer, with a first event at once; `undefined` if there are too many already.
   */
  watch(): ReadableStream<Uint8Array> | undefined {
    if (this.#over || this.#watchers.size >= MAX_WATCHERS) return undefined;
    let watcher: Watcher | undefined;
    return new ReadableStream<Uint8Array>({
      start: (controller): void => {
        watcher = { controller, missed: 0 };
        this.#watchers.add(watcher);
        this.#timer ??= setInterval(() => this.#tell(), this.#every);
        // Whoever joins others gets what they got last: coming and going makes no work, and nobody look slow.
        if (this.#event !== undefined) controller.enqueue(this.#event);
        else this.#tell();
      },
      cancel: (): void => {
        if (watcher !== undefined) this.#leave(watcher);
      },
    }, { highWaterMark: 1 });
  }

  /** Ends all streams with a last event, whoever waits for them; watchers may come back. */
  async end(): Promise<void> {
    const watchers = [...this.#watchers];
    await this.#telling;
    await this.#tell();
    this.#close(watchers);
  }

  /** Ends all streams, for good. */
  [Symbol.dispose](): void {
    this.#over = true;
    this.#close([...this.#watchers]);
  }

  #close(watchers: readonly Watcher[]): void {
    for (const watcher of watchers) {
      if (!this.#watchers.has(watcher)) continue;
      this.#leave(watcher);
      watcher.controller.close();
    }
  }

  /** Makes an event; whoever comes while it is being made gets it, too. */
  #tell(): Promise<void> {
    return this.#telling ??= this.#make();
  }

  async #make(): Promise<void> {
    try {
      const data = await this.#read();
      const event = encoder.encode(`retry: ${RETRY_MS}\ndata: ${data}\n\n`);
      if (this.#watchers.size > 0) this.#event = event;
      for (const watcher of this.#watchers) this.#send(watcher, event);
    } catch {
      // One that could not be made is left out: the next one tells the same and more.
    }
    this.#telling = undefined;
  }

  #send(watcher: Watcher, event: Uint8Array): void {
    const { controller } = watcher;
    if ((controller.desiredSize ?? 0) > 0) {
      controller.enqueue(event);
      watcher.missed = 0;
    } else if (++watcher.missed >= MAX_MISSED) {
      this.#leave(watcher);
      controller.error(new Error("nobody reads"));
    }
  }

  #leave(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    if (this.#watchers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#event = undefined;
  }
}
