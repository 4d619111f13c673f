/**
 * Puts together what one event loop knows, for the status page.
 *
 * @module
 */
import type { BackendGroup, Config } from "../config/config.ts";
import type { Cluster } from "../upstream/cluster.ts";
import type { Pools } from "../pool/pools.ts";
import type { Activity } from "./activity.ts";
import type { RouteCounts } from "./metrics.ts";
import type {
  BackendStatus,
  ConfigStatus,
  PlaceStatus,
  RouteStatus,
  StatusData,
} from "./status.ts";

/** Patterns of a route that are told. */
const HOSTS = 4;

/** Where everything is known. */
export interface StatusSource {
  /** The program's version. */
  readonly version: string;
  /** When its file was written. */
  readonly builtAt?: number;
  /** Whether clients are accepted. */
  readonly state: StatusData["state"];
  /** How old the configuration is. */
  readonly age: ConfigStatus;
  /** The configuration. */
  readonly config: Config;
  /** Its clusters. */
  readonly clusters: ReadonlyMap<BackendGroup, Cluster>;
  /** Sockets at rest. */
  readonly pools: Pools;
  /** What is counted, by route. */
  readonly counts: ReadonlyMap<string, RouteCounts>;
  /** What clients do. */
  readonly activity: Activity;
  /** Connections from accept to close. */
  readonly active: number;
  /** How many there may be. */
  readonly max: number;
  /** Log lines thrown away. */
  readonly droppedLogLines: number;
}

/** What is at rest to one backend of a route. */
interface Resting {
  idle: number;
  warm: number;
}

/** By route, and there by place. */
type AtRest = ReadonlyMap<string, ReadonlyMap<string, Resting>>;

/**
 * Puts it together.
 *
 * @param source Where everything is known.
 * @returns Plain data that shares nothing with the source but strings.
 */
export function gatherStatus(source: StatusSource): StatusData {
  const { config, activity, age } = source;
  const { totals, protocols, tls, ends, unknownNames, recent, history } = activity.status;
  return {
    version: source.version,
    builtAt: source.builtAt,
    state: source.state,
    at: Date.now(),
    startedAt: Math.round(performance.timeOrigin),
    workers: 1,
    memory: Deno.memoryUsage().rss,
    droppedLogLines: source.droppedLogLines,
    config: age,
    connections: { active: source.active, max: source.max },
    totals,
    listeners: config.listeners.map(({ name, trustedProxies }) => ({
      name,
      proxyProtocol: trustedProxies !== undefined,
      accepted: activity.listener(name).accepted,
    })),
    routes: routesOf(source),
    routesLeftOut: 0,
    protocols,
    tls,
    ends,
    unknownNames,
    recent,
    history: copy(history),
  };
}

/** Samples go on to be taken. */
function copy(history: StatusData["history"]): StatusData["history"] {
  return structuredClone(history);
}

/** What a label stands for. */
interface Labelled {
  readonly kind: RouteStatus["kind"];
  readonly hosts: string[];
  readonly groups: BackendGroup[];
}

function routesOf({ config, clusters, pools, counts }: StatusSource): RouteStatus[] {
  const resting = atRest(pools);
  const routes: RouteStatus[] = [];
  for (const [name, { kind, hosts, groups }] of labels(config, counts)) {
    const of = counts.get(name);
    const sums = { idle: 0, warm: 0 };
    for (const { idle, warm } of resting.get(name)?.values() ?? []) {
      sums.idle += idle;
      sums.warm += warm;
    }
    routes.push({
      name,
      kind,
      hosts: hosts.slice(0, HOSTS),
      moreHosts: Math.max(0, hosts.length - HOSTS),
      ended: of?.ended ?? 0,
      failed: of?.failed ?? 0,
      answers: [...of?.answers ?? [0, 0, 0, 0, 0]],
      rx: of?.rx ?? 0,
      tx: of?.tx ?? 0,
      active: of?.active ?? 0,
      hits: of?.hits ?? 0,
      misses: of?.misses ?? 0,
      savedMs: of?.savedMs ?? 0,
      ...sums,
      backends: groups.flatMap((group) => {
        const cluster = clusters.get(group);
        return cluster === undefined ? [] : backendsOf(cluster, resting.get(name));
      }),
    });
  }
  return routes;
}

/** Routes may share a name, and so what is counted for them. */
function labels(
  { routes, fallback, forward }: Config,
  counts: ReadonlyMap<string, RouteCounts>,
): Map<string, Labelled> {
  const found = new Map<string, Labelled>();
  for (const route of routes) {
    const known = found.get(route.name);
    const groups = route.action === "proxy" ? [route] : [];
    if (known === undefined) {
      found.set(route.name, { kind: route.action, hosts: [...route.hosts], groups });
    } else {
      known.hosts.push(...route.hosts);
      known.groups.push(...groups);
    }
  }
  const add = (name: string, kind: RouteStatus["kind"], groups: BackendGroup[] = []): void => {
    if (!found.has(name)) found.set(name, { kind, hosts: [], groups });
  };
  if (fallback !== undefined) add("fallback", "fallback", [fallback]);
  if (forward.enabled) add("forward", "forward");
  if (counts.has("none")) add("none", "none");
  return found;
}

function backendsOf(
  cluster: Cluster,
  resting: ReadonlyMap<string, Resting> | undefined,
): BackendStatus[] {
  return cluster.group.backends.map((backend) => {
    const up = cluster.isUp(backend);
    const places = cluster.placesOf(backend).map((place): PlaceStatus => {
      const { endpoint, ejection } = place;
      const { key, reason, failure, active, used, failures } = endpoint;
      const { idle, warm } = resting?.get(key) ?? { idle: 0, warm: 0 };
      return {
        address: key,
        state: !endpoint.up ? "down" : ejection === undefined ? "up" : "ejected",
        reason: reason ?? (ejection && ejected(ejection.failures)),
        failedAt: failure && toEpoch(failure.at),
        failure: failure?.reason,
        until: ejection && toEpoch(ejection.until),
        active,
        pooled: idle + warm,
        used,
        failures,
      };
    });
    return {
      name: backend.name,
      weight: backend.weight,
      backup: backend.backup,
      check: cluster.group.healthCheck?.type,
      up,
      upIn: up ? 1 : 0,
      knownTo: 1,
      places,
    };
  });
}

function ejected(failures: number): string {
  return `has failed ${failures} ${failures === 1 ? "client" : "clients"} in a row`;
}

/** From `performance.now()` to milliseconds since 1970. */
function toEpoch(time: number): number {
  return Math.round(Date.now() + time - performance.now());
}

function atRest(pools: Pools): AtRest {
  const found = new Map<string, Map<string, Resting>>();
  for (const { route, backend, idle, warm } of pools.levels) {
    let of = found.get(route);
    if (of === undefined) found.set(route, of = new Map());
    of.set(backend, { idle, warm });
  }
  return found;
}
