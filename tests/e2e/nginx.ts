/**
 * An nginx for traffic to end at.
 *
 * @module
 */
import { fail } from "@std/assert";
import { selfSigned } from "./certificates.ts";
import { freePorts, soon, until } from "./harness.ts";
import { findTool } from "./tools.ts";

/**
 * A server of its own on ports of its own: a client that is brought to the wrong one finds another certificate
 * and another answer. Answers `/name` with its name and the Host it was asked for; serves what is in its
 * folder, and takes uploads into it.
 */
export interface Site {
  /** Subject of its certificate. */
  readonly name: string;
  /** Port for TLS, with h2 and http/1.1 by ALPN. */
  readonly tls: number;
  /** Port for HTTP/1.x. */
  readonly http: number;
  /** Port for HTTP/2 with prior knowledge. */
  readonly h2c: number;
}

/** A running nginx. Disposing it stops it and removes its files. */
export interface Nginx<Name extends string> extends AsyncDisposable {
  /** Its servers by name. */
  readonly sites: Readonly<Record<Name, Site>>;
  /** A file with all their certificates, for clients to trust. */
  readonly trust: string;
  /** The folder that is served. */
  readonly folder: string;
}

/**
 * Starts nginx. Needs `nginx` and `openssl`.
 *
 * @param names For each site, the names its certificate is valid for.
 * @returns The server, accepting on all its ports.
 */
export async function startNginx<Name extends string>(
  names: Readonly<Record<Name, readonly string[]>>,
): Promise<Nginx<Name>> {
  const wanted = Object.keys(names) as Name[];
  const ports = freePorts(3 * wanted.length);
  const sites = {} as Record<Name, Site>;
  for (const name of wanted) {
    const [tls, http, h2c] = ports.splice(0, 3);
    sites[name] = { name, tls, http, h2c };
  }
  const home = await Deno.makeTempDir({ prefix: "sniproxy-nginx-" });
  try {
    await Deno.mkdir(`${home}/www`);
    const trusted: string[] = [];
    for (const name of wanted) {
      const { certificate, key } = await selfSigned(name, names[name]);
      await Deno.writeTextFile(`${home}/${name}.pem`, certificate + key);
      trusted.push(certificate);
    }
    await Deno.writeTextFile(`${home}/trust.pem`, trusted.join(""));
    await Deno.writeTextFile(`${home}/nginx.conf`, configuration(home, Object.values(sites)));
    const stop = await launch(home, Object.values(sites));
    return {
      sites,
      trust: `${home}/trust.pem`,
      folder: `${home}/www`,
      async [Symbol.asyncDispose](): Promise<void> {
        await stop();
        await Deno.remove(home, { recursive: true });
      },
    };
  } catch (error) {
    await Deno.remove(home, { recursive: true });
    throw error;
  }
}

/** Starts the process, and gives what ends it. */
async function launch(home: string, sites: readonly Site[]): Promise<() => Promise<void>> {
  const child = new Deno.Command(findTool("nginx") ?? fail("nginx is not installed"), {
    args: ["-p", home, "-c", `${home}/nginx.conf`, "-e", "stderr"],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let running = true;
  const ended = Promise.all([
    new Response(child.stderr).text(),
    child.status.finally(() => running = false),
  ]);
  const stop = async (): Promise<void> => {
    if (running) child.kill("SIGKILL");
    await soon("the end of nginx", ended);
  };
  try {
    for (const port of sites.flatMap(({ tls, http, h2c }) => [tls, http, h2c])) {
      await until(`nginx to accept on ${port}`, async () => {
        if (!running) fail(`nginx has ended: ${(await ended)[0]}`);
        return await accepts(port);
      });
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

async function accepts(port: number): Promise<boolean> {
  try {
    using _conn = await Deno.connect({ hostname: "127.0.0.1", port });
    return true;
  } catch {
    return false;
  }
}

/** One process without a master, so that there is one to stop; all it writes is in its own folder. */
function configuration(home: string, sites: readonly Site[]): string {
  return `
daemon off;
master_process off;
error_log stderr warn;
pid ${home}/nginx.pid;
events {}
http {
  access_log off;
  sendfile on;
  default_type application/octet-stream;
  client_max_body_size 0;
  client_body_temp_path ${home}/body;
  proxy_temp_path ${home}/proxy;
  fastcgi_temp_path ${home}/fastcgi;
  uwsgi_temp_path ${home}/uwsgi;
  scgi_temp_path ${home}/scgi;
${sites.map((site) => server(home, site)).join("")}}
`;
}

function server(home: string, { name, tls, http, h2c }: Site): string {
  return `  server {
    listen 127.0.0.1:${tls} ssl http2;
    listen 127.0.0.1:${http};
    listen 127.0.0.1:${h2c} http2;
    server_name ${name};
    ssl_certificate ${home}/${name}.pem;
    ssl_certificate_key ${home}/${name}.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    root ${home}/www;
    location = /name { return 200 "${name} $host"; }
    location / { dav_methods PUT; }
  }
`;
}
