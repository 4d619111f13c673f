import { assert, assertEquals } from "@std/assert";
import type { Backend, BackendGroup } from "../../src/config/config.ts";
import { Cluster } from "../../src/upstream/cluster.ts";
import { Endpoint } from "../../src/upstream/endpoint.ts";

/** A backend on port 80; `b=3` has weight 3, `b!` is a backup. */
function backend(text: string): Backend {
  const [, host, weight = "1", backup] = /^([^=!]+)(?:=(\d+))?(!)?$/.exec(text) ?? [];
  return {
    ...{ address: { host, port: 80 }, name: `${host}:80` },
    ...{ weight: Number(weight), backup: backup !== undefined },
  };
}

function group(backends: string, more: Partial<BackendGroup> = {}): BackendGroup {
  return {
    backends: backends.split(" ").map(backend),
    ...{ balance: "round_robin", proxyProtocol: "off", retries: 0, ...more },
  };
}

/** A cluster in fake time, with names that are what the test says. */
class Fake {
  now = 0;
  readonly names = new Map<string, readonly string[] | Promise<readonly string[]>>([
    ["one.test", ["10.0.0.1"]],
    ["two.test", ["10.0.0.1", "10.0.0.2"]],
    ["none.test", []],
  ]);
  readonly removed: string[] = [];
  readonly ejected: string[] = [];
  cluster: Cluster;
  readonly #outside = {
    resolve: (name: string) => this.names.get(name) ?? [],
    removed: (label: string, { key }: Endpoint) => this.removed.push(`${label} ${key}`),
    ejected: (label: string, { key }: Endpoint) => this.ejected.push(`${label} ${key}`),
    now: () => this.now,
    random: () => 0.5,
  };

  constructor(backends: string, more: Partial<BackendGroup> = {}) {
    this.cluster = new Cluster("app", group(backends, more), this.#outside);
  }

  /** Puts another configuration in force. Returns what the one before came to. */
  reload(backends: string, more: Partial<BackendGroup> = {}): Cluster {
    const before = this.cluster;
    this.cluster = new Cluster("app", group(backends, more), this.#outside, before);
    return before;
  }

  /** The last numbers of the places that are chosen one after the other. */
  chosen(count: number, tried: readonly Endpoint[] = [], cluster = this.cluster): string {
    return Array.from({ length: count }, () => {
      const found = cluster.choose("192.0.2.1", tried);
      return typeof found === "string" ? found : found.host.split(".").at(-1);
    }).join(" ");
  }

  /** The place with this last number. */
  place(last: number): Endpoint {
    const found = [...this.cluster.endpoints].find(({ host }) => host.endsWith(`.${last}`));
    assert(found !== undefined, `there is no place ${last}`);
    return found;
  }
}

const [IP1, IP2, IP3] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];

Deno.test("backends are chosen by weight, and backups while there is no other", () => {
  for (
    const [backends, down, tried, expected] of [
      [IP1, [], [], "1 1 1"],
      [`${IP1} ${IP2}`, [], [], "1 2 1 2"],
      [`${IP1}=2 ${IP2}`, [], [], "1 2 1 1 2 1"],
      [`${IP1} ${IP2}!`, [], [], "1 1 1"],
      [`${IP1} ${IP2}! ${IP3}!`, [1], [], "2 3 2 3"],
      [`${IP1} ${IP2}!`, [], [1], "2 2"],
      [`${IP1} ${IP2}!`, [2], [1], "no_healthy_backend"],
      [`${IP1} ${IP2} ${IP3}`, [2], [1], "3 3"],
      [`${IP1} ${IP2}`, [1, 2], [], "no_healthy_backend"],
      [`${IP1}! ${IP2}!`, [], [], "1 2"],
      ["none.test", [], [], "backend_unresolved"],
      [`none.test ${IP1}`, [], [], "1 1"],
      [`none.test ${IP1}`, [1], [], "no_healthy_backend"],
      ["two.test", [], [], "1 2 1"],
      ["two.test one.test", [], [], "1 2 1"],
      [`one.test! ${IP1}`, [], [], "1"],
    ] as const
  ) {
    const fake = new Fake(backends);
    for (const last of down) fake.place(last).up = false;
    const places = tried.map((last) => fake.place(last));
    assertEquals(fake.chosen(expected.split(" ").length, places), expected, backends);
  }
});

