import { assert, assertEquals } from "@std/assert";
import { OutlierDetector } from "../../src/upstream/outlier.ts";
import { generator } from "../sniff/random.ts";

const settings = { consecutiveFailures: 3, ejectFor: 1_000 };

/** Fails so many times in a row; says what the last one led to. */
function fail(
  outliers: OutlierDetector<string>,
  count: number,
  now: number,
  backends = 10,
): number | undefined {
  let until: number | undefined;
  for (let i = 0; i < count; i++) until = outliers.failed("a", now, backends);
  return until;
}

Deno.test("failures in a row eject, and a success between them begins anew", () => {
  const outliers = new OutlierDetector<string>(settings);
  assertEquals(fail(outliers, 2, 0), undefined);
  outliers.succeeded("a", 50);
  assertEquals(fail(outliers, 2, 100), undefined);
  assert(outliers.available("a", 100));
  assertEquals(fail(outliers, 1, 200), 1_200);
  outliers.succeeded("a", 300);
  for (const [now, available] of [[200, false], [1_199, false], [1_200, true]] as const) {
    assertEquals(outliers.available("a", now), available, `${now}`);
  }
  assert(outliers.available("b", 200), "another one is another one");
});

Deno.test("one client tries, and what becomes of it decides", () => {
  const outliers = new OutlierDetector<string>(settings);
  outliers.claim("a", 0);
  assert(outliers.available("a", 0), "one that serves can be chosen by any number");
  fail(outliers, 3, 0);
  outliers.claim("a", 1_000);
  assertEquals(outliers.available("a", 1_000), false, "somebody tries");
  assertEquals(fail(outliers, 1, 1_500), 3_500, "one failure is enough now");
  assertEquals(outliers.available("a", 3_499), false);
  assert(outliers.available("a", 3_500));
  outliers.claim("a", 3_500);
  outliers.succeeded("a", 3_550);
  for (let i = 0; i < 3; i++) {
    assert(outliers.available("a", 3_600));
    outliers.claim("a", 3_600);
  }
  assertEquals(fail(outliers, 2, 3_700), undefined, "it takes all of them again");
  assertEquals(fail(outliers, 1, 3_700), 4_700, "and the time is short again");
});

Deno.test("a trial that nobody reports on is over after 30 seconds", () => {
  const outliers = new OutlierDetector<string>(settings);
  fail(outliers, 3, 0);
  outliers.claim("a", 2_000);
  assertEquals(outliers.available("a", 31_999), false);
  assert(outliers.available("a", 32_000));
  outliers.claim("a", 32_000);
  assertEquals(outliers.available("a", 32_000), false, "one at a time");
  assertEquals(fail(outliers, 1, 32_100), 34_100);
});

Deno.test("each ejection that follows another is longer, up to ten times", () => {
  const outliers = new OutlierDetector<string>(settings);
  const lengths: number[] = [];
  let now = 0;
  for (let i = 0; i < 12; i++) {
    const until = fail(outliers, i === 0 ? 3 : 1, now) ?? 0;
    lengths.push((until - now) / 1_000);
    now = until;
    outliers.claim("a", now);
  }
  assertEquals(lengths, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10]);
});

Deno.test("clients that were on their way when it was ejected say nothing new", () => {
  const outliers = new OutlierDetector<string>(settings);
  assertEquals(fail(outliers, 3, 0), 1_000);
  assertEquals(fail(outliers, 10, 999), undefined);
  assert(outliers.available("a", 1_000));
});

Deno.test("never more than half are ejected", () => {
  for (const [backends, most] of [[1, 0], [2, 1], [3, 1], [4, 2], [5, 2], [9, 4]]) {
    const outliers = new OutlierDetector<number>(settings);
    const all = Array.from({ length: backends }, (_, i) => i);
    let told = 0;
    for (let round = 0; round < 5; round++) {
      for (const each of all) if (outliers.failed(each, round, backends) !== undefined) told++;
    }
    const ejected = all.filter((each) => !outliers.available(each, 10)).length;
    assertEquals([ejected, told], [most, most], `${backends} backends`);
  }
});

