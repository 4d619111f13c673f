/**
 * Lines to stdout or stderr that nobody ever waits for: a reader that is slow or gone costs lines, which are
 * counted, and never holds up a connection.
 *
 * @module
 */

/** How much may wait for a slow reader, in characters. */
const MAX_QUEUED = 4 * 1024 * 1024;

/** So many characters are worth a write of their own. */
const BATCH = 64 * 1024;

const encoder = new TextEncoder();

/** Where the lines go. */
export interface Sink {
  /** Writes some of the bytes; resolves to how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/** Queues lines and writes them in batches, in the background. */
export class LineWriter {
  /** Lines thrown away because the reader was slow or gone. */
  dropped = 0;
  readonly #sink: Sink;
  readonly #delay: number;
  #lines: string[] = [];
  #queued = 0;
  #timer?: ReturnType<typeof setTimeout>;
  #writing?: Promise<void>;

  /**
   * Makes a writer with nothing queued.
   *
   * @param sink Where to.
   * @param delay How long a line may wait for others, in milliseconds: each write wakes a thread of the runtime,
   *   which costs more than the line.
   */
  constructor(sink: Sink, delay = 0) {
    this.#sink = sink;
    this.#delay = delay;
  }

  /**
   * Queues a line, or several with line feeds between them.
   *
   * @param line Without its last line feed.
   */
  write(line: string): void {
    if (this.#queued + line.length > MAX_QUEUED) {
      this.dropped += count(line);
      return;
    }
    this.#lines.push(line);
    this.#queued += line.length;
    if (this.#writing === undefined) this.#schedule();
  }

  /**
   * Waits until everything queued so far is written.
   *
   * @returns At once if nothing is queued. Never rejects.
   */
  async flush(): Promise<void> {
    do {
      if (this.#timer !== undefined) this.#begin();
      await this.#writing;
    } while (this.#timer !== undefined);
  }

  #schedule(): void {
    if (this.#delay === 0 || this.#queued > BATCH) this.#begin();
    else this.#timer ??= setTimeout(this.#begin, this.#delay);
  }

  readonly #begin = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#drain();
  };

  async #drain(): Promise<void> {
    // Lines of the same turn of the event loop go out in one write.
    await undefined;
    const lines = this.#lines;
    this.#lines = [];
    this.#queued = 0;
    try {
      let bytes = encoder.encode(lines.join("\n") + "\n");
      while (bytes.length > 0) bytes = bytes.subarray(await this.#sink.write(bytes));
    } catch {
      for (const line of lines) this.dropped += count(line);
    }
    this.#writing = undefined;
    if (this.#lines.length > 0) this.#schedule();
  }
}

function count(lines: string): number {
  return lines.split("\n").length;
}
