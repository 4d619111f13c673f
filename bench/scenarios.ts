/**
 * What there is to measure.
 *
 * @module
 */
import type { Scenario } from "./scenario.ts";
import { bulk } from "./scenarios/bulk.ts";
import { connect } from "./scenarios/connect.ts";
import { cores } from "./scenarios/cores.ts";
import { http } from "./scenarios/http.ts";
import { idle } from "./scenarios/idle.ts";
import { pingpong } from "./scenarios/pingpong.ts";
import { routes } from "./scenarios/routes.ts";
import { start } from "./scenarios/start.ts";
import { steady } from "./scenarios/steady.ts";
import { wan } from "./scenarios/wan.ts";

/** All scenarios, in the order of a run that names none. */
export const SCENARIOS: readonly Scenario[] = [
  wan,
  http,
  connect,
  bulk,
  pingpong,
  idle,
  routes,
  steady,
  start,
  cores,
];
