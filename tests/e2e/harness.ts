/**
 * The real process, started as a user starts it, and what the tests need around it.
 *
 * @module
 */
import { fail } from "@std/assert";

/** How long anything in these tests may take before it counts as hanging. */
export const PATIENCE_MS = 20_000;

const root = new URL("../../", import.meta.url).pathname;

/**
 * Waits until something holds.
 *
 * @param what What is waited for: the message if it never comes.
 * @param holds Whether it does.
 * @param patience How long to wait, in milliseconds.
 */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  patience = PATIENCE_MS,
): Promise<void> {
  const deadline = performance.now() + patience;
  while (!await holds()) {
    if (performance.now() > deadline) fail(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/**
 * Bounds a wait.
 *
 * @param what What is waited for.
 * @param promise It.
 * @param patience How long, in milliseconds.
 * @returns What it resolves to.
 */
export async function soon<T>(
  what: string,
  promise: Promise<T>,
  patience = PATIENCE_MS,
): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`never came: ${what}`)), patience);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Below the ports that the system gives to clients, any of which may be taken a moment later. */
const OWN_PORTS = { from: 10_000, to: 32_768 };

/**
 * Ports that nobody listens on. They are drawn at random, as several test files run at a time.
 *
 * @param count How many.
 * @returns The ports.
 */
