/**
 * What one version of the configuration came to.
 *
 * @module
 */
import type { Config } from "./config/config.ts";
import type { Rules } from "./route/decide.ts";
import type { NetworkGuard } from "./route/network_guard.ts";
import type { Pick } from "./upstream/pick.ts";
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
  /** Chooses among backends. */
  readonly pick: Pick;
  /** Sockets to backends that nobody uses at the moment; shared by all versions. */
  readonly pools: Pools;
}
