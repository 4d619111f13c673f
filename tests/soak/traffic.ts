/**
 * The traffic of a soak. Each kind is one operation, which checks every byte it gets and throws if one is wrong.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { writeAll } from "../relay/sockets.ts";
import { Caller } from "../e2e/raw_http.ts";
import { connectTo, exchange, hello, lastWords, tunnelTo } from "../e2e/peers.ts";

/** Where to go and what to leave to chance. */
export interface Ground {
  /** The proxy's ports. */
  readonly ports: { readonly http: number; readonly tls: number };
  /** Whole numbers from 0 up to, not including, `below`. */
  readonly random: (below: number) => number;
  /** Waits, though not beyond the end. */
  readonly rest: (ms: number) => Promise<void>;
}

/** A kind of traffic. */
export interface Traffic {
  /** What it is called. */
  readonly name: string;
  /** How many clients do it at a time. */
  readonly clients: number;
  /** Up to how long each rests between two, in milliseconds. */
  readonly pause: number;
  /** Does it once. */
  readonly act: (ground: Ground) => Promise<void>;
}

const PING = new TextEncoder().encode("ping");

async function hearStatus(caller: Caller, expected: number): Promise<void> {
  const head = await caller.hearHead();
  const status = head.slice(9, 12);
  if (status !== String(expected)) throw new Error(`answered with ${status}`);
}

/** A tunnel that carries a few messages. */
async function tunnel({ ports, random }: Ground): Promise<void> {
  using conn = await tunnelTo(ports.tls);
  for (let left = 1 + random(5); left > 0; left--) {
    await exchange(
      conn,
      new Uint8Array(1 + random(random(4) === 0 ? 60_000 : 500)).fill(random(256)),
    );
  }
}

/** A keep-alive connection with some requests. */
async function pages({ ports, random }: Ground): Promise<void> {
  using caller = await Caller.connect(ports.http);
  for (let left = 1 + random(30); left > 0; left--) {
    await caller.say("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
    await hearStatus(caller, 200);
    await caller.hear("0");
  }
}

/** Requests with bodies, whose length comes back. */
async function posts({ ports, random }: Ground): Promise<void> {
  using caller = await Caller.connect(ports.http);
  for (let left = 1 + random(3); left > 0; left--) {
    const length = random(200_000);
    await caller.say(`POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: ${length}\r\n\r\n`);
    await caller.say("x".repeat(length));
    await hearStatus(caller, 200);
    await caller.hear(String(length));
  }
}

/** A connection that is upgraded, as a WebSocket is. */
async function upgrade({ ports, random }: Ground): Promise<void> {
  using caller = await Caller.connect(ports.http);
  await caller.say(
    "GET / HTTP/1.1\r\nHost: app.test\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n",
  );
  await hearStatus(caller, 101);
  for (let left = 1 + random(10); left > 0; left--) {
    const message = String(random(1e9)).repeat(1 + random(100));
    await caller.say(message);
    await caller.hear(message);
  }
}

/** A tunnel that does nothing for seconds, and works then. */
async function idle({ ports, random, rest }: Ground): Promise<void> {
  using conn = await tunnelTo(ports.tls);
  // A backend that dies in the meantime is noticed at once, not when the rest is over.
  const echo = new Uint8Array(PING.length);
  const answer = conn.read(echo);
  await Promise.race([rest(5_000 + random(15_000)), answer.catch(() => {})]);
  await writeAll(conn, PING);
  if (await answer === null) throw new Error("the tunnel has ended");
  assertEquals(echo, PING);
}

/** A client that sends part of a hello, and is cut off. */
async function slowHello({ ports, random }: Ground): Promise<void> {
  using conn = await connectTo(ports.tls);
  await writeAll(conn, hello("app.test").subarray(0, 1 + random(20)));
  assertEquals(await lastWords(conn), "");
}

/** A client that asks for more than it reads, and leaves. */
async function slowReader({ ports, rest }: Ground): Promise<void> {
  using conn = await connectTo(ports.tls);
  await writeAll(conn, hello("flood.test"));
  assertEquals(await conn.read(new Uint8Array(1)), 1);
  await rest(2_000);
}

/** All kinds. */
export const TRAFFIC: readonly Traffic[] = [
  { name: "TLS tunnels", clients: 8, pause: 20, act: tunnel },
  { name: "HTTP keep-alive connections", clients: 6, pause: 20, act: pages },
  { name: "connections with POSTs", clients: 3, pause: 20, act: posts },
  { name: "upgraded connections", clients: 3, pause: 20, act: upgrade },
  { name: "idle tunnels", clients: 300, pause: 500, act: idle },
  { name: "slow hellos", clients: 10, pause: 500, act: slowHello },
  { name: "slow readers", clients: 5, pause: 500, act: slowReader },
];