Deno.test("a name that is being looked up is waited for", async () => {
  const fake = new Fake("late.test");
  const { promise, resolve } = Promise.withResolvers<readonly string[]>();
  fake.names.set("late.test", promise);
  assertEquals(fake.chosen(1), "backend_unresolved");
  assert(fake.cluster.pending === promise);
  resolve([IP3]);
  fake.names.set("late.test", await promise);
  assertEquals(fake.chosen(1), "3");
});

Deno.test("other addresses of a name make places come and go, and others stay", () => {
  const fake = new Fake("two.test 10.0.0.9");
  const [two, nine] = [fake.place(2), fake.place(9)];
  two.active = 7;
  fake.names.set("two.test", ["10.0.0.2", "10.0.0.3"]);
  assertEquals(fake.chosen(3).split(" ").toSorted(), ["2", "3", "9"]);
  assertEquals(fake.removed, ["app 10.0.0.1:80"]);
  assert(fake.place(2) === two && fake.place(9) === nine);
  assertEquals([fake.cluster.size, fake.cluster.has("10.0.0.1:80")], [3, false]);
  fake.names.set("two.test", []);
  assertEquals(fake.chosen(2), "9 9");
  assertEquals(fake.removed.length, 3);
});

Deno.test("a place that two backends come to is there once, until both have left it", () => {
  const fake = new Fake("two.test one.test");
  assertEquals(fake.cluster.size, 2);
  fake.names.set("two.test", ["10.0.0.2"]);
  fake.cluster.refresh();
  assertEquals([fake.cluster.size, fake.removed], [2, []]);
  assertEquals(fake.place(1).backend.name, "one.test:80");
  fake.names.set("one.test", []);
  fake.cluster.refresh();
  assertEquals(fake.removed, ["app 10.0.0.1:80"]);
});

Deno.test("a reload keeps the places, and what a name came to while it is looked up again", () => {
  const fake = new Fake(`${IP3} two.test`);
  const [one, three] = [fake.place(1), fake.place(3)];
  three.up = false;
  fake.names.set("two.test", new Promise(() => {}));
  fake.reload(`two.test=5 ${IP3}! 10.0.0.4`, { balance: "least_connections" });
  assert(fake.place(1) === one && fake.place(3) === three);
  assertEquals([one.weight, three.up, fake.removed], [5, false, []]);
  assertEquals(fake.chosen(3), "1 2 4");
  fake.reload("10.0.0.4");
  assertEquals(fake.removed.toSorted(), [1, 2, 3].map((last) => `app 10.0.0.${last}:80`));
});

Deno.test("whoever began before a reload goes on with the backends and the balance of that time", () => {
  const outlierDetection = { consecutiveFailures: 1, ejectFor: 1_000 };
  const fake = new Fake(`${IP1}=2 ${IP2}`, { outlierDetection });
  const [one, two] = [fake.place(1), fake.place(2)];
  const before = fake.reload(`${IP2}=2 ${IP3}`, { balance: "source_ip", outlierDetection });
  assertEquals(fake.removed, ["app 10.0.0.1:80"]);
  assertEquals([before.isCurrent(one), before.isCurrent(two)], [false, true]);
  assertEquals(fake.chosen(2, [], before).split(" ").toSorted(), ["1", "2"]);
  assertEquals(fake.chosen(2, [one], before), "2 2");
  // What is learned of a place that both have is known to both.
  before.failed(two, "backend_refused");
  assertEquals(fake.ejected, ["app 10.0.0.2:80"]);
  assertEquals([fake.chosen(2), fake.chosen(2, [], before)], ["3 3", "1 1"]);
  before.failed(one, "backend_refused");
  assertEquals(fake.ejected.length, 1, "nobody new is led there");
  before.refresh();
  assertEquals([two.weight, fake.removed.length], [2, 1], "nor does it change what is in force");
  fake.cluster.retire();
  assertEquals(fake.removed.toSorted(), [1, 2, 3].map((last) => `app 10.0.0.${last}:80`));
  assertEquals([before.isCurrent(two), fake.chosen(1, [], before)], [false, "1"]);
});

Deno.test("a name that moves moves for those who began before a reload, too, to the same places", () => {
  const fake = new Fake(`one.test ${IP3}`);
  const before = fake.reload("one.test");
  fake.names.set("one.test", [IP2]);
  assertEquals([fake.chosen(1), fake.chosen(2, [], before).split(" ").toSorted()], ["2", [
    "2",
    "3",
  ]]);
  assert(before.isCurrent([...before.endpoints].find(({ host }) => host === IP2) ?? fake.place(3)));
  assertEquals(fake.removed.toSorted(), [`app ${IP1}:80`, `app ${IP3}:80`]);
});

