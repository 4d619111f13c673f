import { assert, assertEquals } from "@std/assert";
import { ConnectionSniffer } from "../../src/sniff/sniff.ts";
import type { Protocol } from "../../src/sniff/sniffed.ts";
import { everyCut, mutated, randomCuts } from "./every_cut.ts";
import { hex, latin1 } from "./hex.ts";
import { chromeLike, records } from "./hello_builder.ts";
import { generator } from "./random.ts";

const make = (): ConnectionSniffer => new ConnectionSniffer();
const HELLO = records(chromeLike("tls.example"), 16384);
const H2_REQUEST = latin1(
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0" +
    "\0\0\x10\x01\x05\0\0\0\x01\x82\x86\x84\x41\x0bh2c.example",
);
const REQUEST = latin1("GET / HTTP/1.1\r\nHost: http.example\r\n\r\n");

Deno.test("TLS and HTTP are told apart by content, and their sniffers asked", () => {
  for (
    const [bytes, protocol, name] of [
      [HELLO, "tls", "tls.example"],
      [REQUEST, "http", "http.example"],
      [latin1("\r\nGET / HTTP/1.0\r\n\r\n"), "http", undefined],
      [H2_REQUEST, "h2c", "h2c.example"],
    ] as const
  ) {
    const { result } = everyCut(make, bytes, protocol);
    assert(result?.kind === "sniffed");
    assertEquals([result.protocol, result.name], [protocol, name]);
  }
});

Deno.test("what is neither is known as soon as it can't be either", () => {
  for (
    const [sent, after] of [
      ["SSH-2.0-OpenSSH_9.2\r\n", 20],
      ["\x80\x2e\x01\x00\x02", 1],
      ["\x00\x00", 1],
      ["\x15\x03\x01", 1],
      ["\xffSMB", 1],
      ["*1\r\n$4\r\nPING\r\n", 3],
      ["\r\r\n", 2],
      ["\r\n\r\nGET / HTTP/1.1\r\n", 3],
      ["\r\n GET", 3],
      [" GET / HTTP/1.1\r\n", 1],
      ["\nGET / HTTP/1.1\r\n", 1],
      ["GET\t/ HTTP/1.1\r\n", 4],
      ["(GET) / HTTP/1.1\r\n", 1],
      ["QUIT\r\n", 5],
      ["A".repeat(40), 33],
      ["\r\n" + "A".repeat(40), 35],
    ] as const
  ) {
    const { result, after: known } = everyCut(make, latin1(sent), JSON.stringify(sent));
    assert(result?.kind === "sniffed", JSON.stringify(sent));
    assertEquals([result.protocol, result.name, known], ["unknown", undefined, after], sent);
  }
});

Deno.test("what it looks like so far is known before the whole", () => {
  for (
    const [sent, protocol] of [
      ["", "unknown"],
      ["\x16", "tls"],
      ["\x16\x03\x01", "tls"],
      ["G", "unknown"],
      ["GET", "unknown"],
      ["GET ", "http"],
      ["GET / HTTP/1.1\r\nHos", "http"],
      ["\r\n", "unknown"],
      ["PRI * HTTP/2.0\r", "unknown"],
      ["PRI * HTTP/2.0\r\n", "h2c"],
      ["PRI * HTTP/1.1", "http"],
      ["PRIVMSG ", "http"],
    ] as [string, Protocol][]
  ) {
    const sniffer = make();
    assertEquals(sniffer.sniff(latin1(sent)), undefined, JSON.stringify(sent));
    assertEquals(sniffer.protocol, protocol, JSON.stringify(sent));
  }
});

Deno.test("100,000 random beginnings get a verdict that does not depend on how they are cut", () => {
  const next = generator(42);
  const begin = [hex("16 03 01 00 10"), latin1("GET "), latin1("PRI * HTTP/2.0\r\n"), REQUEST];
  for (let round = 0; round < 100_000; round++) {
    const noise = new Uint8Array(next(60)).map(() => next(256));
    const start = begin[next(begin.length)];
    const bytes = next(2) === 0 ? noise : new Uint8Array([...mutated(start, next), ...noise]);
    if (bytes.length > 0) randomCuts(make, bytes, next);
  }
});
