/**
 * Lines to stdout or stderr that nobody ever waits for: a reader that is slow or gone costs lines, which are
 * counted, and never holds up a connection.
 *
 * @module
 */

/** How much may wait for a slow reader, in characters. */
const MAX_QUEUED = 4 * 1024 * 1024;

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
  #lines: string[] = [];
  #queued = 0;
  #writing?: Promise<void>;

  /**
   * Makes a writer with nothing queued.
   *
   * @param sink Where to.
   */
  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /**
   * Queues a line.
   *
   * @param line Without its line feed.
   */
  write(line: string): void {
    if (this.#queued + line.length > MAX_QUEUED) {
      this.dropped++;
      return;
    }
    this.#lines.push(line);
    this.#queued += line.length;
    this.#writing ??= this.#drain();
  }

  /**
   * Waits until everything queued so far is written.
   *
   * @returns At once if nothing is queued. Never rejects.
   */
  async flush(): Promise<void> {
    await this.#writing;
  }

  async #drain(): Promise<void> {
    // Lines of the same turn of the event loop go out in one write.
    await undefined;
    while (this.#lines.length > 0) {
      const lines = this.#lines;
      this.#lines = [];
      this.#queued = 0;
      try {
        let bytes = encoder.encode(lines.join("\n") + "\n");
        while (bytes.length > 0) bytes = bytes.subarray(await this.#sink.write(bytes));
      } catch {
        this.dropped += lines.length;
      }
    }
    this.#writing = undefined;
  }
}
