import { assertEquals } from "@std/assert";
import { surprise } from "../../src/relay/surprise.ts";
import { pair, writeAll } from "./sockets.ts";

Deno.test("what a socket has said behind its answer, or that it has ended, is known before it is used", async () => {
  const cases = {
    silent: [undefined, (): void => {}],
    speaking: ["unexpected_data", (far: Deno.TcpConn) => writeAll(far, new Uint8Array(1))],
    ended: ["closed_by_backend", (far: Deno.TcpConn) => far.closeWrite()],
    gone: ["closed_by_backend", (far: Deno.TcpConn) => far.close()],
  } as const;
  for (const [name, [expected, act]] of Object.entries(cases)) {
    const [near, far] = await pair();
    await writeAll(far, new Uint8Array(8));
    await act(far);
    assertEquals(await near.read(new Uint8Array(8)), 8);
    const buffer = new Uint8Array(8);
    const ahead = { buffer, read: near.read(buffer) };
    assertEquals(await surprise(ahead), expected, name);
    ahead.read.catch(() => {});
    near.close();
    if (name !== "gone") far.close();
  }
});

Deno.test("a socket that has broken has ended", async () => {
  const read = Promise.reject(new Deno.errors.ConnectionReset());
  assertEquals(await surprise({ buffer: new Uint8Array(1), read }), "closed_by_backend");
});
