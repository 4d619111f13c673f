import { assert, assertEquals, assertRejects } from "@std/assert";
import { dial } from "../../src/upstream/dial.ts";
import { soon } from "../e2e/harness.ts";

/** A listener whose backlog is full: a connection to it neither succeeds nor fails. */
async function silent(): Promise<{ port: number } & Disposable> {
  const listener = Deno.listen({ hostname: "127.0.0.2", port: 0, tcpBacklog: 1 });
  const { port } = listener.addr;
  const stop = new AbortController();
  const conns: Deno.TcpConn[] = [];
  // Nobody accepts; once a connection hangs, the next ones will too.
  for (let hanging = 0; hanging < 3;) {
    const patience = AbortSignal.any([stop.signal, AbortSignal.timeout(200)]);
    try {
      conns.push(await Deno.connect({ hostname: "127.0.0.2", port, signal: patience }));
    } catch {
      hanging++;
    }
  }
  return {
    port,
    [Symbol.dispose](): void {
      stop.abort();
      for (const conn of conns) conn.close();
      listener.close();
    },
  };
}

const never = new AbortController().signal;

Deno.test("an address that accepts gives a socket", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using conn = await dial(["127.0.0.1"], listener.addr.port, never);
  assertEquals(conn.remoteAddr.port, listener.addr.port);
  (await listener.accept()).close();
});

Deno.test("when the first address refuses the next one is tried at once", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using conn = await dial(["127.0.0.3", "127.0.0.4", "127.0.0.1"], listener.addr.port, never);
  assertEquals(conn.remoteAddr.hostname, "127.0.0.1");
  (await listener.accept()).close();
});

Deno.test("when the first address is silent the next one is tried beside it", async () => {
  using mute = await silent();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: mute.port });
  const dialled = dial(["127.0.0.2", "127.0.0.1"], mute.port, never);
  using conn = await soon("the second address", dialled);
  assertEquals(conn.remoteAddr.hostname, "127.0.0.1");
  (await listener.accept()).close();
});

Deno.test("when every address refuses the error says so", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  for (const addresses of [["127.0.0.3"], ["127.0.0.3", "127.0.0.4"]]) {
    await assertRejects(() => dial(addresses, port, never), Deno.errors.ConnectionRefused);
  }
});

Deno.test("a signal ends every attempt", async () => {
  using mute = await silent();
  for (const addresses of [["127.0.0.2"], ["127.0.0.2", "127.0.0.2"]]) {
    const signal = AbortSignal.timeout(50);
    const error = await assertRejects(
      () => soon("the signal to count", dial(addresses, mute.port, signal)),
      Error,
    );
    assert(signal.aborted, error.message);
  }
});
