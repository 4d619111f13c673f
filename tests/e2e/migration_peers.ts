/**
 * The texts of the migration guides, and the peers that show where they lead.
 *
 * @module
 */
import { writeAll } from "../relay/sockets.ts";
import {
  alpn as offering,
  messageWith,
  records,
  serverName,
  supportedVersions,
} from "../sniff/hello_builder.ts";
import { latin1 } from "../sniff/hex.ts";
import { freePorts } from "./harness.ts";
import { type Backend, connectTo, lastWords, serve } from "./peers.ts";
import { block, SIGNATURE } from "./proxy_headers.ts";

const guides = new URL("../../docs/migration/", import.meta.url);

/** An address as the guides have them: what it ends in names its server. */
const SERVER = /\b10\.0\.0\.([0-9]+):(?:80|443)\b/g;

const LISTENER = /\b0\.0\.0\.0:([0-9]+)\b/g;

const TLS_1_3 = 0x0304;

/** What a client asks for. */
export interface Question {
  /** The port that the guide has for it. */
  readonly port: number;
  /** The name. */
  readonly name: string;
  /** What it speaks; `tls` if nothing is said. */
  readonly protocol?: "tls" | "http";
  /** ALPN protocol ids that its hello offers. */
  readonly alpn?: readonly string[];
  /** Where the header of a proxy in front says it comes from. */
  readonly from?: string;
}

/**
 * Takes the code out of a guide.
 *
 * @param guide The name of its file.
 * @param language What is written behind the fence.
 * @returns The blocks in that language, in their order.
 */
export async function blocks(guide: string, language: string): Promise<string[]> {
  const text = await Deno.readTextFile(new URL(guide, guides));
  return [...text.matchAll(new RegExp("^```" + language + "\\n([^]*?)^```$", "gm"))]
    .map(([, block]) => block);
}

/** The servers that the guides speak of, each of which says which one it is. */
export class Servers implements AsyncDisposable {
  readonly #running = new Map<string, Backend>();

  /**
   * Puts addresses of this machine in the place of a guide's, and starts the servers that are new.
   *
   * @param text A configuration.
   * @returns The same for here, and the ports that it listens on now, by those it had.
   */
  here(text: string): { text: string; ports: ReadonlyMap<number, number> } {
    const listened = [...new Set([...text.matchAll(LISTENER)].map(([, port]) => Number(port)))];
    const free = freePorts(listened.length);
    const ports = new Map(listened.map((port, index) => [port, free[index]]));
    const moved = text
      .replaceAll(SERVER, (_, name) => `127.0.0.1:${this.portOf(name)}`)
      .replaceAll(LISTENER, (_, port) => `127.0.0.1:${ports.get(Number(port))}`);
    return { text: moved, ports };
  }

  /**
   * Finds a server, or starts it.
   *
   * @param name What it says.
   * @returns Its port on 127.0.0.1.
   */
  portOf(name: string): number {
    const server = this.#running.get(name) ?? speaker(name);
    this.#running.set(name, server);
    return server.port;
  }

  /** Stops all of them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running.values().map((server) => server[Symbol.asyncDispose]()));
  }
}

/** A server that says who it is, and what the PROXY header said, to whoever says a hello or a request. */
function speaker(name: string): Backend {
  return serve(async (conn) => {
    const buffer = new Uint8Array(8192);
    for (let said = "";;) {
      const count = await conn.read(buffer);
      if (count === null) return;
      said += String.fromCharCode(...buffer.subarray(0, count));
      const { header, rest } = unwrap(said);
      const text = name + header;
      if (rest.startsWith("\x16")) await writeAll(conn, latin1(text));
      else if (rest.endsWith("\r\n\r\n")) {
        const head =
          `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n`;
        await writeAll(conn, latin1(head + text));
      } else continue;
      await conn.closeWrite();
      while (await conn.read(buffer) !== null);
      return;
    }
  });
}

/** Separates a PROXY header from what is behind it, and gives its version and the client's address. */
function unwrap(said: string): { header: string; rest: string } {
  const line = /^PROXY TCP4 ([0-9.]+) [^\n]*\r\n/.exec(said);
  if (line !== null) return { header: ` v1 ${line[1]}`, rest: said.slice(line[0].length) };
  if (!said.startsWith(SIGNATURE)) return { header: "", rest: said };
  const length = 16 + (said.charCodeAt(14) << 8 | said.charCodeAt(15));
  const source = [...said.slice(16, 20)].map((byte) => byte.charCodeAt(0)).join(".");
  return { header: ` v2 ${source}`, rest: said.slice(length) };
}

/**
 * Asks a proxy.
 *
 * @param question What for.
 * @param port Where the proxy listens on 127.0.0.1.
 * @returns What the server said that it leads to; `refused` if it leads to none.
 */
export async function ask({ name, protocol, alpn, from }: Question, port: number): Promise<string> {
  using conn = await connectTo(port);
  if (from !== undefined) {
    const header = block({ host: from, port: 40_000 }, { host: "192.0.2.1", port: 443 });
    await writeAll(conn, latin1(header));
  }
  if (protocol === "http") {
    await writeAll(conn, latin1(`GET / HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`));
  } else {
    const extensions = [serverName(name), supportedVersions(TLS_1_3)];
    if (alpn !== undefined) extensions.push(offering(...alpn));
    await writeAll(conn, records(messageWith(...extensions)));
  }
  const answer = await lastWords(conn);
  const body = answer.startsWith("HTTP/1.1 200 ") ? answer.split("\r\n\r\n")[1] : answer;
  return /^[0-9]+( v[12] [0-9.]+)?$/.test(body) ? body : "refused";
}