export function freePorts(count: number): number[] {
  const ports = new Set<number>();
  while (ports.size < count) {
    const { from, to } = OWN_PORTS;
    const port = from + Math.floor(Math.random() * (to - from));
    if (isFree(port)) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "0.0.0.0", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}

/** A line of the access log. */
export type AccessLine = Record<string, string | number | undefined>;

/** How to start the proxy. */
export interface ProxyOptions {
  /** The configuration; `$HTTP`, `$TLS` and `$METRICS` become free ports. */
  readonly config: string;
  /** A command to start it through, such as `["prlimit", "--nofile=256"]`. */
  readonly through?: readonly string[];
  /** Whether it gets no more permissions than it says it needs, instead of the task's. */
  readonly narrow?: boolean;
  /** More arguments of `deno task start`. */
  readonly args?: readonly string[];
  /** What becomes of its stdout: the default reads the access log; its reader may also leave, or hang. */
  readonly stdout?: "read" | "closed" | "unread";
}

/** The proxy, running. Disposing it kills it. */
export class Proxy implements AsyncDisposable {
  /** Lines of stderr. */
  readonly log: string[] = [];
  /** Lines of the access log. */
  readonly access: AccessLine[] = [];
  /** Where it listens. */
  readonly ports: { readonly http: number; readonly tls: number; readonly metrics: number };
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<unknown>;
  readonly #folder: string;
  #exited?: Deno.CommandStatus;

  private constructor(
    child: Deno.ChildProcess,
    ports: Proxy["ports"],
    folder: string,
    stdout: ProxyOptions["stdout"] = "read",
  ) {
    this.#child = child;
    this.ports = ports;
    this.#folder = folder;
    this.#reading = Promise.all([
      lines(child.stderr, (line) => this.log.push(line)),
      stdout === "read" && lines(child.stdout, (line) => {
        if (line.startsWith("{")) this.access.push(JSON.parse(line));
      }),
      stdout === "closed" && child.stdout.cancel(),
      child.status.then((status) => {
        this.#exited = status;
        if (stdout === "unread") return child.stdout.cancel();
      }),
    ]);
  }

  /**
   * Starts it through `deno task start`, with the task's own permissions.
   *
   * @param options How.
   * @returns When it is ready.
   */
  static async start(options: ProxyOptions): Promise<Proxy> {
    const [http, tls, metrics] = freePorts(3);
    const folder = await Deno.makeTempDir({ prefix: "sniproxy-" });
    const proxy = new Proxy(
      spawn(folder, fill(options.config, { http, tls, metrics }), options),
      { http, tls, metrics },
      folder,
      options.stdout,
    );
    try {
      await until("the proxy to be ready", () => {
        if (proxy.#exited !== undefined) fail(`it exited: ${proxy.log.join("\n")}`);
        return proxy.logged("ready");
      });
    } catch (error) {
      await proxy[Symbol.asyncDispose]();
      throw error;
    }
    return proxy;
  }

  /** The path of its configuration. */
  get file(): string {
    return `${this.#folder}/config.yaml`;
  }

  /**
   * Whether the log has such a message.
   *
   * @param message The message.
   * @returns True if one line has it.
   */
  logged(message: string): boolean {
    return this.log.some((line) => line.includes(`"message":"${message}`));
  }

  /**
   * Replaces its configuration file, and only that.
   *
   * @param config The new text, with the same placeholders.
   */
  async rewrite(config: string): Promise<void> {
    await Deno.writeTextFile(this.file, fill(config, this.ports));
  }

  /**
   * Sends a signal to what was started, as a service manager does.
   *
   * @param signal The signal.
   */
  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /**
   * Waits for its end.
   *
   * @returns How it exited.
   */
  async exit(): Promise<Deno.CommandStatus> {
    await soon("the proxy to exit", this.#reading);
    return this.#exited ?? fail("it did not exit");
  }

  /**
   * The process that serves, which is a child of the one that was started.
   *
   * @returns Its id.
   */
  async pid(): Promise<number> {
    let pid = this.#child.pid;
    for (;;) {
      const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
      const child = parseInt(children, 10);
      if (Number.isNaN(child)) return pid;
      pid = child;
    }
  }

  /**
   * Counts its open descriptors.
   *
   * @returns How many.
   */
  async descriptors(): Promise<number> {
    return [...Deno.readDirSync(`/proc/${await this.pid()}/fd`)].length;
  }

  /**
   * Asks the endpoint.
   *
   * @param path Such as `/metrics`.
   * @returns Status and body.
   */
  async ask(path: string): Promise<{ status: number; body: string }> {
    const response = await fetch(`http://127.0.0.1:${this.ports.metrics}${path}`, {
      headers: { connection: "close" },
    });
    return { status: response.status, body: await response.text() };
  }

  /**
   * Reads one metric.
   *
   * @param series Its name with labels, as Prometheus text has it.
   * @returns Its value; 0 if there is no such series.
   */
  async metric(series: string): Promise<number> {
    const { body } = await this.ask("/metrics");
    const line = body.split("\n").find((each) => each.startsWith(`${series} `));
    return Number(line?.slice(series.length + 1) ?? 0);
  }

  /** Kills it if it runs, and waits until it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#exited === undefined) {
      try {
        Deno.kill(await this.pid(), "SIGKILL");
      } catch (error) {
        // It may have ended a moment ago, as it was told to.
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    await this.#reading;
    await Deno.remove(this.#folder, { recursive: true });
  }
}

function fill(config: string, { http, tls, metrics }: Proxy["ports"]): string {
  return config
    .replaceAll("$HTTP", String(http))
    .replaceAll("$TLS", String(tls))
    .replaceAll("$METRICS", String(metrics));
}

function spawn(folder: string, config: string, options: ProxyOptions): Deno.ChildProcess {
  const file = `${folder}/config.yaml`;
  Deno.writeTextFileSync(file, config);
  const task = ["task", "--quiet", "start"];
  const [command, ...args] = [
    ...options.through ?? [],
    Deno.execPath(),
    ...options.narrow
      ? ["run", "--no-prompt", ...permissions([...task, "permissions"]), "main.ts"]
      : task,
    "-c",
    file,
    ...options.args ?? [],
  ];

  function permissions(words: string[]): string[] {
    const options = { args: [...words, "-c", file], cwd: root, env: { NO_COLOR: "1" } };
    const { stdout } = new Deno.Command(Deno.execPath(), options).outputSync();
    return new TextDecoder().decode(stdout).trim().split(" ");
  }

  return new Deno.Command(command, {
    args,
    cwd: root,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
}

async function lines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  take: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const all = (rest + text).split("\n");
    rest = all.pop() ?? "";
    for (const line of all) take(line);
  }
}
