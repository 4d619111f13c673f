/**
 * nginx: as a proxy for tunnels, as a proxy for HTTP, and as a server.
 *
 * @module
 */
import type { Contestant, Running } from "../contest.ts";
import { run } from "../processes.ts";
import { freeAddress, hostPort, PROXY_CORE, type Stage } from "../stage.ts";

/** What differs between runs. */
export interface NginxOptions {
  /** What it is called in tables; "nginx" if absent. */
  readonly name?: string;
  /** More lines for the server. */
  readonly more?: string;
  /** More entries of the map from names to upstreams, for `stream`. */
  readonly names?: string;
  /** Whether it writes its access log, as it does if nothing is said; for `http`. */
  readonly logs?: boolean;
}

/**
 * nginx `stream` with `ssl_preread`.
 *
 * @param stage Where it runs.
 * @param backend Where `bench.test` leads.
 * @param options What differs.
 * @returns The contestant.
 */
export function nginxStream(
  stage: Stage,
  backend: Deno.NetAddr,
  options: NginxOptions = {},
): Contestant {
  return contestant(stage, options, async (address) =>
    `${await streamModule()}
stream {
  map_hash_max_size 65536;
  map_hash_bucket_size 128;
  upstream bench { server ${hostPort(backend)}; }
  map $ssl_preread_server_name $upstream { bench.test bench; ${options.names ?? ""} }
  server {
    listen ${hostPort(address)};
    ssl_preread on;
    proxy_pass $upstream;
    ${options.more ?? ""}
  }
}
`);
}

/**
 * nginx `http` that keeps connections to the backend.
 *
 * @param stage Where it runs.
 * @param backend Where `bench.test` leads.
 * @param options What differs.
 * @returns The contestant.
 */
export function nginxHttp(
  stage: Stage,
  backend: Deno.NetAddr,
  options: NginxOptions = {},
): Contestant {
  return contestant(stage, options, (address) =>
    http(
      stage,
      options.logs ? "access_log /dev/null;" : "access_log off;",
      `  upstream bench {
    server ${hostPort(backend)};
    keepalive 32;
    keepalive_requests 1000000;
  }
  server {
    listen ${hostPort(address)};
    server_name bench.test;
    keepalive_requests 1000000;
    location / {
      proxy_pass http://bench;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
    }
    ${options.more ?? ""}
  }
`,
    ));
}

/**
 * A configuration of nginx as a server for TLS 1.2 and 1.3.
 *
 * @param stage Where its files are.
 * @param address Where it listens.
 * @param pem Path of its certificate with the key.
 * @returns The command that starts it.
 */
export async function nginxServer(
  stage: Stage,
  address: Deno.NetAddr,
  pem: string,
): Promise<string[]> {
  return await command(
    stage,
    address,
    http(
      stage,
      "access_log off;",
      `  server {
    listen ${hostPort(address)} ssl;
    server_name bench.test;
    ssl_certificate ${pem};
    ssl_certificate_key ${pem};
    ssl_protocols TLSv1.2 TLSv1.3;
    location / { return 200 "here\\n"; }
  }
`,
    ),
  );
}

function contestant(
  stage: Stage,
  { name = "nginx" }: NginxOptions,
  configuration: (address: Deno.NetAddr) => string | Promise<string>,
): Contestant {
  return {
    name,
    async start(): Promise<Running> {
      const address = freeAddress();
      const words = await command(stage, address, await configuration(address));
      const process = await stage.processes.start(name, words, {
        core: PROXY_CORE,
        accepts: [address],
      });
      return { address, process };
    },
  };
}

/** One process without a master, so that there is one to stop and one to measure. */
async function command(
  stage: Stage,
  { port }: Deno.NetAddr,
  configuration: string,
): Promise<string[]> {
  const file = await stage.file(
    `nginx-${port}.conf`,
    `${configuration}
daemon off;
master_process off;
pid ${stage.folder}/nginx-${port}.pid;
error_log stderr error;
worker_rlimit_nofile 20000;
events { worker_connections 16384; }
`,
  );
  return ["nginx", "-p", stage.folder, "-e", "stderr", "-c", file];
}

function http({ folder }: Stage, log: string, servers: string): string {
  return `http {
  ${log}
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
${servers}}`;
}

/** The line that loads `stream` where it is a module of its own, as in Debian. */
async function streamModule(): Promise<string> {
  const folder = (await run(["nginx", "-V"])).match(/--modules-path=(\S+)/)?.[1];
  const path = `${folder}/ngx_stream_module.so`;
  const exists = await Deno.stat(path).then(() => true, () => false);
  return exists ? `load_module ${path};` : "";
}
