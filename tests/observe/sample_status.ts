/**
 * A status as it may be after a few busy days.
 *
 * @module
 */
import { meaningOf } from "../../src/observe/meanings.ts";
import type {
  BackendStatus,
  History,
  PlaceStatus,
  RecentEnd,
  RouteStatus,
  StatusData,
} from "../../src/observe/status.ts";
import type { End } from "../../src/observe/summary.ts";
import { generator } from "../sniff/random.ts";

const HOUR = 3_600_000;

/**
 * Makes one.
 *
 * @param at When it is.
 * @returns The same one for the same time.
 */
export function sampleStatus(at: number): StatusData {
  const ended = counts({
    no_route: 1840,
    client_reset: 655,
    backend_refused: 214,
    rate_limit: 131,
    malformed: 77,
    idle_timeout: 31,
  });
  return {
    version: "0.1.0",
    state: "ready",
    at,
    startedAt: at - 77 * HOUR,
    workers: 1,
    memory: 148_500_000,
    droppedLogLines: 0,
    config: { loadedAt: at - 5 * HOUR, reload: { at: at - 5 * HOUR, result: "success" } },
    connections: { active: 412, max: 10_000 },
    totals: {
      accepted: 2_914_022,
      ended: 4_120_551,
      failed: 2_948,
      rx: 41_200_000_000,
      tx: 1_873_000_000_000,
      hits: 3_801_377,
      misses: 287_004,
      savedMs: 71_340_000,
    },
    listeners: [
      { name: "0.0.0.0:80", proxyProtocol: false, accepted: 611_730 },
      { name: "0.0.0.0:443", proxyProtocol: false, accepted: 2_302_292 },
    ],
    routes: routes(at),
    routesLeftOut: 0,
    protocols: { tls: 2_297_110, http: 611_204, h2c: 4_902, unknown: 806 },
    tls: {
      hellos: 2_297_033,
      postQuantum: 1_401_190,
      ech: 1_180_675,
      versions: { "TLS 1.3": 2_251_092, "TLS 1.2": 2_290_142, "TLS 1.1": 9_188 },
      alpn: { "h2": 1_975_448, "http/1.1": 2_067_330, "none": 201_911, "acme-tls/1": 12 },
    },
    ends: ended,
    unknownNames: [
      ["old.example.com", 702],
      ["mail.example.com", 377],
      ["www.example.net", 205],
      ["autodiscover.example.com", 118],
      ["wpad.example.com", 64],
      ["intranet.example.com", 21],
    ].map(([name, count]) => ({ name: String(name), count: Number(count), error: 0 })),
    recent: recent(at),
    history: history(at),
  };
}

/** How often something ended so, with what that means. */
function counts(all: Partial<Record<End, number>>): StatusData["ends"] {
  return (Object.entries(all) as [End, number][])
    .map(([end, count]) => ({ end, meaning: meaningOf(end), count }));
}

const NO_ANSWERS = [0, 0, 0, 0, 0];

function routes(at: number): RouteStatus[] {
  return [
    {
      ...route("shop", ["shop.example.com", "*.shop.example.com"]),
      ...{ ended: 1_804_230, failed: 1_012, rx: 18_100_000_000, tx: 912_000_000_000 },
      ...{ active: 201, hits: 1_688_301, misses: 115_929, savedMs: 31_200_000, warm: 24 },
      backends: [
        backend("10.0.0.21:443", [{ ...place("10.0.0.21:443"), active: 104, used: 904_110 }]),
        backend("10.0.0.22:443", [{
          ...place("10.0.0.22:443"),
          ...{ active: 97, pooled: 12, used: 894_903, failures: 12 },
          ...{ failedAt: at - 2 * HOUR, failure: "backend_timeout" },
        }]),
        {
          ...backend("10.0.0.29:443", [{ ...place("10.0.0.29:443"), used: 214 }]),
          backup: true,
        },
      ],
    },
    {
      ...route("api", ["api.example.com"]),
      ...{ ended: 1_502_404, failed: 288, rx: 20_800_000_000, tx: 402_000_000_000 },
      ...{ answers: [0, 1_460_220, 8_117, 31_010, 2_769] },
      ...{ active: 38, hits: 1_486_022, misses: 16_382, savedMs: 28_940_000, idle: 41 },
      backends: [
        {
          ...backend("api.internal:8080", [
            { ...place("10.0.1.11:8080"), active: 20, pooled: 21, used: 751_200 },
            {
              ...place("10.0.1.12:8080"),
              ...{ state: "down" as const, reason: "the connection was refused" },
              ...{ failedAt: at - 4_000, failure: "the connection was refused" },
              ...{ used: 700_331, failures: 202 },
            },
          ]),
          check: "http" as const,
        },
        {
          ...backend("10.0.1.13:8080", [{
            ...place("10.0.1.13:8080"),
            ...{ state: "ejected" as const, reason: "has failed 5 clients in a row" },
            ...{ until: at + 21_000, failedAt: at - 9_000, failure: "backend_closed" },
            ...{ active: 2, used: 50_873, failures: 86 },
          }]),
          up: false,
          upIn: 0,
        },
      ],
    },
    {
      ...route("git", ["git.example.com"]),
      ...{ ended: 61_220, failed: 14, rx: 2_100_000_000, tx: 551_000_000_000 },
      ...{ active: 7, hits: 60_811, misses: 409, savedMs: 1_200_000, warm: 2 },
      backends: [
        backend("git.internal:443", [{
          ...place("10.0.2.5:443"),
          ...{ active: 7, pooled: 2, used: 61_220 },
        }]),
      ],
    },
    { ...route("tracker", ["ads.example.com", "/^track[0-9]+\\.example$/"]), kind: "reject" },
    {
      ...route("none", []),
      ...{ kind: "none" as const, ended: 2_048, failed: 2_048, rx: 911_000, tx: 14_300 },
    },
  ];
}

