/**
 * Waits that a signal ends.
 *
 * @module
 */

/**
 * Waits for something that can't be told to stop, but that nobody needs to wait for.
 *
 * @param promise What is waited for.
 * @param signal Ends the wait.
 * @returns What it resolves to; `undefined` once the signal has aborted.
 * @throws What it rejects with.
 *
 * @example
 * ```ts
 * import { untilAborted } from "./until_aborted.ts";
 *
 * await untilAborted(new Promise(() => {}), AbortSignal.timeout(20)); // undefined
 * ```
 */
export async function untilAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal,
): Promise<T | undefined> {
  const { promise: aborted, resolve } = Promise.withResolvers<undefined>();
  const stop = (): void => resolve(undefined);
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([aborted, promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
