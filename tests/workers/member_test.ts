import { assertEquals } from "@std/assert";
import type { Message, Question } from "../../src/workers/messages.ts";
import { Member, type Thread } from "../../src/workers/member.ts";
import { soon } from "../e2e/harness.ts";

/** A thread that says what it is told to, and whether it has been ended. */
class Puppet implements Thread {
  onerror: Thread["onerror"] = null;
  onmessageerror: Thread["onmessageerror"] = null;
  terminated = false;
  readonly heard: Question[] = [];
  readonly #answer: (question: Question) => Message | undefined;
  #port?: MessagePort;

  constructor(answer: (question: Question) => Message | undefined) {
    this.#answer = answer;
  }

  postMessage(_message: unknown, transfer?: Transferable[] | StructuredSerializeOptions): void {
    if (!Array.isArray(transfer) || !(transfer[0] instanceof MessagePort)) return;
    this.#port = transfer[0];
    this.#port.onmessage = ({ data }: MessageEvent<Question>): void => {
      this.heard.push(data);
      const answer = this.#answer(data);
      if (answer !== undefined) this.#port?.postMessage(answer);
    };
  }

  terminate(): void {
    this.terminated = true;
    this.#port?.close();
  }
}

Deno.test("one that hangs is not waited for, and what it last said is what is known", async () => {
  let hangs = false;
  const connections = [{ name: "a", help: "", type: "counter", values: [], aggregator: "sum" }];
  const thread = new Puppet(({ id }) =>
    // What the library says of its types is not what it does: they are words.
    hangs ? undefined : { kind: "reply", id, metrics: JSON.parse(JSON.stringify(connections)) }
  );
  using member = new Member(1, {
    spawn: () => thread,
    lines: () => {},
    died: () => {},
  });
  assertEquals((await member.count()).length, 1);
  hangs = true;
  const [late, status] = await soon("both", Promise.all([member.count(), member.look()]));
  assertEquals([late.length, status], [1, undefined]);
  const answer = member.ask({ kind: "stop", timeout: 60_000 });
  member[Symbol.dispose]();
  assertEquals((await answer).error, "worker 2 has ended");
  assertEquals((await member.ask({ kind: "metrics" })).error, "worker 2 has ended");
  assertEquals([member.over, thread.terminated], [true, true]);
  assertEquals(thread.heard.map(({ kind }) => kind), ["metrics", "metrics", "status", "stop"]);
});

Deno.test("one that dies says so once, and answers what it was asked", async () => {
  const thread = new Puppet(() => undefined);
  const told: string[] = [];
  using member = new Member(0, {
    spawn: () => thread,
    lines: () => {},
    died: ({ index }, why) => told.push(`${index} ${why}`),
  });
  const answer = member.ask({ kind: "metrics" });
  for (let i = 0; i < 2; i++) {
    const event = new ErrorEvent("error", { message: "Uncaught Error: x", cancelable: true });
    thread.onerror?.call(globalThis.Worker.prototype, event);
    assertEquals(event.defaultPrevented, true);
  }
  assertEquals((await answer).error, "Uncaught Error: x");
  assertEquals([told, member.over], [["0 Uncaught Error: x"], true]);
  thread.terminate();
});
