/**
 * Many tunnels that have nothing to do.
 *
 * @module
 */
import type { Contest, Figures } from "../contest.ts";
import { realHello } from "../load.ts";
import { haproxyTcp } from "../peers/haproxy.ts";
import { nginxStream } from "../peers/nginx.ts";
import { ours } from "../peers/ours.ts";
import type { Scenario } from "../scenario.ts";
import { freeAddress, type Stage } from "../stage.ts";

const TUNNELS = 5_000;

/** Bytes that go through each tunnel before it is idle again. */
const BURST = 256 * 1024;

/** What asks the backend for them. */
const ASK = new Uint8Array([7]);

/** How long nothing happens before memory is read, in milliseconds. */
const SETTLE_MS = 3_000;

/** Memory for each tunnel. */
export const idle: Scenario = {
  name: "idle",
  about: `${TUNNELS} tunnels: memory for each, fresh and after a burst`,
  programs: ["nginx", "haproxy", "curl", "gcc"],
  root: false,

  async contests(stage: Stage): Promise<Contest[]> {
    const hello = await Deno.readFile(await realHello(stage));
    const backend = freeAddress();
    serve(backend);
    return [{
      title: `${TUNNELS} idle tunnels through a proxy that has made 1,000 others before`,
      contestants: [ours(stage, backend), nginxStream(stage, backend), haproxyTcp(stage, backend)],
      measures: [
        { key: "fresh", title: "KB each, fresh", digits: 1, better: "less" },
        { key: "after", title: "KB each, after 256 KB", digits: 1, better: "less" },
      ],
      targets: [{ measure: "fresh", limit: 16 }, { measure: "after", limit: 24 }],
      fresh: true,

      async turn({ address, process }): Promise<Figures> {
        const memory = (): number => process?.memory ?? NaN;
        for (const each of await open(address, hello, 1_000)) each.close();
        await rest(SETTLE_MS);
        const before = memory();
        const tunnels = await open(address, hello, TUNNELS);
        try {
          await rest(SETTLE_MS);
          const fresh = (memory() - before) / TUNNELS / 1024;
          await inTurns(tunnels, async (conn) => {
            await conn.write(ASK);
            await readAll(conn, BURST);
          });
          await rest(SETTLE_MS);
          return { fresh, after: (memory() - before) / TUNNELS / 1024 };
        } finally {
          for (const each of tunnels) each.close();
        }
      },
    }];
  },
};

/** Answers a hello with 64 bytes, and whoever asks with a burst. */
async function serve({ hostname, port }: Deno.NetAddr): Promise<void> {
  using listener = Deno.listen({ hostname, port });
  const burst = new Uint8Array(BURST);
  for await (const conn of listener) {
    answer(conn, burst).catch(() => {}).finally(() => conn.close());
  }
}

async function answer(conn: Deno.TcpConn, burst: Uint8Array): Promise<void> {
  const buffer = new Uint8Array(4096);
  for (let first = true; await conn.read(buffer) !== null; first = false) {
    const bytes = first ? burst.subarray(0, 64) : burst;
    for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
  }
}

async function open(
  { hostname, port }: Deno.NetAddr,
  hello: Uint8Array,
  count: number,
): Promise<Deno.TcpConn[]> {
  const tunnels: Deno.TcpConn[] = [];
  await inTurns(Array.from({ length: count }), async () => {
    const conn = await Deno.connect({ hostname, port });
    tunnels.push(conn);
    await conn.write(hello);
    await readAll(conn, 64);
  });
  return tunnels;
}

/** Does something for each, some at a time. */
async function inTurns<T>(list: readonly T[], act: (each: T) => Promise<void>): Promise<void> {
  const left = list.values();
  await Promise.all(Array.from({ length: 20 }, async () => {
    for (const each of left) await act(each);
  }));
}

async function readAll(conn: Deno.TcpConn, count: number): Promise<void> {
  const buffer = new Uint8Array(65_536);
  for (let left = count; left > 0;) {
    const read = await conn.read(buffer);
    if (read === null) throw new Error("a tunnel has ended");
    left -= read;
  }
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
