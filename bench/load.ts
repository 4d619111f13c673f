/**
 * The load generator and the backend in `native/`.
 *
 * @module
 */
import { run } from "./processes.ts";
import { freeAddress, LOAD_CORE, type Stage } from "./stage.ts";

/** What a backend does: see `native/backend.c`. */
export type BackendMode = "answer" | "echo" | "down" | "up" | "http";

/** What the load generator does: see `native/load.c`. */
export type LoadMode = "connect" | "echo" | "down" | "up";

/** A backend that runs. */
export interface Backend {
  /** Where it listens. */
  readonly address: Deno.NetAddr;
  /** Tells how many connections it has accepted. */
  accepted(): Promise<number>;
}

/** What a load was, as the generator says it. */
export interface Loaded {
  /** Operations that went well. */
  readonly done: number;
  /** Operations that did not. */
  readonly failed: number;
  /** How long it took. */
  readonly seconds: number;
  /** Payload that was moved, in bytes. */
  readonly bytes: number;
}

/**
 * Starts a backend.
 *
 * @param stage Where.
 * @param mode What it does.
 * @param bytes How much of it.
 * @returns The backend.
 */
export async function startBackend(
  stage: Stage,
  mode: BackendMode,
  bytes: number,
): Promise<Backend> {
  const address = freeAddress();
  const command = [await stage.program("backend"), `${address.port}`, mode, `${bytes}`];
  const options = { core: LOAD_CORE, accepts: [address] };
  const process = await stage.processes.start("the backend", command, options, true);
  return {
    address,
    accepted: async (): Promise<number> => Number(await process.ask("SIGUSR1")),
  };
}

/**
 * Loads a proxy.
 *
 * @param stage Where.
 * @param mode How.
 * @param address The proxy.
 * @param hello Path of a file with the first bytes of every connection.
 * @param keys The keys of `native/load.c`.
 * @returns What came of it.
 * @throws {Error} If it came to a standstill.
 */
export async function load(
  stage: Stage,
  mode: LoadMode,
  { hostname, port }: Deno.NetAddr,
  hello: string,
  keys: Readonly<Record<string, number>>,
): Promise<Loaded> {
  const words = Object.entries(keys).map(([key, value]) => `${key}=${value}`);
  const program = await stage.program("load");
  const result = JSON.parse(await run([program, mode, hostname, `${port}`, hello, ...words]));
  if (result.stalled) throw new Error(`nothing moves any more: ${JSON.stringify(result)}`);
  return result;
}

/**
 * What curl says first to `https://bench.test`.
 *
 * @param stage Where the file is made.
 * @returns The path of a file with the ClientHello.
 */
export async function realHello(stage: Stage): Promise<string> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const client = run([
    ...["curl", "--silent", "--show-error", "--http1.1"],
    // Whatever proxy the environment names.
    ...["--noproxy", "*", "--resolve", `bench.test:${port}:127.0.0.1`],
    `https://bench.test:${port}/`,
  ], false);
  const hello = new Uint8Array(16_384);
  let length = 0;
  {
    using conn = await Promise.race([
      listener.accept(),
      client.then((said) => {
        throw new Error(`curl has not connected: ${said.trim()}`);
      }),
    ]);
    // One record (RFC 8446, 5.1): its length follows type and version.
    while (length < 5 || length < 5 + 256 * hello[3] + hello[4]) {
      const count = await conn.read(hello.subarray(length));
      if (count === null) throw new Error("curl has said no hello");
      length += count;
    }
  }
  await client;
  return await stage.file("hello", hello.slice(0, length));
}
