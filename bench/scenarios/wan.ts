/**
 * What a client waits for its first byte when the backend is 20 ms away.
 *
 * @module
 */
import type { Contest, Figures } from "../contest.ts";
import { metered } from "../cpu.ts";
import { hitPercent, poolCounts } from "../metrics.ts";
import { nginxServer } from "../peers/nginx.ts";
import { direct, TUNNEL_PEERS, tunnelProxies } from "../peers/tunnels.ts";
import { run } from "../processes.ts";
import type { Scenario } from "../scenario.ts";
import { LOAD_CORE, type Stage } from "../stage.ts";
import { median } from "../statistics.ts";

/** Each way. */
const DELAY_MS = 10;

/** Addresses that RFC 2544 has set aside for benchmarks. */
const NEAR = "198.18.77.1";
const FAR: Deno.NetAddr = { transport: "tcp", hostname: "198.18.77.2", port: 443 };

/** Connections made by one process of the client. */
const BATCH = 10;

/** The time to the first byte of a GET on a new connection, over a path of 20 ms. */
export const wan: Scenario = {
  name: "wan",
  about: "time to first byte of an HTTPS GET over a path of 20 ms",
  programs: ["nginx", "haproxy", "sniproxy", "curl", "openssl", "gcc"],
  root: true,

  async contests(stage: Stage): Promise<Contest[]> {
    const { certificate, pem } = await selfSigned(stage);
    await stage.processes.start("the far side", [
      ...[await stage.program("path"), `${DELAY_MS}`, NEAR, FAR.hostname],
      ...await nginxServer(stage, FAR, pem),
    ], { core: LOAD_CORE, accepts: [FAR] });
    return [contest(stage, certificate, "1.3", 0.72), contest(stage, certificate, "1.2", 0.79)];
  },
};

function contest(stage: Stage, certificate: string, tls: string, limit: number): Contest {
  return {
    title: `HTTPS GET on a new connection, TLS ${tls}, backend ${2 * DELAY_MS} ms away; ` +
      "one connection after the other",
    contestants: [...tunnelProxies(stage, FAR), direct(FAR)],
    measures: [
      { key: "firstByte", title: "ms to first byte", digits: 1, better: "less" },
      { key: "cpu", title: "CPU us/connection", digits: 0 },
      { key: "hits", title: "hit rate, %", digits: 1 },
    ],
    targets: [{ measure: "firstByte", limit, against: TUNNEL_PEERS }],

    async turn({ address, process, metrics }): Promise<Figures> {
      const before = await poolCounts(metrics);
      const { result: times, cpuUs } = await metered(
        process,
        () => connectRepeatedly(address, certificate, tls, stage.extent.seconds),
      );
      const after = await poolCounts(metrics);
      const good = times.filter((time) => time !== undefined);
      return {
        firstByte: median(good),
        cpu: cpuUs / times.length,
        hits: hitPercent(before, after),
        failed: times.length - good.length,
      };
    },
  };
}

/** @returns Milliseconds to the first byte for every connection; `undefined` for one that failed. */
async function connectRepeatedly(
  address: Deno.NetAddr,
  certificate: string,
  tls: string,
  seconds: number,
): Promise<(number | undefined)[]> {
  const times: (number | undefined)[] = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) times.push(...await batch(address, certificate, tls));
  return times;
}

async function batch(
  { hostname, port }: Deno.NetAddr,
  certificate: string,
  tls: string,
): Promise<(number | undefined)[]> {
  const lines = await run([
    ...["curl", "--silent", "--http1.1", "--max-time", "10", "--cacert", certificate],
    ...[`--tlsv${tls}`, "--tls-max", tls, "--no-sessionid", "--header", "Connection: close"],
    ...["--resolve", `bench.test:${port}:${hostname}`, "--output", "/dev/null"],
    ...["--write-out", "%{http_code} %{num_connects} %{time_starttransfer}\n"],
    `https://bench.test:${port}/?[1-${BATCH}]`,
  ], false);
  return lines.trim().split("\n").map((line) => {
    const [status, connects, time] = line.split(" ").map(Number);
    return status === 200 && connects === 1 ? time * 1000 : undefined;
  });
}

async function selfSigned(stage: Stage): Promise<{ certificate: string; pem: string }> {
  const certificate = `${stage.folder}/certificate.pem`;
  const key = `${stage.folder}/key.pem`;
  await run([
    ...["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    ...[
      "-nodes",
      "-days",
      "2",
      "-subj",
      "/CN=bench.test",
      "-addext",
      "subjectAltName=DNS:bench.test",
    ],
    ...["-keyout", key, "-out", certificate],
  ]);
  const both = await Promise.all([certificate, key].map((path) => Deno.readTextFile(path)));
  return { certificate, pem: await stage.file("server.pem", both.join("")) };
}
