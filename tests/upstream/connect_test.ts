import { assert, assertEquals } from "@std/assert";
import { connect, isOutOfDescriptors } from "../../src/upstream/connect.ts";
import type { Resolve } from "../../src/upstream/resolve.ts";

const HOSTS = new Map<string, readonly string[]>([
  ["127.0.0.1", ["127.0.0.1"]],
  ["255.255.255.255", ["255.255.255.255"]],
  ["backend.example", ["127.0.0.1"]],
  ["mixed.example", ["127.0.0.9", "127.0.0.1"]],
  ["gone.example", []],
]);
const resolve: Resolve = (name) => HOSTS.get(name) ?? [];
const later: Resolve = (name) => Promise.resolve(resolve(name));
const hanging: Resolve = () => new Promise(() => {});
const never = new AbortController().signal;

Deno.test("a backend that accepts is connected and named as configured", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  for (
    const [host, known] of [
      ["127.0.0.1", resolve],
      ["backend.example", resolve],
      ["backend.example", later],
    ] as const
  ) {
    const connected = await connect({ host, port }, known, never);
    assert(connected.kind === "connected", JSON.stringify(connected));
    assertEquals(connected.backend, `${host}:${port}`);
    connected.conn.close();
    (await listener.accept()).close();
  }
});

Deno.test("the guard's word decides which addresses are dialled", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const asked: string[] = [];
  const guard = (ip: string): string | undefined => {
    asked.push(ip);
    return ip === "127.0.0.9" ? "loopback" : undefined;
  };
  const connected = await connect({ host: "mixed.example", port }, resolve, never, guard);
  assert(connected.kind === "connected", JSON.stringify(connected));
  assertEquals(connected.conn.remoteAddr.hostname, "127.0.0.1");
  assertEquals(asked, ["127.0.0.9", "127.0.0.1"]);
  connected.conn.close();
  (await listener.accept()).close();
});

Deno.test("each way to fail has its reason", async () => {
  const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = free.addr;
  free.close();
  for (
    const [reason, attempt] of [
      ["backend_refused", connect({ host: "127.0.0.1", port }, resolve, never)],
      ["backend_unresolved", connect({ host: "gone.example", port }, resolve, never)],
      ["backend_unresolved", connect({ host: "gone.example", port }, later, never)],
      ["backend_timeout", connect({ host: "x.example", port }, hanging, AbortSignal.timeout(20))],
      ["backend_timeout", connect({ host: "127.0.0.1", port }, hanging, AbortSignal.abort())],
      [
        "denied_network",
        connect({ host: "backend.example", port }, resolve, never, () => "loopback"),
      ],
      ["backend_unreachable", connect({ host: "255.255.255.255", port }, resolve, never)],
    ] as const
  ) {
    const result = await attempt;
    assert(result.kind === "refusal", `${reason}: connected`);
    assertEquals(result.reason, reason, result.detail);
  }
});

Deno.test("running out of descriptors is told from other errors by its code", () => {
  for (
    const [error, expected] of [
      [Object.assign(new Error("x"), { code: "EMFILE" }), true],
      [Object.assign(new Error("x"), { code: "ENFILE" }), true],
      [Object.assign(new Error("x"), { code: "ECONNREFUSED" }), false],
      [new Error("EMFILE"), false],
      ["EMFILE", false],
      [undefined, false],
    ] as const
  ) assertEquals(isOutOfDescriptors(error), expected);
});