Deno.test("limits of the route", () => {
  const fake = new Fake(IP1, { maxConnections: 2 });
  const entering = (count: number): unknown[] =>
    Array.from({ length: count }, () => fake.cluster.enter());
  assertEquals(entering(3), [undefined, undefined, "connection_limit"]);
  fake.cluster.leave();
  assertEquals(fake.cluster.clients, 1);
  const before = fake.reload(IP1, { rateLimit: { perSecond: 1, burst: 2 } });
  assertEquals(entering(3), [undefined, undefined, "rate_limit"]);
  assertEquals(fake.cluster.clients, 3, "who is refused is not counted");
  assertEquals(before.enter(), "connection_limit", "by the limit of its time");
  fake.now = 1_000;
  fake.reload(IP1, { rateLimit: { perSecond: 1, burst: 5 } });
  assertEquals(entering(2), [undefined, "rate_limit"]);
  before.leave();
  fake.reload(IP1);
  assertEquals(entering(3), [undefined, undefined, undefined]);
  assertEquals(fake.cluster.clients, 6);
});

Deno.test("a place that fails is left alone, tried by one, and back when it serves", () => {
  const outlierDetection = { consecutiveFailures: 2, ejectFor: 1_000 };
  const fake = new Fake(`${IP1} ${IP2}`, { outlierDetection });
  const [one, two] = [fake.place(1), fake.place(2)];
  for (const place of [one, one, two, two, two]) fake.cluster.failed(place, "backend_refused");
  assertEquals(fake.ejected, ["app 10.0.0.1:80"], "the other one is half of them");
  assertEquals(fake.chosen(3), "2 2 2");
  fake.now = 1_000;
  assertEquals(fake.chosen(4), "1 2 2 2");
  fake.cluster.succeeded(one);
  assertEquals(fake.chosen(4).split(" ").filter((last) => last === "1").length, 2);
  for (let i = 0; i < 2; i++) fake.cluster.failed(one, "backend_refused");
  fake.reload(IP1, { outlierDetection });
  assertEquals(fake.chosen(1), "1", "the last one is never left alone");
  fake.reload(`${IP1} ${IP2}`);
  for (let i = 0; i < 5; i++) fake.cluster.failed(one, "backend_refused");
  assertEquals(fake.ejected.length, 2);
});

Deno.test("a backend is up while one of its places is", () => {
  const fake = new Fake("two.test none.test");
  const states = (): boolean[] =>
    fake.cluster.group.backends.map((each) => fake.cluster.isUp(each));
  assertEquals(states(), [true, false]);
  fake.place(1).up = false;
  assertEquals(states(), [true, false]);
  fake.place(2).up = false;
  assertEquals(states(), [false, false]);
  assertEquals(fake.cluster.isUp(backend(IP1)), false, "one of another group");
});

Deno.test("a place is dialled at its own address first, then at its backend's others", () => {
  const fake = new Fake(`two.test ${IP3}`);
  const [one, two, three] = [1, 2, 3].map((last) => fake.place(last));
  assertEquals(fake.cluster.addressesOf(two), [IP2, IP1]);
  assertEquals(fake.cluster.addressesOf(three), [IP3]);
  one.up = false;
  assertEquals(fake.cluster.addressesOf(two), [IP2]);
  assertEquals(fake.cluster.addressesOf(new Endpoint(backend(IP1), IP1)), [IP1], "a stranger");
});

Deno.test("what is known of a backend's places", () => {
  const outlierDetection = { consecutiveFailures: 1, ejectFor: 1_000 };
  const fake = new Fake(`two.test none.test`, { outlierDetection });
  const [two, none] = fake.cluster.group.backends;
  fake.now = 5;
  fake.cluster.failed(fake.place(1), "backend_closed");
  const places = fake.cluster.placesOf(two).map(({ endpoint, ejection }) => [
    endpoint.host,
    endpoint.failures,
    endpoint.failure,
    ejection,
  ]);
  assertEquals(places, [
    [IP1, 1, { reason: "backend_closed", at: 5 }, { failures: 1, until: 1_005 }],
    [IP2, 0, undefined, undefined],
  ]);
  assertEquals(fake.cluster.placesOf(none), []);
  assertEquals(fake.cluster.placesOf(backend(IP1)), [], "one of another group");
});
