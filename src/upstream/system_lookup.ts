/**
 * The system's resolver: its hosts file, its servers, its search domains.
 *
 * @module
 */
import { lookup } from "node:dns";
import type { Lookup } from "./dns_cache.ts";

/**
 * Asks the system. That takes a thread for as long as it lasts, which can be half a minute, and can't be stopped.
 *
 * @param name The name.
 * @returns Its addresses in the order the system prefers; none if there is no such name. Rejects if nobody has
 *   answered.
 */
export function askSystem(name: string): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    lookup(name, { all: true, verbatim: true }, (error, addresses) => {
      if (error === null) resolve(addresses.map((each) => each.address));
      else if (error.code === "ENOTFOUND") resolve([]);
      else reject(error);
    });
  });
}

/**
 * Lets only so many lookups run at a time. The runtime has 32 threads for all that blocks: were every one of them to
 * wait for a name, nothing could be logged and no file be read.
 *
 * @param ask Looks a name up; can't be stopped.
 * @param most How many at a time.
 * @returns The same with a queue in front, which a lookup leaves when its signal aborts.
 *
 * @example
 * ```ts
 * import { askSystem, limited } from "./system_lookup.ts";
 *
 * const lookup = limited(askSystem, 16);
 * await lookup("localhost", AbortSignal.timeout(1_000)); // ["127.0.0.1"]
 * ```
 */
export function limited(ask: (name: string) => Promise<readonly string[]>, most: number): Lookup {
  const waiting = new Set<() => void>();
  let running = 0;

  const ended = (): void => {
    running--;
    for (const start of waiting) {
      waiting.delete(start);
      start();
      break;
    }
  };

  return (name, signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>();
    const start = (): void => {
      signal.removeEventListener("abort", leave);
      running++;
      ask(name).then(resolve, reject).finally(ended);
    };
    const leave = (): void => {
      waiting.delete(start);
      reject(signal.reason);
    };
    if (running < most) {
      start();
    } else {
      waiting.add(start);
      signal.addEventListener("abort", leave, { once: true });
    }
    return promise;
  };
}
