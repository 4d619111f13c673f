/**
 * What a run owns: a folder, processes, cores.
 *
 * @module
 */
import { Processes, run } from "./processes.ts";

/** The core of the proxy whose turn it is. */
export const PROXY_CORE = 0;

/** The core of everything else: load, backend, and this process. */
export const LOAD_CORE = 1;

/** The folder of the project. */
export const PROJECT: string = new URL("..", import.meta.url).pathname;

/** How long and how often. */
export interface Extent {
  /** Rounds that count. */
  readonly rounds: number;
  /** Length of a turn, in whole seconds. */
  readonly seconds: number;
}

/** Where a run takes place. Disposing it ends its processes and removes its files. */
export class Stage implements AsyncDisposable {
  /** How long and how often. */
  readonly extent: Extent;
  /** A folder for files of this run. */
  readonly folder: string;
  /** What runs. */
  readonly processes: Processes = new Processes();
  readonly #programs = new Map<string, Promise<string>>();
  #closed?: Promise<void>;

  private constructor(extent: Extent, folder: string) {
    this.extent = extent;
    this.folder = folder;
  }

  /**
   * Makes one, and moves this process to the core of the load.
   *
   * @param extent How long and how often.
   * @returns The stage.
   */
  static async open(extent: Extent): Promise<Stage> {
    await run(["taskset", "-a", "-p", "-c", `${LOAD_CORE}`, `${Deno.pid}`]);
    return new Stage(extent, await Deno.makeTempDir({ prefix: "sniproxy-bench-" }));
  }

  /** Whether it is being left. */
  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /**
   * Writes a file.
   *
   * @param name Its name.
   * @param content What is in it.
   * @returns Its path.
   */
  async file(name: string, content: string | Uint8Array): Promise<string> {
    const path = `${this.folder}/${name}`;
    await Deno.writeFile(
      path,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
    return path;
  }

  /**
   * Compiles one of the programs in `native/`, once.
   *
   * @param name Its name, without `.c`.
   * @returns The path of the program.
   */
  program(name: string): Promise<string> {
    const compile = async (): Promise<string> => {
      const path = `${this.folder}/${name}`;
      await run(["gcc", "-O2", "-Wall", "-o", path, `${PROJECT}bench/native/${name}.c`]);
      return path;
    };
    const program = this.#programs.get(name) ?? compile();
    this.#programs.set(name, program);
    return program;
  }

  /** Ends everything; all who ask wait for the same end. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.processes[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/**
 * A port of 127.0.0.1 that nobody listens on.
 *
 * @returns Where it is.
 */
export function freeAddress(): Deno.NetAddr {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return { ...listener.addr, transport: "tcp" };
}

/**
 * Writes an address as configurations have it.
 *
 * @param address An IPv4 address and a port.
 * @returns `host:port`.
 */
export function hostPort({ hostname, port }: Deno.NetAddr): string {
  return `${hostname}:${port}`;
}
