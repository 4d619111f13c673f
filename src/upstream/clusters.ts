/**
 * The backends of all routes.
 *
 * @module
 */
import type { BackendGroup, Config } from "../config/config.ts";
import { Cluster } from "./cluster.ts";
import type { Endpoint } from "./endpoint.ts";
import { type CheckTarget, HealthChecker } from "./health_checker.ts";
import { probe } from "./probe.ts";
import { proxyHeader } from "./proxy_preface.ts";
import type { Resolve } from "./resolve.ts";

/** What the clusters need from outside. */
export interface ClustersOutside {
  /** Finds the addresses of a backend that has a name. */
  readonly resolve: Resolve;
  /** Told of places that are none any more. */
  removed(label: string, endpoint: Endpoint): void;
  /** Told of places that have gone up or down. */
  changed(label: string, endpoint: Endpoint): void;
  /** Told of places that are left alone for a while. */
  ejected(label: string, endpoint: Endpoint): void;
}

/** Whether a backend can be used. */
export interface BackendState {
  /** The route's label. */
  readonly route: string;
  /** The backend, as configured. */
  readonly backend: string;
  /** Whether it can be used. */
  readonly up: boolean;
}

const NO_PREFACE = new Uint8Array();

/** No address at all: whoever checks is nobody's client. */
const NOBODY = { host: "", port: 0 };

/** All clusters of a process. */
export class Clusters implements Disposable {
  readonly #outside: ClustersOutside;
  readonly #checker: HealthChecker<Endpoint>;
  #known = new Map<string, Cluster>();
  #all: ReadonlyMap<BackendGroup, Cluster> = new Map();
  /** What is checked, so that it is noticed when that changes. */
  #checked: ReadonlyMap<Endpoint, Cluster> = new Map();

  /**
   * Makes it without any.
   *
   * @param outside What they need.
   */
  constructor(outside: ClustersOutside) {
    this.#outside = outside;
    this.#checker = new HealthChecker<Endpoint>({
      probe,
      changed: (endpoint) => {
        const cluster = this.#checked.get(endpoint);
        if (cluster !== undefined) outside.changed(cluster.label, endpoint);
      },
      now: () => performance.now(),
      random: Math.random,
    });
  }

  /** The clusters, by what the configuration in force says of them. */
  get all(): ReadonlyMap<BackendGroup, Cluster> {
    return this.#all;
  }

  /**
   * Goes on with another configuration. What is known of backends that stay is kept.
   *
   * @param config What it says.
   */
  configure({ routes, fallback }: Config): void {
    const groups: [label: string, group: BackendGroup][] = routes
      .filter(({ action }) => action === "proxy").map((route) => [route.name, route]);
    if (fallback !== undefined) groups.push(["fallback", fallback]);
    const known = this.#known;
    this.#known = new Map();
    const all = new Map<BackendGroup, Cluster>();
    for (const [label, group] of groups) {
      // Routes may share a name: the first with it follows the first, and so forth.
      let key = label;
      while (this.#known.has(key)) key += "\n";
      const cluster = new Cluster(label, group, this.#clusterOutside(), known.get(key));
      this.#known.set(key, cluster);
      all.set(group, cluster);
    }
    for (const [key, cluster] of known) if (!this.#known.has(key)) cluster.retire();
    // Sessions that began before go on with the map, and the clusters, they know.
    this.#all = all;
    this.refresh(true);
  }

  /**
   * Looks names up again, and checks the places they have come to.
   *
   * @param anew Whether what is checked may have changed in other ways, too.
   */
  refresh(anew = false): void {
    const checked = new Map<Endpoint, Cluster>();
    for (const cluster of this.#all.values()) {
      cluster.refresh();
      if (cluster.group.healthCheck === undefined) continue;
      for (const endpoint of cluster.endpoints) checked.set(endpoint, cluster);
    }
    const same = !anew && checked.size === this.#checked.size &&
      checked.keys().every((endpoint) => this.#checked.has(endpoint));
    if (same) return;
    this.#checked = checked;
    this.#checker.configure(
      checked.entries().flatMap(([endpoint, cluster]) => targets(endpoint, cluster)),
    );
  }

  /**
   * Whether backends can be used.
   *
   * @returns One entry for each backend of each route.
   */
  states(): BackendState[] {
    return this.#all.values().flatMap((cluster) =>
      cluster.group.backends.map((backend) => ({
        route: cluster.label,
        backend: backend.name,
        up: cluster.isUp(backend),
      }))
    ).toArray();
  }

  /** Ends all checks. */
  [Symbol.dispose](): void {
    this.#checker[Symbol.dispose]();
  }

  #clusterOutside(): ConstructorParameters<typeof Cluster>[2] {
    const { resolve, removed, ejected } = this.#outside;
    return { resolve, removed, ejected, now: () => performance.now(), random: Math.random };
  }
}

function targets(endpoint: Endpoint, { group }: Cluster): CheckTarget<Endpoint>[] {
  const { healthCheck, proxyProtocol } = group;
  if (healthCheck === undefined) return [];
  const preface = proxyProtocol === "off"
    ? NO_PREFACE
    : proxyHeader(proxyProtocol, NOBODY, NOBODY, {});
  return [{ endpoint, check: healthCheck, preface }];
}
