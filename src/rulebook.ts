/**
 * What one version of the configuration came to.
 *
 * @module
 */
import type { BackendGroup, Config } from "./config/config.ts";
import type { Rules } from "./route/decide.ts";
import type { NetworkGuard } from "./route/network_guard.ts";
import type { ClientLimits } from "./upstream/client_limits.ts";
import type { Cluster } from "./upstream/cluster.ts";
import type { Resolve } from "./upstream/resolve.ts";
import type { Pools } from "./pool/pools.ts";

/** Everything a session goes by; it keeps the one it started with. */
export interface Rulebook {
  /** What it was made from. */
  readonly config: Config;
  /** What a name comes to. */
  readonly rules: Rules;
  /** Which addresses may be forwarded to. */
  readonly guard: NetworkGuard;
  /** Looks names up. */
  readonly resolve: Resolve;
  /** The backends of each route; shared by all versions that have the route. */
  readonly clusters: ReadonlyMap<BackendGroup, Cluster>;
  /** What one client may have; absent if there is no limit. Shared by all versions. */
  readonly clientLimits?: ClientLimits;
  /** By the names of the listeners that are behind proxies: whether an address is one of those proxies. */
  readonly trusted: ReadonlyMap<string, (ip: string) => boolean>;
  /** Sockets to backends that nobody uses at the moment; shared by all versions. */
  readonly pools: Pools;
}
