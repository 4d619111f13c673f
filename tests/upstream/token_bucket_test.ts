import { assert, assertEquals } from "@std/assert";
import { TokenBucket } from "../../src/upstream/token_bucket.ts";
import { generator } from "../sniff/random.ts";

/** How many tokens there are to be taken at a moment. */
function drain(bucket: TokenBucket, now: number): number {
  let count = 0;
  while (bucket.take(now)) count++;
  return count;
}

Deno.test("an empty bucket is refilled by the rate, and up to its burst", () => {
  for (
    const [perSecond, burst, after, tokens] of [
      [1, 1, 0, 0],
      [1, 1, 999, 0],
      [1, 1, 1_000, 1],
      [1, 3, 2_500, 2],
      [1, 3, 3_600_000, 3],
      [100, 10, 50, 5],
      [100, 10, 100, 10],
      [0.5, 2, 1_999, 0],
      [0.5, 2, 2_000, 1],
      [1_000_000, 5, 1, 5],
      [10, 5, -10_000, 0],
    ]
  ) {
    const bucket = new TokenBucket({ perSecond, burst }, 20_000);
    assertEquals(drain(bucket, 20_000), burst, "full at first");
    assertEquals(
      drain(bucket, 20_000 + after),
      tokens,
      `${perSecond}/s, ${burst}, ${after} ms later`,
    );
  }
});

Deno.test("parts of a token are kept", () => {
  const bucket = new TokenBucket({ perSecond: 1, burst: 1 }, 0);
  drain(bucket, 0);
  assertEquals([250, 500, 750, 1_000, 1_250, 2_000].map((now) => bucket.take(now)), [
    ...[false, false, false, true],
    ...[false, true],
  ]);
});

Deno.test("another limit goes on with the tokens there are", () => {
  const bucket = new TokenBucket({ perSecond: 1, burst: 10 }, 0);
  for (let i = 0; i < 4; i++) bucket.take(0);
  bucket.configure({ perSecond: 100, burst: 20 }, 1_000);
  assertEquals(drain(bucket, 1_000), 7, "refilled at the old rate until then");
  assertEquals(drain(bucket, 1_050), 5, "and at the new one since");
  bucket.configure({ perSecond: 100, burst: 20 }, 2_000);
  bucket.configure({ perSecond: 100, burst: 3 }, 2_000);
  assertEquals(drain(bucket, 2_000), 3, "what is too much for it is gone");
});

Deno.test("no time lets more through than the burst and what is refilled", () => {
  for (let seed = 0; seed < 50; seed++) {
    const below = generator(seed);
    const perSecond = 1 + below(50);
    const burst = 1 + below(20);
    const bucket = new TokenBucket({ perSecond, burst }, 0);
    let taken = 0;
    let now = 0;
    for (let i = 0; i < 500; i++) {
      now += below(60);
      if (bucket.take(now)) taken++;
      const most = burst + perSecond * now / 1_000;
      assert(taken <= most, `seed ${seed}: ${taken} of ${most} after ${now} ms`);
    }
    assert(taken >= Math.min(500, perSecond * now / 1_000) * 0.8, `seed ${seed}: only ${taken}`);
  }
});
