/**
 * A DNS server that says what a test wants it to, over UDP and TCP.
 *
 * @module
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";

/** A question as it came in. */
export interface Asked {
  /** In lower case. */
  readonly name: string;
  /** About which addresses. */
  readonly type: "A" | "AAAA";
  /** How it came. */
  readonly over: "udp" | "tcp";
  /** The port it came from. */
  readonly port: number;
  /** All of it. */
  readonly bytes: Uint8Array;
}

/** What goes into an answer. */
export interface Reply {
  /** RFC 1035, 4.1.1; 0 if absent. */
  readonly code?: number;
  /** Those of the kind that was asked for are in the answer. IPv6 without `::` in it. */
  readonly addresses?: readonly string[];
  /** Names from the one asked for to the one that has the addresses. */
  readonly aliases?: readonly string[];
  /** Whose the addresses are, if not the last name's. */
  readonly owner?: string;
  /** Whether it says that there is more. */
  readonly truncated?: boolean;
  /** Replaces the flags and the code. */
  readonly flags?: number;
}

/** Decides what is said: an answer, these very bytes, or nothing. */
export type Script = (
  asked: Asked,
) => Reply | Uint8Array | undefined | Promise<Reply | Uint8Array | undefined>;

/** A running server. */
export interface DnsServer extends AsyncDisposable {
  /** Its port at 127.0.0.1. */
  readonly port: number;
  /** Each question so far, such as `A www.example udp`. */
  readonly asked: string[];
}

/**
 * Writes an answer.
 *
 * @param question The message with the question.
 * @param reply What to say.
 * @returns The message.
 */
export function answerTo(question: Uint8Array, reply: Reply): Uint8Array<ArrayBuffer> {
  const { name, type, end } = readQuestion(question);
  const { code = 0, addresses = [], aliases = [], truncated = false } = reply;
  const out = [...question.subarray(0, end)];
  const flags = reply.flags ?? (0x8180 | (truncated ? 0x0200 : 0) | code);
  out[2] = flags >> 8;
  out[3] = flags & 0xff;
  const fitting = addresses.filter((each) => each.includes(":") === (type === "AAAA"));
  const count = aliases.length + fitting.length;
  out.splice(4, 8, 0, 1, count >> 8, count & 0xff, 0, 0, 0, 0);
  const record = (owner: string, kind: number, data: number[]): void => {
    // A pointer to the question where that is possible, as servers do.
    out.push(...owner === name ? [0xc0, 12] : encodeName(owner), 0, kind, 0, 1, 0, 0, 0, 60);
    out.push(data.length >> 8, data.length & 0xff, ...data);
  };
  let owner = name;
  for (const alias of aliases) {
    record(owner, 5, encodeName(alias));
    owner = alias;
  }
  for (const each of fitting) record(reply.owner ?? owner, type === "A" ? 1 : 28, encodeIp(each));
  return new Uint8Array(out);
}

/**
 * Starts a server at 127.0.0.1.
 *
 * @param script What it says.
 * @returns The server.
 */
export async function startDnsServer(script: Script): Promise<DnsServer> {
  const { listener, socket } = await bind();
  const { port } = listener.addr;
  const asked: string[] = [];
  const answer = async (
    bytes: Uint8Array,
    over: "udp" | "tcp",
    port: number,
  ): Promise<Uint8Array | undefined> => {
    const { name, type } = readQuestion(bytes);
    asked.push(`${type} ${name} ${over}`);
    const reply = await script({ name, type, over, port, bytes });
    return reply === undefined || reply instanceof Uint8Array ? reply : answerTo(bytes, reply);
  };
  let closed = false;
  socket.on("message", async (bytes, from) => {
    const message = await answer(new Uint8Array(bytes), "udp", from.port);
    if (message !== undefined && !closed) socket.send(message, from.port, from.address);
  });
  const conns = new Set<Deno.TcpConn>();
  const serve = async (conn: Deno.TcpConn): Promise<void> => {
    conns.add(conn);
    try {
      const bytes = new Uint8Array(512);
      const count = await conn.read(bytes) ?? 0;
      const message = await answer(bytes.slice(2, count), "tcp", conn.remoteAddr.port);
      // Silence lasts until the other side has had enough.
      if (message === undefined) await conn.read(bytes);
      else {
        const framed = new Uint8Array([message.length >> 8, message.length & 0xff, ...message]);
        for (let at = 0; at < framed.length;) at += await conn.write(framed.subarray(at));
      }
    } catch {
      // The other side went away.
    }
    conns.delete(conn);
    conn.close();
  };
  const serving = (async () => {
    const all: Promise<void>[] = [];
    for await (const conn of listener) all.push(serve(conn));
    await Promise.all(all);
  })();
  return {
    port,
    asked,
    async [Symbol.asyncDispose](): Promise<void> {
      closed = true;
      listener.close();
      for (const conn of conns) await conn.closeWrite().catch(() => {});
      await serving;
      socket.close();
      await once(socket, "close");
    },
  };
}

/** One port for both, which may take some tries. */
async function bind(): Promise<
  { listener: Deno.TcpListener; socket: ReturnType<typeof createSocket> }
> {
  for (;;) {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const socket = createSocket("udp4");
    try {
      socket.bind(listener.addr.port, "127.0.0.1");
      await once(socket, "listening");
      return { listener, socket };
    } catch {
      listener.close();
      socket.close();
    }
  }
}

function readQuestion(bytes: Uint8Array): { name: string; type: "A" | "AAAA"; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (; bytes[at] !== 0; at += bytes[at] + 1) {
    labels.push(String.fromCharCode(...bytes.subarray(at + 1, at + 1 + bytes[at])));
  }
  const type = bytes[at + 2] === 1 ? "A" : "AAAA";
  return { name: labels.join(".").toLowerCase(), type, end: at + 5 };
}

function encodeName(name: string): number[] {
  const bytes = name.split(".").flatMap((label) => [
    label.length,
    ...Array.from(label, (each) => each.charCodeAt(0)),
  ]);
  return [...bytes, 0];
}

function encodeIp(ip: string): number[] {
  if (!ip.includes(":")) return ip.split(".").map(Number);
  return ip.split(":").flatMap((group) => {
    const value = parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