function route(name: string, hosts: readonly string[]): RouteStatus {
  return {
    name,
    kind: "proxy",
    hosts,
    moreHosts: 0,
    ended: 0,
    failed: 0,
    answers: NO_ANSWERS,
    rx: 0,
    tx: 0,
    active: 0,
    hits: 0,
    misses: 0,
    savedMs: 0,
    idle: 0,
    warm: 0,
    backends: [],
  };
}

function backend(name: string, places: readonly PlaceStatus[]): BackendStatus {
  return { name, weight: 1, backup: false, check: "tls", up: true, upIn: 1, knownTo: 1, places };
}

function place(address: string): PlaceStatus {
  return { address, state: "up", active: 0, pooled: 12, used: 0, failures: 0 };
}

function recent(at: number): RecentEnd[] {
  const line = (id: string, ago: number, more: Partial<RecentEnd>): RecentEnd => ({
    at: at - ago,
    id: `k3f9-${id}`,
    client: "203.0.113.18:51022",
    listener: "0.0.0.0:443",
    protocol: "tls",
    rx: 1_911,
    tx: 48_200,
    totalMs: 812.4,
    end: "done",
    ...more,
  });
  const shop = { name: "shop.example.com", route: "shop", backend: "10.0.0.21:443", connectMs: 0 };
  const api = {
    ...{ listener: "0.0.0.0:80", protocol: "http" as const, name: "api.example.com" },
    ...{ route: "api", backend: "api.internal:8080", rx: 412, tx: 2_210 },
  };
  return [
    line("2p1c", 300, { ...shop, connectMs: 0, tx: 182_300, totalMs: 2_104 }),
    line("2p1f", 900, {
      ...{ ...api, client: "198.51.100.7:40112" },
      ...{ status: 200, connectMs: 0, totalMs: 8.2 },
    }),
    line("2p1f", 1_400, {
      ...{ ...api, client: "198.51.100.7:40112" },
      ...{ status: 404, connectMs: 0, totalMs: 3.1 },
    }),
    line("2p1b", 2_100, {
      ...{ client: "[2001:db8::7c1]:60410", name: "old.example.com", rx: 517, tx: 7 },
      ...{ end: "no_route" as const, detail: meaningOf("no_route"), totalMs: 1.2 },
    }),
    line("2p17", 4_700, {
      ...{ client: "[2001:db8::9]:52201", name: "git.example.com", route: "git" },
      ...{ backend: "git.internal:443", connectMs: 14.2, tx: 9_120_400, totalMs: 41_800 },
    }),
    line("2p12", 7_300, {
      ...{ ...api, backend: "10.0.1.13:8080", end: "backend_closed" as const, totalMs: 30.9 },
      ...{ detail: "the backend closed the connection before it had answered", tx: 205 },
      ...{ connectMs: 1.8 },
    }),
    line("2p0z", 8_800, { ...shop, client: "192.0.2.200:49911", totalMs: 5_420, tx: 911_220 }),
  ];
}

function history(at: number): History {
  const below = generator(7);
  const series = (mean: number, swing: number, noise: number): number[] =>
    Array.from(
      { length: 150 },
      (_, i) => Math.max(0, Math.round(mean + swing * Math.sin(i / 23) + below(noise) - noise / 2)),
    );
  // One backend fails for some seconds.
  const trouble = (i: number): number => i > 96 && i < 110 ? 12 + below(14) : 0;
  const accepted = series(44, 11, 16);
  const misses = series(4, 2, 6);
  return {
    interval: 2_000,
    until: at - at % 2_000,
    active: series(400, 46, 30).with(-1, 412),
    accepted,
    ended: accepted.map((each) => Math.round(each * 1.9) + below(12)),
    failed: series(1, 1, 3).map((each, i) => each + trouble(i)),
    rx: series(620_000, 90_000, 120_000),
    tx: series(24_000_000, 6_000_000, 6_500_000),
    hits: accepted.map((each, i) => Math.max(0, each * 2 - misses[i])),
    misses: misses.map((each, i) => each + trouble(i)),
  };
}