Deno.test("one that has failed enough is ejected as soon as there is room", () => {
  const outliers = new OutlierDetector<string>({ consecutiveFailures: 1, ejectFor: 1_000 });
  assertEquals(outliers.failed("b", 0, 2), 1_000);
  assertEquals(outliers.failed("a", 0, 2), undefined);
  outliers.succeeded("b", 1_000);
  assertEquals(outliers.failed("a", 1_001, 2), 2_001);
});

Deno.test("when backends go, those ejected come back until half are left", () => {
  const outliers = new OutlierDetector<string>({ consecutiveFailures: 1, ejectFor: 1_000 });
  for (const each of ["a", "b"]) outliers.failed(each, 0, 5);
  outliers.forget("c", 4);
  assertEquals(["a", "b"].map((each) => outliers.available(each, 0)), [false, false]);
  outliers.forget("d", 3);
  assertEquals(["a", "b"].map((each) => outliers.available(each, 0)), [true, false]);
  outliers.forget("e", 2);
  assertEquals(outliers.available("b", 0), false);
  outliers.forget("a", 1);
  assert(outliers.available("b", 0), "the last one is never ejected");
});

Deno.test("one that is forgotten is new when it comes back", () => {
  const outliers = new OutlierDetector<string>(settings);
  fail(outliers, 3, 0);
  outliers.forget("a", 10);
  assert(outliers.available("a", 0));
  assertEquals(fail(outliers, 2, 0), undefined);
  assertEquals(fail(outliers, 1, 0), 1_000);
});

Deno.test("other settings hold from the next failure on", () => {
  const outliers = new OutlierDetector<string>(settings);
  fail(outliers, 2, 0);
  outliers.configure({ consecutiveFailures: 5, ejectFor: 10 });
  assertEquals(fail(outliers, 2, 0), undefined);
  assertEquals(fail(outliers, 1, 0), 10);
  outliers.configure(settings);
  assertEquals(outliers.available("a", 9), false);
  assert(outliers.available("a", 10));
});

Deno.test("whatever happens, half can be chosen and none is lost for good", () => {
  for (let seed = 0; seed < 40; seed++) {
    const below = generator(seed);
    const backends = 1 + below(8);
    const all = Array.from({ length: backends }, (_, i) => i);
    const outliers = new OutlierDetector<number>({
      consecutiveFailures: 1 + below(3),
      ejectFor: 1 + below(500),
    });
    let now = 0;
    for (let step = 0; step < 1_000; step++) {
      now += below(100);
      const each = below(backends);
      if (outliers.available(each, now)) outliers.claim(each, now);
      if (below(4) === 0) outliers.succeeded(each, now);
      else if (below(4) > 0) outliers.failed(each, now, backends);
      const free = all.filter((one) => outliers.available(one, now)).length;
      assert(free >= backends / 2, `seed ${seed}, step ${step}: ${free} of ${backends}`);
    }
    assert(all.every((one) => outliers.available(one, now + 30_000)), `seed ${seed}`);
  }
});

Deno.test("why a backend is left alone, and until when", () => {
  const outliers = new OutlierDetector<string>({ consecutiveFailures: 2, ejectFor: 1_000 });
  const fail = (now: number): unknown => outliers.failed("a", now, 2);
  fail(0);
  assertEquals(outliers.ejection("a", 0), undefined, "once is not enough");
  fail(10);
  assertEquals(outliers.ejection("a", 20), { failures: 2, until: 1_010 });
  assertEquals(outliers.ejection("a", 1_010), undefined, "the next client may try");
  outliers.claim("a", 1_010);
  assertEquals(outliers.ejection("a", 1_011), { failures: 2, until: 31_010 });
  outliers.succeeded("a", 1_020);
  assertEquals(outliers.ejection("a", 1_021), undefined);
});
