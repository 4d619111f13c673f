import { assertEquals } from "@std/assert";
import { readServerHello } from "../../src/upstream/server_hello.ts";
import { mutated } from "../sniff/every_cut.ts";
import { ascii, join, records, uint, vector } from "../sniff/hello_builder.ts";
import { generator } from "../sniff/random.ts";
import { judged } from "./judged.ts";

/** A message of 76 bytes, as far as it is looked at. */
const HELLO = join(2, vector(3, join(3, 3, new Uint8Array(70))));

function alert(level: number, description: number): Uint8Array {
  return new Uint8Array([21, 3, 3, 0, 2, level, description]);
}

function handshake(...body: number[]): Uint8Array {
  return join(22, 3, 3, vector(2, new Uint8Array(body)));
}

Deno.test("the first words of a server are judged", () => {
  for (
    const [bytes, expected] of [
      [new Uint8Array(), undefined],
      [records(HELLO), true],
      [records(HELLO).subarray(0, 11), true],
      [records(HELLO).subarray(0, 10), undefined],
      [records(HELLO, 1), true],
      [records(HELLO, 3), true],
      [join(records(HELLO), alert(2, 40)), true],
      [join(alert(1, 112), records(HELLO)), true],
      [join(alert(1, 112), alert(1, 90), records(HELLO, 2)), true],
      [alert(1, 112), undefined],
      [alert(1, 0), "alert close_notify (0)"],
      [alert(2, 112), "alert unrecognized_name (112)"],
      [alert(2, 40), "alert handshake_failure (40)"],
      [alert(2, 70), "alert protocol_version (70)"],
      [alert(2, 120), "alert no_application_protocol (120)"],
      [alert(2, 200), "alert unknown (200)"],
      [join(alert(1, 112), alert(2, 80)), "alert internal_error (80)"],
      [new Uint8Array([21, 3, 3, 0, 3, 1, 112]), "alert unrecognized_name (112)"],
      [alert(2, 40).subarray(0, 6), undefined],
      [new Uint8Array([21, 2]), "not TLS"],
      [handshake(1, 0, 0, 50, 3, 3), "not a ServerHello, but a handshake message of type 1"],
      [handshake(2, 0, 0, 50, 2, 0), "not TLS"],
      [handshake(), "not TLS"],
      [join(handshake(2, 0, 0), alert(2, 40)), "not TLS"],
      [new Uint8Array([23]), "not TLS"],
      [join(22, 3, 3, uint(16385, 2)), "not TLS"],
      [ascii("HTTP/1.1 400 Bad Request\r\n"), "not TLS"],
      [ascii("SSH-2.0-OpenSSH_9.2\r\n"), "not TLS"],
      [new Uint8Array(100), "not TLS"],
    ] as const
  ) assertEquals(judged(() => readServerHello, bytes), expected, bytes.join(" "));
});

Deno.test("whatever it is, it is judged the same however it is cut", () => {
  const next = generator(4);
  const seeds = [records(HELLO, 7), join(alert(1, 112), records(HELLO)), alert(2, 40)];
  for (let i = 0; i < 3_000; i++) judged(() => readServerHello, mutated(seeds[i % 3], next));
});
