/**
 * What both bare loops have in common: `LISTEN_PORT BACKEND_PORT` on the command line.
 *
 * @module
 */
const [port, backend] = Deno.args.map(Number);

/**
 * Accepts, connects to the backend, and closes both when that is over.
 *
 * @param join What is done with the two; if it fails, nobody hears of it.
 */
export async function serve(
  join: (client: Deno.TcpConn, upstream: Deno.TcpConn) => Promise<unknown>,
): Promise<never> {
  const one = async (accepted: Deno.TcpConn): Promise<void> => {
    using client = accepted;
    client.setNoDelay(true);
    try {
      using upstream = await Deno.connect({ hostname: "127.0.0.1", port: backend });
      upstream.setNoDelay(true);
      await join(client, upstream);
    } catch {
      // Whoever breaks off ends both.
    }
  };
  const listener = Deno.listen({ hostname: "127.0.0.1", port });
  for (;;) one(await listener.accept());
}
