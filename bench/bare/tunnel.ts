/**
 * The least that a tunnel can be on this runtime: `deno run --allow-net tunnel.ts LISTEN_PORT BACKEND_PORT`. Nothing is
 * read of what is carried, nothing is counted or logged, nobody is refused, and nothing ever times out.
 *
 * @module
 */
const [port, backend] = Deno.args.map(Number);

async function carry(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(1024);
  for (;;) {
    const count = await from.read(buffer);
    if (count === null) break;
    for (let sent = 0; sent < count;) sent += await to.write(buffer.subarray(sent, count));
  }
  await to.closeWrite();
}

async function serve(accepted: Deno.TcpConn): Promise<void> {
  using client = accepted;
  client.setNoDelay(true);
  try {
    using upstream = await Deno.connect({ hostname: "127.0.0.1", port: backend });
    upstream.setNoDelay(true);
    await Promise.all([carry(client, upstream), carry(upstream, client)]);
  } catch {
    // Whoever breaks off ends both.
  }
}

const listener = Deno.listen({ hostname: "127.0.0.1", port });
for (;;) serve(await listener.accept());
