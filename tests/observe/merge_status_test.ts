import { assert, assertEquals } from "@std/assert";
import { COUNTED_NAMES, RECENT } from "../../src/observe/activity.ts";
import { mergeStatus, shorten } from "../../src/observe/merge_status.ts";
import type { BackendStatus, PlaceStatus, StatusData } from "../../src/observe/status.ts";
import { sampleStatus } from "./sample_status.ts";

const AT = Date.UTC(2026, 4, 12);

/** All numbers, by where they are. */
function* numbers(value: unknown, path = ""): Generator<[string, number]> {
  if (typeof value === "number") yield [path, value];
  if (typeof value !== "object" || value === null) return;
  for (const [key, each] of Object.entries(value)) yield* numbers(each, `${path}.${key}`);
}

Deno.test("one part is the whole", () => {
  const status = sampleStatus(AT);
  assertEquals(
    JSON.parse(JSON.stringify(mergeStatus([status]))),
    JSON.parse(JSON.stringify(status)),
  );
  assertEquals(structuredClone(status), status);
});

Deno.test("of two equal parts everything that is counted is double, and nothing else", () => {
  const status = sampleStatus(AT);
  const merged = new Map(numbers(mergeStatus([status, structuredClone(status)])));
  const same =
    /^\.(at|startedAt|memory|routesLeftOut|config\..*)$|\.(until|interval|moreHosts|weight|failedAt)$/;
  for (const [path, value] of numbers({ ...status, recent: [] })) {
    assertEquals(merged.get(path), same.test(path) ? value : 2 * value, path);
  }
});

Deno.test("the latest ends come first, whoever tells of them, and no more than of one", () => {
  const status = sampleStatus(AT);
  const [first] = status.recent;
  const part = (id: string, shift: number): StatusData => ({
    ...status,
    recent: Array.from(
      { length: 40 },
      (_, i) => ({ ...first, id: `${id}${i}`, at: AT - 10 * i - shift }),
    ),
  });
  const { recent } = mergeStatus([part("a", 0), part("b", 5)]);
  assertEquals(recent.slice(0, 4).map(({ id }) => id), ["a0", "b0", "a1", "b1"]);
  assertEquals(recent.length, RECENT);
});

Deno.test("a backend is as bad as whoever thinks worst of it says", () => {
  const status = sampleStatus(AT);
  const [route] = status.routes;
  const [backend] = route.backends;
  const [place] = backend.places;
  const part = (
    backendNow: Partial<BackendStatus>,
    placeNow: Partial<PlaceStatus>,
  ): StatusData => ({
    ...status,
    routes: [{
      ...route,
      backends: [{ ...backend, ...backendNow, places: [{ ...place, ...placeNow }] }],
    }],
  });
  const merged = mergeStatus([
    part({}, { active: 1 }),
    part({ up: false, upIn: 0 }, {
      state: "down",
      reason: "refused",
      failedAt: 5,
      failure: "refused",
    }),
    part({ up: false, upIn: 0 }, { state: "ejected", until: 70, failedAt: 9, failure: "reset" }),
  ]);
  const [{ places: [worst], ...rest }] = merged.routes[0].backends;
  assertEquals([rest.up, rest.upIn, rest.knownTo], [false, 1, 3]);
  assertEquals(
    [worst.state, worst.reason, worst.until, worst.failedAt, worst.failure],
    ["down", "refused", 70, 9, "reset"],
  );
});

Deno.test("a name that one part has not counted may have been there as often as its rarest", () => {
  const status = sampleStatus(AT);
  const full = Array.from(
    { length: COUNTED_NAMES },
    (_, i) => ({ name: `${i}.test`, count: 5, error: 0 }),
  );
  const few = [{ name: "a.test", count: 9, error: 1 }, { name: "0.test", count: 2, error: 0 }];
  const { unknownNames } = mergeStatus([
    { ...status, unknownNames: full },
    { ...status, unknownNames: few },
  ]);
  assertEquals(unknownNames.slice(0, 3), [
    { name: "a.test", count: 14, error: 6 },
    { name: "0.test", count: 7, error: 0 },
    { name: "1.test", count: 5, error: 0 },
  ]);
  assertEquals(unknownNames.length, COUNTED_NAMES);
});

Deno.test("of very many routes those with trouble and traffic are shown", () => {
  const status = sampleStatus(AT);
  const [shop, api] = status.routes;
  const quiet = { ...shop, ended: 0 };
  const routes = [
    ...Array.from({ length: 1_000 }, (_, i) => ({ ...quiet, name: `quiet-${i}` })),
    { ...api, ended: 0 },
    shop,
  ];
  const short = shorten({ ...status, routes });
  assertEquals([short.routes.length, short.routesLeftOut], [200, 802]);
  assertEquals(short.routes.slice(-2).map(({ name }) => name), ["api", "shop"]);
  assert(JSON.stringify(short).length < 400_000);
});
