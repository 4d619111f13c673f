/**
 * One status of what several event loops tell, and a short one of a long one.
 *
 * @module
 */
import { COUNTED_NAMES, RECENT } from "./activity.ts";
import { mergeHistory } from "./history.ts";
import type {
  BackendStatus,
  PlaceStatus,
  RouteStatus,
  StatusData,
  Totals,
  UnknownName,
} from "./status.ts";
import { byCount } from "./tls_tally.ts";
import { mostFrequent } from "./top_names.ts";

/** Routes that are shown. */
const ROUTES = 200;

/** Names that are shown. */
const NAMES = 20;

/** From better to worse. */
const STATES: readonly PlaceStatus["state"][] = ["up", "ejected", "down"];

/**
 * Adds up what event loops that serve the same configuration tell. Counters and what is in use are summed, what has
 * ended lately is put in order of time, and a backend is as bad as whoever thinks worst of it says.
 *
 * @param parts At least one.
 * @returns The whole. The parts are as they were.
 *
 * @example
 * ```ts ignore
 * const whole = mergeStatus(await Promise.all(workers.map((worker) => worker.status())));
 * ```
 */
export function mergeStatus(parts: readonly StatusData[]): StatusData {
  const [first] = parts;
  return {
    version: first.version,
    builtAt: first.builtAt,
    state:
      (["draining", "starting"] as const).find((state) =>
        parts.some((part) => part.state === state)
      ) ?? "ready",
    at: Math.max(...parts.map(({ at }) => at)),
    startedAt: Math.min(...parts.map(({ startedAt }) => startedAt)),
    workers: sum(parts, ({ workers }) => workers),
    // They are threads of one process, each of which sees all of it.
    memory: Math.max(...parts.map(({ memory }) => memory)),
    droppedLogLines: sum(parts, ({ droppedLogLines }) => droppedLogLines),
    config: parts.map(({ config }) => config).reduce((a, b) => a.loadedAt <= b.loadedAt ? a : b),
    connections: {
      active: sum(parts, ({ connections }) => connections.active),
      max: sum(parts, ({ connections }) => connections.max),
    },
    totals: mergeTotals(parts.map(({ totals }) => totals)),
    listeners: mergeBy(
      parts.map(({ listeners }) => listeners),
      ({ name }) => name,
      (all) => ({ ...all[0], accepted: sum(all, ({ accepted }) => accepted) }),
    ),
    routes: mergeBy(parts.map(({ routes }) => routes), ({ name }) => name, mergeRoute),
    routesLeftOut: Math.max(...parts.map(({ routesLeftOut }) => routesLeftOut)),
    protocols: {
      tls: sum(parts, ({ protocols }) => protocols.tls),
      http: sum(parts, ({ protocols }) => protocols.http),
      h2c: sum(parts, ({ protocols }) => protocols.h2c),
      unknown: sum(parts, ({ protocols }) => protocols.unknown),
    },
    tls: {
      hellos: sum(parts, ({ tls }) => tls.hellos),
      postQuantum: sum(parts, ({ tls }) => tls.postQuantum),
      ech: sum(parts, ({ tls }) => tls.ech),
      versions: mergeCounts(parts.map(({ tls }) => tls.versions)),
      alpn: mergeCounts(parts.map(({ tls }) => tls.alpn)),
    },
    ends: mergeBy(
      parts.map(({ ends }) => ends),
      ({ end }) => end,
      (all) => ({ ...all[0], count: sum(all, ({ count }) => count) }),
    ).sort((a, b) => b.count - a.count),
    unknownNames: mergeNames(parts.map(({ unknownNames }) => unknownNames)),
    recent: parts.flatMap(({ recent }) => recent).sort((a, b) => b.at - a.at).slice(0, RECENT),
    history: mergeHistory(parts.map(({ history }) => history)),
  };
}

/**
 * Leaves out what nobody reads: of many routes those without trouble and traffic, of many names the rarest.
 *
 * @param status Any status.
 * @returns One of a few hundred kilobytes at most.
 */
export function shorten(status: StatusData): StatusData {
  const { routes, unknownNames } = status;
  const few = { ...status, unknownNames: unknownNames.slice(0, NAMES) };
  if (routes.length <= ROUTES) return few;
  const kept = new Set(
    routes.toSorted((a, b) => troubled(b) - troubled(a) || b.ended - a.ended).slice(0, ROUTES),
  );
  return {
    ...few,
    routes: routes.filter((route) => kept.has(route)),
    routesLeftOut: routes.length - ROUTES,
  };
}

function troubled({ backends }: RouteStatus): number {
  return backends.some(({ places, up }) => !up || places.some(({ state }) => state !== "up"))
    ? 1
    : 0;
}

