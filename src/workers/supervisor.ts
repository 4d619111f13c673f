/**
 * Several event loops that serve as one: it starts them, tells them of reloads and of the end, replaces one that
 * dies, writes their logs and adds up their metrics. It serves no client itself.
 *
 * @module
 */
import { canonical } from "../config/address.ts";
import type { Config } from "../config/config.ts";
import { bind, BindError, listen } from "../bind.ts";
import { type Endpoint, serveEndpoint } from "../observe/endpoint.ts";
import type { LineWriter } from "../observe/line_writer.ts";
import type { Log } from "../observe/log.ts";
import { mergeStatus } from "../observe/merge_status.ts";
import { Metrics, type MetricsSnapshot } from "../observe/metrics.ts";
import { blankStatus, pastOf } from "../observe/past_status.ts";
import type { ConfigStatus, StatusData } from "../observe/status.ts";
import { Member, type Thread } from "./member.ts";
import { countersOf, mergeMetrics, withoutOffers } from "./merge_metrics.ts";
import { shareOf } from "./share.ts";

/** The pause before one that has died is replaced; doubled with each that follows, until one lasts. */
const PAUSE_MS = 100;
const MAX_PAUSE_MS = 10_000;
const LASTS_MS = 60_000;

/** How often counters are taken down, so that little is lost with a worker that dies. */
const COUNT_EVERY_MS = 5_000;

/** What a supervisor needs from outside. */
export interface SupervisorOutside {
  /** The program's log. */
  readonly log: Log;
  /** Where lines of the program's log go. */
  readonly lines: LineWriter;
  /** Where lines of the access log go. */
  readonly access: LineWriter;
  /** The program's version. */
  readonly version: string;
  /** Starts a thread that runs a worker; the real one if absent. */
  readonly spawn?: () => Thread;
}

/** The place of a worker, whoever has it at the moment. */
interface Seat {
  member: Member;
  /** Whether its worker lets clients in. */
  serving: boolean;
  /** When its worker began. */
  since: number;
  /** How many in a row have died. */
  deaths: number;
  timer?: ReturnType<typeof setTimeout>;
}

/**
 * Runs workers until stopped.
 *
 * @example
 * ```ts ignore
 * const supervisor = await Supervisor.start(config, outside);
 * await supervisor.reload(newConfig);
 * await supervisor.stop(30_000);
 * ```
 */
export class Supervisor {
  readonly #outside: SupervisorOutside;
  readonly #metrics: Metrics;
  readonly #seats: Seat[] = [];
  /** Those that have no place any more: they finish what they have, by the configuration they had. */
  readonly #leaving = new Set<Member>();
  readonly #timer: ReturnType<typeof setInterval>;
  #config: Config;
  #endpoint?: Endpoint;
  #ready = false;
  #stopping = false;
  /** What workers that are no more have counted. */
  #past: Promise<MetricsSnapshot> = Promise.resolve([]);
  /** What is left of their statuses. */
  #pastStatus: StatusData;
  #age: ConfigStatus = { loadedAt: Date.now() };

