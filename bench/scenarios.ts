/**
 * What there is to measure.
 *
 * @module
 */
import type { Scenario } from "./scenario.ts";
import { bulk } from "./scenarios/bulk.ts";
import { connect } from "./scenarios/connect.ts";
import { http } from "./scenarios/http.ts";
import { pingpong } from "./scenarios/pingpong.ts";
import { wan } from "./scenarios/wan.ts";

/** All scenarios, in the order of a run that names none. */
export const SCENARIOS: readonly Scenario[] = [wan, http, connect, bulk, pingpong];