function mergeTotals(all: readonly Totals[]): Totals {
  return {
    accepted: sum(all, ({ accepted }) => accepted),
    ended: sum(all, ({ ended }) => ended),
    failed: sum(all, ({ failed }) => failed),
    rx: sum(all, ({ rx }) => rx),
    tx: sum(all, ({ tx }) => tx),
    hits: sum(all, ({ hits }) => hits),
    misses: sum(all, ({ misses }) => misses),
    savedMs: sum(all, ({ savedMs }) => savedMs),
  };
}

function mergeRoute(all: readonly RouteStatus[]): RouteStatus {
  const [{ name, kind, hosts, moreHosts, answers }] = all;
  return {
    name,
    kind,
    hosts,
    moreHosts,
    ended: sum(all, ({ ended }) => ended),
    failed: sum(all, ({ failed }) => failed),
    answers: answers.map((_, i) => sum(all, (each) => each.answers[i])),
    rx: sum(all, ({ rx }) => rx),
    tx: sum(all, ({ tx }) => tx),
    active: sum(all, ({ active }) => active),
    hits: sum(all, ({ hits }) => hits),
    misses: sum(all, ({ misses }) => misses),
    savedMs: sum(all, ({ savedMs }) => savedMs),
    idle: sum(all, ({ idle }) => idle),
    warm: sum(all, ({ warm }) => warm),
    // One backend may stand there twice: as such they are told apart by how often they have been there.
    backends: mergeBy(all.map(({ backends }) => backends), numbered(), mergeBackend),
  };
}

/** A key that tells apart backends with the same name: the first of one list goes with the first of the others. */
function numbered(): (backend: BackendStatus, list: readonly BackendStatus[]) => string {
  return (backend, list) => {
    const same = list.filter(({ name }) => name === backend.name);
    return `${same.indexOf(backend)} ${backend.name}`;
  };
}

function mergeBackend(all: readonly BackendStatus[]): BackendStatus {
  return {
    ...all[0],
    up: all.every(({ up }) => up),
    upIn: sum(all, ({ upIn }) => upIn),
    knownTo: sum(all, ({ knownTo }) => knownTo),
    places: mergeBy(all.map(({ places }) => places), ({ address }) => address, mergePlace),
  };
}

function mergePlace(all: readonly PlaceStatus[]): PlaceStatus {
  const worst = all.reduce((a, b) => STATES.indexOf(b.state) > STATES.indexOf(a.state) ? b : a);
  const last = all.reduce((a, b) => (b.failedAt ?? 0) > (a.failedAt ?? 0) ? b : a);
  const untils = all.flatMap(({ until }) => until ?? []);
  return {
    ...worst,
    failedAt: last.failedAt,
    failure: last.failure,
    until: untils.length === 0 ? undefined : Math.max(...untils),
    active: sum(all, ({ active }) => active),
    pooled: sum(all, ({ pooled }) => pooled),
    used: sum(all, ({ used }) => used),
    failures: sum(all, ({ failures }) => failures),
  };
}

/** A list that was full may have counted a name that is not in it, as often as its rarest at most. */
function mergeNames(lists: readonly (readonly UnknownName[])[]): UnknownName[] {
  const names = new Set(lists.flatMap((list) => list.map(({ name }) => name)));
  const known = lists.map((list) => new Map(list.map((each) => [each.name, each])));
  const least = lists.map((list) => list.length < COUNTED_NAMES ? 0 : list[list.length - 1].count);
  const merged = names.values().map((name) => {
    let [count, error] = [0, 0];
    for (const [i, list] of known.entries()) {
      const found = list.get(name);
      count += found?.count ?? least[i];
      error += found?.error ?? least[i];
    }
    return { name, count, error };
  });
  return mostFrequent(merged, COUNTED_NAMES);
}

function mergeCounts(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const each of all) {
    for (const [word, count] of Object.entries(each)) {
      counts.set(word, (counts.get(word) ?? 0) + count);
    }
  }
  return byCount(counts);
}

/** Puts together what has the same key, in the order in which it is first met. */
function mergeBy<T>(
  lists: readonly (readonly T[])[],
  key: (item: T, list: readonly T[]) => string,
  merge: (all: readonly T[]) => T,
): T[] {
  const groups = new Map<string, T[]>();
  for (const list of lists) {
    for (const item of list) {
      const name = key(item, list);
      const group = groups.get(name);
      if (group === undefined) groups.set(name, [item]);
      else group.push(item);
    }
  }
  return groups.values().map(merge).toArray();
}

function sum<T>(all: readonly T[], of: (item: T) => number): number {
  let total = 0;
  for (const each of all) total += of(each);
  return total;
}
