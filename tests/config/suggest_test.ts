import { assertEquals } from "@std/assert";
import { suggest } from "../../src/config/suggest.ts";

const WORDS = ["hosts", "alpn", "listen", "listen_addrs", "backends", "log"];

Deno.test("suggest() finds the word that was meant, and none for a word that is like no other", () => {
  for (
    const [word, meant] of [
      ["host", "hosts"],
      ["hsots", "hosts"],
      ["Hosts", "hosts"],
      ["apln", "alpn"],
      ["listen-addrs", "listen_addrs"],
      ["listenaddress", "listen_addrs"],
      ["backend", "backends"],
      ["loog", "log"],
      ["colour", undefined],
      ["", undefined],
      ["l", undefined],
      ["x".repeat(1_000_000), undefined],
    ]
  ) assertEquals(suggest(word ?? "", WORDS), meant);
});
