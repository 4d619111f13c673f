/**
 * Plain HTTP/1.1: how fast, and how many connections the backend sees.
 *
 * @module
 */
import type { Contest, Figures } from "../contest.ts";
import { metered } from "../cpu.ts";
import { type Backend, load, startBackend } from "../load.ts";
import { hitPercent, poolCounts } from "../metrics.ts";
import { bare } from "../peers/bare.ts";
import { haproxyHttp } from "../peers/haproxy.ts";
import { nginxHttp } from "../peers/nginx.ts";
import { ours } from "../peers/ours.ts";
import type { Scenario } from "../scenario.ts";
import type { Stage } from "../stage.ts";
import { PER_CORE, throughput, throughputMeasures } from "../throughput.ts";
import { wrk } from "../wrk.ts";

/** Size of every answer's body. */
const BODY = 1024;

/** Requests, each on a new connection, for which the backend's connections are counted. */
const COUNTED = 1000;

const REQUEST = "GET / HTTP/1.1\r\nHost: bench.test\r\nConnection: close\r\n\r\n";

/** Requests for each second and each connection to the backend. */
export const http: Scenario = {
  name: "http",
  about: "plain HTTP/1.1: requests/s with keep-alive, and backend connections",
  programs: ["nginx", "haproxy", "wrk", "gcc"],
  root: false,

  async contests(stage: Stage): Promise<Contest[]> {
    const backend = await startBackend(stage, "http", BODY);
    return [keepAlive(stage, backend), reuse(stage, backend)];
  },
};

function keepAlive(stage: Stage, { address }: Backend): Contest {
  return {
    title: `HTTP GET, 32 keep-alive connections (wrk), answers of ${BODY} bytes`,
    // A line for each request is part of what ours is measured with, as it is of what nginx does by default.
    contestants: [
      ours(stage, address),
      nginxHttp(stage, address, { logs: true }),
      nginxHttp(stage, address, { name: "nginx, no log" }),
      haproxyHttp(stage, address),
      bare(stage, address, "requests"),
    ],
    measures: throughputMeasures("request", "requests"),
    targets: [{ measure: PER_CORE, limit: 0.7, against: ["nginx"] }],

    async turn({ address, process }): Promise<Figures> {
      const { result, ...took } = await metered(
        process,
        () => wrk(address, 32, stage.extent.seconds),
      );
      const { requests, rate, failed } = result;
      return { ...throughput(took, requests, requests / rate), failed };
    },
  };
}

function reuse(stage: Stage, backend: Backend): Contest {
  const { address } = backend;
  return {
    title:
      `${COUNTED} HTTP GETs, each on a new connection, 10 at once, through a proxy just started`,
    contestants: [ours(stage, address), nginxHttp(stage, address), haproxyHttp(stage, address)],
    measures: [
      { key: "connections", title: "backend connections per 1,000", digits: 0, better: "less" },
      { key: "hits", title: "hit rate, %", digits: 1 },
    ],
    targets: [{ measure: "connections", limit: 12 }],
    fresh: true,

    async turn({ address, metrics }): Promise<Figures> {
      const before = await poolCounts(metrics);
      const accepted = await backend.accepted();
      const request = await stage.file("request", REQUEST);
      const { failed } = await load(stage, "connect", address, request, {
        at_once: 10,
        count: COUNTED,
        bytes: 0,
      });
      const connections = (await backend.accepted() - accepted) * 1000 / COUNTED;
      return { connections, hits: hitPercent(before, await poolCounts(metrics)), failed };
    },
  };
}
