/**
 * The least that a tunnel can be on this runtime: `deno run --allow-net tunnel.ts LISTEN_PORT BACKEND_PORT`. Nothing is
 * read of what is carried, nothing is counted or logged, nobody is refused, and nothing ever times out.
 *
 * @module
 */
import { serve } from "./serve.ts";

async function carry(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(1024);
  for (;;) {
    const count = await from.read(buffer);
    if (count === null) break;
    for (let sent = 0; sent < count;) sent += await to.write(buffer.subarray(sent, count));
  }
  await to.closeWrite();
}

await serve((client, upstream) => Promise.all([carry(client, upstream), carry(upstream, client)]));
