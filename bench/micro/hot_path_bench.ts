/**
 * Nanoseconds for what every connection or request goes through: `deno task bench:micro`.
 *
 * @module
 */
import type { Route } from "../../src/config/config.ts";
import { ConnectionSniffer } from "../../src/sniff/sniff.ts";
import { HeadEnd, parseRequestHead, parseResponseHead } from "../../src/sniff/http1_head.ts";
import { RouteTable } from "../../src/route/table.ts";
import { Pool } from "../../src/pool/pool.ts";
import { clientHello } from "../../src/upstream/client_hello.ts";

const hello = clientHello("www.example.com");
const head = new TextEncoder().encode(
  "GET /some/page?with=a&query HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: bench\r\n" +
    "Accept: */*\r\nAccept-Encoding: gzip\r\nCookie: session=0123456789abcdef\r\n\r\n",
);

Deno.bench("ClientHello", { group: "sniff" }, () => {
  new ConnectionSniffer().sniff(hello);
});

Deno.bench("HTTP/1.1 head, as a connection's first bytes", { group: "sniff" }, () => {
  new ConnectionSniffer().sniff(head);
});

Deno.bench("HTTP/1.1 head, as the relay reads it", { group: "sniff" }, () => {
  const end = new HeadEnd().find(head, 0);
  if (typeof end === "number") parseRequestHead(head, 0, end);
});

const answer = new TextEncoder().encode(
  "HTTP/1.1 200 OK\r\nServer: bench\r\nDate: Mon, 23 Nov 2026 12:00:00 GMT\r\nContent-Type: text/html\r\n" +
    'Content-Length: 1024\r\nConnection: keep-alive\r\nETag: "0123456789"\r\n\r\n',
);

Deno.bench("HTTP/1.1 answer's head", { group: "sniff" }, () => {
  const end = new HeadEnd().find(answer, 0);
  if (typeof end === "number") parseResponseHead(answer, 0, end);
});

const GROUP = { backends: [], balance: "round_robin", proxyProtocol: "off", retries: 0 } as const;

function table(count: number, more: readonly string[] = []): RouteTable {
  const hosts = [...Array.from({ length: count - 1 }, (_, i) => `n${i}.example.test`), ...more];
  return new RouteTable(hosts.map((host): Route => (
    { name: host, hosts: [host], action: "proxy", ...GROUP }
  )));
}

for (const count of [1, 100, 10_000]) {
  const routes = table(count, ["www.example.com"]);
  const ask = { protocol: "tls", name: "www.example.com", alpn: [], listener: "" } as const;
  Deno.bench(`an exact name of ${count}`, { group: "route" }, () => {
    routes.find(ask);
  });
}

for (
  const [what, pattern] of [["a wildcard", "*.example.com"], ["a regex", "/^www.*$/"], [
    "none",
    "x",
  ]]
) {
  const routes = table(10_000, [pattern]);
  const ask = { protocol: "tls", name: "www.example.com", alpn: [], listener: "" } as const;
  Deno.bench(`${what} behind 10,000 names`, { group: "route" }, () => {
    routes.find(ask);
  });
}

/** A socket on which nothing ever happens. */
const conn = {
  read: (): Promise<never> => new Promise(() => {}),
  close(): void {},
} as unknown as Deno.TcpConn; // Only these two are used.

const settings = {
  maxPerHost: 100,
  connectionTtl: 1e9,
  idleTimeout: 1e9,
  preconnect: "off",
} as const;
const pool = new Pool(settings, {
  dial: () => Promise.reject(new Error("nobody is dialled")),
  evicted: () => {},
  now: () => performance.now(),
  random: Math.random,
});

Deno.bench("a socket given and taken", { group: "pool" }, () => {
  pool.give({ conn, connectedAt: 0 });
  pool.take();
});
