import { assertEquals } from "@std/assert";
import { statusReader } from "../../src/upstream/status_reader.ts";
import { mutated } from "../sniff/every_cut.ts";
import { ascii } from "../sniff/hello_builder.ts";
import { generator } from "../sniff/random.ts";
import { judged } from "./judged.ts";

Deno.test("the status decides", () => {
  const OK = "HTTP/1.1 200 OK\r\n";
  for (
    const [text, low, high, expected] of [
      ["", 200, 399, undefined],
      ["HTTP/1.1 200 OK", 200, 399, undefined],
      ["HTTP/1.1 200 OK\r", 200, 399, undefined],
      [OK, 200, 399, true],
      ["HTTP/1.0 200\r\n", 200, 399, true],
      ["HTTP/1.1 399 \r\n", 200, 399, true],
      ["HTTP/1.1 400 Bad\r\n", 200, 399, "status 400, not 200 to 399"],
      ["HTTP/1.1 503 No\r\n", 204, 204, "status 503, not 204"],
      [`${OK}what comes\nnext does not matter`, 200, 200, true],
      [`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}`, 200, 200, true],
      [`HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 102 Wait\r\n\r\n${OK}`, 200, 200, true],
      ["HTTP/1.1 100 Continue\r\n\r\n", 100, 199, undefined],
      ["HTTP/1.1 103 Early Hints\r\nLink: <", 200, 399, undefined],
      ["HTTP/1.1 103 Early Hints\r\nLink: \n", 200, 399, "not HTTP/1.x"],
      ["HTTP/1.1 101 Upgrade\r\n", 200, 399, "status 101, not 200 to 399"],
      ["HTTP/1.1 101 Upgrade\r\n", 101, 101, true],
      ["\r\n", 200, 399, "not HTTP/1.x"],
      ["HTTP/1.1 200 OK\n", 200, 399, "not HTTP/1.x"],
      ["HTTP/2 200\r\n", 200, 399, "not HTTP/1.x"],
      ["HTTP/1.1 2000\r\n", 200, 399, "not HTTP/1.x"],
      ["HTTP/1.1 99 Low\r\n", 1, 599, "not HTTP/1.x"],
      ["SSH-2.0-OpenSSH_9.2\r\n", 200, 399, "not HTTP/1.x"],
      ["\x15\x03\x03\x00\x02\x02\x28", 200, 399, "not HTTP/1.x"],
    ] as const
  ) assertEquals(judged(() => statusReader([low, high]), ascii(text)), expected, text);
});

Deno.test("whatever it is, it is judged the same however it is cut", () => {
  const next = generator(9);
  const seed = ascii("HTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 None\r\nA: b\r\n\r\n");
  for (let i = 0; i < 3_000; i++) judged(() => statusReader([200, 399]), mutated(seed, next));
});
