import { assertEquals } from "@std/assert";
import { locate } from "../../src/config/problem.ts";

Deno.test("locate() counts lines by LF, CRLF and CR, and columns in characters", () => {
  const text = "a\u00fcb\n\ud83d\ude00c\r\nd\re\u2028f";
  const places: [string, number, number][] = [
    ["a", 1, 1],
    ["b", 1, 3],
    ["c", 2, 2],
    ["d", 3, 1],
    ["e", 4, 1],
    ["f", 4, 3],
  ];
  for (const [char, line, column] of places) {
    assertEquals(
      locate(text, [{ path: [], offset: text.indexOf(char), message: "m" }]),
      [{ path: "", line, column, message: "m" }],
    );
  }
});

Deno.test("locate() sorts by place, keeps the order at one place, and stays inside of the text", () => {
  const findings = [[9, "end"], [2, "b"], [0, "a"], [2, "c"]] as const;
  assertEquals(
    locate("x\ny", findings.map(([offset, message]) => ({ path: [], offset, message })))
      .map(({ line, column, message }) => [line, column, message]),
    [[1, 1, "a"], [2, 1, "b"], [2, 1, "c"], [2, 2, "end"]],
  );
});

Deno.test("locate() writes paths on one line, whatever the keys are", () => {
  for (
    const [path, text] of [
      [[], ""],
      [["routes", 0, "backends", 1], "routes[0].backends[1]"],
      [["dns", "hosts", "a.b", 0], 'dns.hosts["a.b"][0]'],
      [[0, "a"], "[0].a"],
      [["a\nb", ""], '["a\\nb"][""]'],
      [["x".repeat(100)], `["${"x".repeat(80)}..."]`],
    ] as const
  ) assertEquals(locate("", [{ path, offset: 0, message: "" }])[0].path, text);
});
