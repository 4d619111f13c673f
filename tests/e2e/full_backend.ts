/**
 * A backend that can be reached and does not answer.
 *
 * @module
 */

/** A listener that runs. */
export interface FullBackend extends Disposable {
  /** Where it listens, on 127.0.0.1. */
  readonly port: number;
}

/**
 * Listens with a backlog that is full: whoever connects waits until its own patience ends.
 *
 * @returns The listener.
 */
export async function fullBackend(): Promise<FullBackend> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
  const { port } = listener.addr;
  const queued: Deno.TcpConn[] = [];
  try {
    for (;;) {
      const signal = AbortSignal.timeout(200);
      queued.push(await Deno.connect({ hostname: "127.0.0.1", port, signal }));
    }
  } catch {
    // Nobody answers any more, which is what it is for.
  }
  return {
    port,
    [Symbol.dispose](): void {
      for (const each of [listener, ...queued]) each.close();
    },
  };
}
