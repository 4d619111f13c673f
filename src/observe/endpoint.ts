/**
 * The HTTP endpoint for those who watch, machines and people: metrics, health, readiness, status. It changes nothing.
 *
 * @module
 */
import type { Address } from "../config/config.ts";
import { shorten } from "./merge_status.ts";
import type { StatusData } from "./status.ts";
import { StatusEvents } from "./status_events.ts";
import { statusPage } from "./status_page.ts";

/** What the endpoint tells. */
export interface EndpointSource {
  /** All metrics as Prometheus text. */
  metrics(): Promise<string>;
  /** The media type of {@linkcode EndpointSource.metrics}. */
  readonly contentType: string;
  /** Whether clients are being accepted. */
  ready(): boolean;
  /** What the status page shows. */
  status(): StatusData | Promise<StatusData>;
}

/** How long the endpoint rests after it could not accept. */
const RESTART_MS = 100;

const PAGES = "sniproxy: /, /status.json, /metrics, /health, /ready\n";

/** Of every answer: it is of this moment, of the type it says, and for nobody else's page. */
const ALWAYS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
};

/** Answers requests. Disposing it ends the answers that go on. */
export class Answers implements Disposable {
  readonly #source: EndpointSource;
  readonly #events: StatusEvents;

  /**
   * Makes it.
   *
   * @param source What there is to tell.
   */
  constructor(source: EndpointSource) {
    this.#source = source;
    this.#events = new StatusEvents(() => this.#status());
  }

  /**
   * Answers one request.
   *
   * @param request The request.
   * @returns The answer.
   */
  async answer(request: Request): Promise<Response> {
    const { method, headers } = request;
    if (method !== "GET" && method !== "HEAD") {
      return text(405, "only GET and HEAD\n", { allow: "GET, HEAD" });
    }
    const source = this.#source;
    switch (new URL(request.url).pathname) {
      case "/": {
        const page = await statusPage();
        return text(200, page.body, page.headers);
      }
      case "/status.json": {
        const vary = { vary: "accept" };
        if (headers.get("accept")?.includes("text/event-stream") && method === "GET") {
          return this.#watch(vary);
        }
        return text(200, await this.#status(), { "content-type": "application/json", ...vary });
      }
      case "/metrics":
        return text(200, await source.metrics(), { "content-type": source.contentType });
      case "/health":
        return json(200, { status: "healthy", service: "sniproxy" });
      case "/ready":
        return source.ready()
          ? json(200, { status: "ready", service: "sniproxy" })
          : json(503, { status: "not_ready", service: "sniproxy" });
      default:
        return text(404, PAGES);
    }
  }

  /** Ends the answers that go on, with what there is to tell now. */
  end(): Promise<void> {
    return this.#events.end();
  }

  /** Ends the answers that go on, for good. */
  [Symbol.dispose](): void {
    this.#events[Symbol.dispose]();
  }

  #watch(vary: Record<string, string>): Response {
    const events = this.#events.watch();
    if (events === undefined) return text(503, "too many watch already\n", { "retry-after": "10" });
    return new Response(events, {
      headers: { ...ALWAYS, "content-type": "text/event-stream", ...vary },
    });
  }

  async #status(): Promise<string> {
    return JSON.stringify(shorten(await this.#source.status()));
  }
}

/** The endpoint, serving. */
export interface Endpoint extends AsyncDisposable {
  /**
   * Ends the answers that go on, with what there is to tell now: who watches through the proxy itself must not keep it
   * from draining. Whoever watches directly comes back.
   */
  endStreams(): void;
}

/**
 * Starts the endpoint.
 *
 * @param address Where to listen.
 * @param source What there is to tell.
 * @returns The server; disposing it ends it, open requests included.
 * @throws {Deno.errors.AddrInUse} And whatever else keeps it from listening there.
 */
export function serveEndpoint(address: Address, source: EndpointSource): Endpoint {
  const stop = new AbortController();
  const answers = new Answers(source);
  const start = (): Promise<void> =>
    Deno.serve({
      hostname: address.host,
      port: address.port,
      signal: stop.signal,
      onListen: () => {},
      onError: () => text(500, "internal error\n"),
    }, (request) => answers.answer(request)).finished;
  const served = keepServing(start(), start, stop.signal);
  return {
    endStreams: () => {
      answers.end();
    },
    async [Symbol.asyncDispose](): Promise<void> {
      answers[Symbol.dispose]();
      // Streams that have ended say so before the sockets close.
      await new Promise((resolve) => setTimeout(resolve));
      stop.abort();
      await served;
    },
  };
}

/** The runtime's server ends at the first accept that fails, as it does when there is no descriptor left. */
async function keepServing(
  finished: Promise<void>,
  start: () => Promise<void>,
  stop: AbortSignal,
): Promise<void> {
  for (let current = finished; !stop.aborted;) {
    try {
      await current;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, RESTART_MS));
      try {
        current = start();
      } catch (error) {
        current = Promise.reject(error);
      }
    }
  }
}

function json(status: number, body: Record<string, string>): Response {
  return text(status, JSON.stringify(body), { "content-type": "application/json" });
}

function text(status: number, body: string, headers: Record<string, string> = {}): Response {
  return new Response(body, { status, headers: { ...ALWAYS, ...headers } });
}
