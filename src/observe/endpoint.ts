/**
 * The HTTP endpoint for machines that watch: metrics, health, readiness. It changes nothing.
 *
 * @module
 */
import type { Address } from "../config/config.ts";

/** What the endpoint tells. */
export interface EndpointSource {
  /** All metrics as Prometheus text. */
  metrics(): Promise<string>;
  /** The media type of {@linkcode EndpointSource.metrics}. */
  readonly contentType: string;
  /** Whether clients are being accepted. */
  ready(): boolean;
}

/** How long the endpoint rests after it could not accept. */
const RESTART_MS = 100;

const PAGES = "sniproxy: /metrics, /health, /ready\n";

/**
 * Answers one request.
 *
 * @param request The request.
 * @param source What there is to tell.
 * @returns The answer.
 */
export async function answer(request: Request, source: EndpointSource): Promise<Response> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response("only GET and HEAD\n", { status: 405, headers: { allow: "GET, HEAD" } });
  }
  switch (new URL(request.url).pathname) {
    case "/metrics":
      return new Response(await source.metrics(), {
        headers: { "content-type": source.contentType, "cache-control": "no-store" },
      });
    case "/health":
      return json(200, { status: "healthy", service: "sniproxy" });
    case "/ready":
      return source.ready()
        ? json(200, { status: "ready", service: "sniproxy" })
        : json(503, { status: "not_ready", service: "sniproxy" });
    default:
      return new Response(PAGES, { status: 404 });
  }
}

/**
 * Starts the endpoint.
 *
 * @param address Where to listen.
 * @param source What there is to tell.
 * @returns The server; disposing it ends it, open requests included.
 * @throws {Deno.errors.AddrInUse} And whatever else keeps it from listening there.
 */
export function serveEndpoint(address: Address, source: EndpointSource): AsyncDisposable {
  const stop = new AbortController();
  const start = (): Promise<void> =>
    Deno.serve({
      hostname: address.host,
      port: address.port,
      signal: stop.signal,
      onListen: () => {},
      onError: () => new Response("internal error\n", { status: 500 }),
    }, (request) => answer(request, source)).finished;
  const served = keepServing(start(), start, stop.signal);
  return {
    async [Symbol.asyncDispose](): Promise<void> {
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
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store" },
  });
}
