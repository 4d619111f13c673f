import { assertEquals } from "@std/assert";
import { SuffixTrie } from "../../src/route/suffix_trie.ts";

function trieOf(...suffixes: string[]): SuffixTrie<string> {
  const trie = new SuffixTrie<string>();
  for (const suffix of suffixes) trie.add(suffix, suffix);
  return trie;
}

Deno.test("A suffix trie finds the longest suffix with something to its left.", () => {
  const trie = trieOf("com", "example.com", "a.b.c.example.com", "org");
  const cases: [name: string, longest: string | undefined][] = [
    ["www.example.com", "example.com"],
    ["x.www.example.com", "example.com"],
    ["example.com", "com"],
    ["com", undefined],
    ["a.b.c.example.com", "example.com"],
    ["z.a.b.c.example.com", "a.b.c.example.com"],
    ["b.c.example.com", "example.com"],
    ["example.net", undefined],
    ["notexample.com", "com"],
    ["x.notexample.com", "com"],
    ["a.org", "org"],
    ["org.a", undefined],
    ["xorg", undefined],
    ["", undefined],
    [".", undefined],
    ["..com", "com"],
    ["com.", undefined],
  ];
  for (const [name, longest] of cases) {
    assertEquals(trie.longest(name)?.values[0], longest, JSON.stringify(name));
  }
});

Deno.test("A suffix leads to all shorter ones that have values.", () => {
  const found: string[] = [];
  const trie = trieOf("com", "a.b.example.com", "example.com");
  for (let at = trie.longest("x.a.b.example.com"); at !== undefined; at = at.parent) {
    found.push(...at.values);
  }
  assertEquals(found, ["a.b.example.com", "example.com", "com"]);
});

Deno.test("Values under one suffix keep their order.", () => {
  const trie = new SuffixTrie<number>();
  for (const value of [3, 1, 2]) trie.add("example.com", value);
  assertEquals(trie.longest("a.example.com")?.values, [3, 1, 2]);
});

Deno.test("An empty suffix trie finds nothing.", () => {
  assertEquals(new SuffixTrie().longest("a.example.com"), undefined);
});
