/**
 * Asks the endpoint whether the process serves: for health checks of containers. Exits 0 or 1.
 *
 * @module
 */
const [url = "http://127.0.0.1:9090/health"] = Deno.args;
try {
  const { ok } = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  Deno.exit(ok ? 0 : 1);
} catch (error) {
  console.error(`${url}: ${error instanceof Error ? error.message : error}`);
  Deno.exit(1);
}