  private constructor(config: Config, outside: SupervisorOutside) {
    this.#config = config;
    this.#outside = outside;
    this.#metrics = new Metrics(outside.version, {
      activeConnections: () => 0,
      maxConnections: () => 0,
      droppedLogLines: () => outside.access.dropped,
      pooled: () => new Map(),
      backends: () => [],
    });
    this.#pastStatus = blankStatus(outside.version);
    this.#timer = setInterval(() => {
      for (const member of this.#living()) {
        member.count();
        member.look();
      }
    }, COUNT_EVERY_MS);
  }

  /**
   * Starts as many workers as the configuration says.
   *
   * @param config The configuration.
   * @param outside What they need.
   * @returns When all of them serve.
   * @throws {BindError} If an address can't be listened on; nothing is left open then.
   */
  static async start(config: Config, outside: SupervisorOutside): Promise<Supervisor> {
    const supervisor = new Supervisor(config, outside);
    try {
      if (outside.spawn === undefined) checkPermission();
      probe(config, []);
      supervisor.#endpoint = supervisor.#openEndpoint(config);
      const failures = await Promise.all(
        Array.from({ length: config.workers }, () => supervisor.#add()),
      );
      for (const failure of failures) if (failure !== undefined) throw new BindError(failure);
    } catch (error) {
      await supervisor.stop(0);
      throw error;
    }
    supervisor.#ready = true;
    return supervisor;
  }

  /**
   * Puts a new configuration in force, in all workers or in none.
   *
   * @param config The new configuration.
   * @throws {BindError} If a new address can't be listened on; everything is as it was then.
   */
  async reload(config: Config): Promise<void> {
    const before = this.#config;
    probe(config, before.listeners.map(({ name }) => name));
    const moved = endpointOf(config) !== endpointOf(before);
    const endpoint = moved ? this.#openEndpoint(config) : this.#endpoint;
    this.#config = config;
    const failure = await this.#tell();
    if (failure !== undefined) {
      this.#config = before;
      await this.#tell();
      if (moved) await endpoint?.[Symbol.asyncDispose]();
      throw new BindError(failure);
    }
    const old = this.#endpoint;
    this.#endpoint = endpoint;
    while (this.#seats.length < config.workers) {
      const why = await this.#add();
      if (why !== undefined) this.#replace(this.#seats[this.#seats.length - 1], why);
    }
    for (const seat of this.#seats.splice(config.workers)) {
      this.#dismiss(seat, config.shutdownTimeout);
    }
    if (moved) await old?.[Symbol.asyncDispose]();
  }

  /**
   * Counts and dates a reload.
   *
   * @param result Whether it took effect.
   */
  reloaded(result: "success" | "failure"): void {
    this.#metrics.reloaded(result);
    const reload = { at: Date.now(), result };
    this.#age = { loadedAt: result === "success" ? reload.at : this.#age.loadedAt, reload };
  }

  /**
   * Has all workers stop accepting, finish, and close what is left.
   *
   * @param timeout How long that may take, in milliseconds.
   * @returns When everything is closed.
   */
  async stop(timeout: number): Promise<void> {
    this.#ready = false;
    this.#stopping = true;
    this.#endpoint?.endStreams();
    for (const { timer } of this.#seats) clearTimeout(timer);
    await Promise.all(this.#living().map((member) => this.#see(member, timeout)));
    clearInterval(this.#timer);
    await this.#endpoint?.[Symbol.asyncDispose]();
  }

  /** Tells all workers of the configuration in force. Returns why one of them can't go by it. */
  async #tell(): Promise<string | undefined> {
    // One that is to go has no share any more, and goes on with what it had.
    const told = this.#seats.slice(0, this.#config.workers).map(({ member }) => ({
      member,
      reply: member.ask({ kind: "reload", config: this.#shareOf(member) }),
    }));
    const replies = await Promise.all(told.map(({ reply }) => reply));
    // One that has died meanwhile is replaced by one that knows no other configuration.
    return replies.find(({ error }, i) => error !== undefined && !told[i].member.over)?.error;
  }

  async #add(): Promise<string | undefined> {
    const member = this.#member(this.#seats.length);
    const seat: Seat = { member, serving: false, since: 0, deaths: 0 };
    this.#seats.push(seat);
    return await this.#begin(seat);
  }

  /** Has a new worker serve. Returns why it can't, also if it has died meanwhile. */
  async #begin(seat: Seat): Promise<string | undefined> {
    const { member } = seat;
    const { version } = this.#outside;
    const [config, name] = [this.#shareOf(member), member.index + 1];
    seat.since = performance.now();
    const { error } = await member.ask({ kind: "start", config, name, version });
    seat.serving = error === undefined;
    return error;
  }

  #shareOf({ index }: Member): Config {
    return shareOf(this.#config, index, this.#config.workers);
  }

  #member(index: number): Member {
    const { lines, access, spawn = spawnWorker } = this.#outside;
    return new Member(index, {
      spawn,
      lines: (kind, text) => (kind === "log" ? lines : access).write(text),
      died: (member, why) => this.#died(member, why),
    });
  }

  #died(member: Member, error: string): void {
    const seat = this.#seats.find((each) => each.member === member);
    // The answer to its start says so, too.
    if (seat?.serving === false) return;
    if (seat !== undefined && !this.#stopping) return this.#replace(seat, error);
    this.#remember(member);
    const worker = member.index + 1;
    this.#outside.log.error("a worker has died before it had finished", { worker, error });
  }

  /** Gives a place to another worker, after a while. */
  #replace(seat: Seat, error: string): void {
    const { index } = seat.member;
    seat.serving = false;
    seat.member[Symbol.dispose]();
    this.#remember(seat.member);
    seat.deaths = performance.now() - seat.since > LASTS_MS ? 1 : seat.deaths + 1;
    const pause = Math.min(PAUSE_MS * 2 ** (seat.deaths - 1), MAX_PAUSE_MS);
    this.#outside.log.error("a worker has died, and is replaced", {
      worker: index + 1,
      error,
      in_seconds: pause / 1000,
    });
    seat.timer = setTimeout(async () => {
      seat.member = this.#member(index);
      const why = await this.#begin(seat);
      if (why === undefined || this.#stopping || !this.#seats.includes(seat)) return;
      this.#replace(seat, why);
    }, pause);
  }

  #dismiss({ member, timer }: Seat, timeout: number): void {
    clearTimeout(timer);
    // There is nobody in a place that waits for another worker.
    if (member.over) return;
    this.#leaving.add(member);
    this.#see(member, timeout);
  }

  /** Has one finish, and sees it off. */
  async #see(member: Member, timeout: number): Promise<void> {
    const { error } = await member.ask({ kind: "stop", timeout });
    if (error === undefined) await Promise.all([member.count(), member.look()]);
    if (member.over) return;
    const worker = member.index + 1;
    if (error !== undefined) this.#outside.log.error("a worker is cut off", { worker, error });
    member[Symbol.dispose]();
    this.#remember(member);
  }

  /** Keeps what one has counted that is no more. */
  #remember(member: Member): void {
    const { metrics, status } = member;
    this.#leaving.delete(member);
    if (status !== undefined) this.#pastStatus = mergeStatus([pastOf(status), this.#pastStatus]);
    this.#past = this.#past.then((past) =>
      mergeMetrics([past, countersOf(metrics)]).getMetricsAsJSON()
    );
  }

  /** Those that serve, and those that finish. */
  #living(): Member[] {
    return [...this.#seats.map(({ member }) => member), ...this.#leaving].filter(({ over }) =>
      !over
    );
  }

  async #expose(): Promise<string> {
    const own = await this.#metrics.snapshot();
    const living = this.#living();
    const parts = await Promise.all(living.map((member) => member.count()));
    // One that has ended meanwhile is among the past, and must not be counted twice.
    const known = parts.map((part, i) =>
      living[i].over ? [] : this.#leaving.has(living[i]) ? withoutOffers(part) : part
    );
    return await mergeMetrics([own, ...known, await this.#past]).metrics();
  }

  async #status(): Promise<StatusData> {
    const living = this.#living();
    const parts = await Promise.all(living.map((member) => member.look()));
    const known = parts.flatMap((part, i) => {
      if (part === undefined || living[i].over) return [];
      if (!this.#leaving.has(living[i])) return part;
      return { ...part, connections: { ...part.connections, max: 0 } };
    });
    return {
      ...mergeStatus([...known, this.#pastStatus]),
      state: this.#stopping ? "draining" : this.#ready ? "ready" : "starting",
      startedAt: Math.round(performance.timeOrigin),
      config: this.#age,
      droppedLogLines: this.#outside.access.dropped,
    };
  }

  #openEndpoint({ metrics }: Config): Endpoint | undefined {
    if (!metrics.enabled) return undefined;
    const endpoint = bind(metrics.address, () =>
      serveEndpoint(metrics.address, {
        metrics: () => this.#expose(),
        contentType: this.#metrics.contentType,
        ready: () => this.#ready && this.#seats.some(({ serving }) => serving),
        status: () => this.#status(),
      }));
    this.#outside.log.info("serving metrics", { address: canonical(metrics.address) });
    return endpoint;
  }
}

/**
 * Makes sure that nobody else listens where the workers will: they let each other, and so they would let anybody.
 *
 * @throws {BindError} If somebody does.
 */
function probe({ listeners }: Config, known: readonly string[]): void {
  for (const { name, address } of listeners) {
    if (!known.includes(name)) bind(address, () => listen(address)).close();
  }
}

/** The folder that every worker loads its modules from. */
const MODULES = new URL("../", import.meta.url).pathname;

/** @throws {BindError} If a thread could not load the program. */
function checkPermission(): void {
  if (Deno.permissions.querySync({ name: "read", path: MODULES }).state === "granted") return;
  throw new BindError(
    `cannot start workers: each loads the program anew; missing permission, add --allow-read=${MODULES}`,
  );
}

function spawnWorker(): Thread {
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
}

function endpointOf({ metrics }: Config): string {
  return metrics.enabled ? canonical(metrics.address) : "off";
}
