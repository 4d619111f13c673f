/**
 * Real clients, and what they say of how it went.
 *
 * @module
 */
import { run } from "./tools.ts";

/** What a TLS client is told. */
export interface HandshakeOptions {
  /** The name to ask for, sent as it is; absent: none. */
  readonly name?: string;
  /** A file with certificates to trust. */
  readonly trust: string;
  /** The only version to offer; absent: those the client has. */
  readonly version?: "tls1_2" | "tls1_3";
  /** ALPN protocol ids, with commas. */
  readonly alpn?: string;
}

/** How a handshake went. */
export interface Handshake {
  /** The common name in the server's certificate; absent if there was none. */
  readonly subject?: string;
  /** Whether the certificate was trusted. */
  readonly trusted: boolean;
  /** The version agreed on, such as `TLSv1.3`. */
  readonly version?: string;
  /** The ALPN protocol id agreed on. */
  readonly alpn?: string;
  /** The description in the alert that came: RFC 8446, 6. */
  readonly alert?: number;
}

/**
 * Makes a handshake with `openssl s_client`.
 *
 * @param port A port of 127.0.0.1.
 * @param options What to offer.
 * @returns How it went.
 */
export async function openssl(port: number, options: HandshakeOptions): Promise<Handshake> {
  const { name, trust, version, alpn } = options;
  const { stdout, stderr } = await run("openssl", [
    ...["s_client", "-connect", `127.0.0.1:${port}`, "-CAfile", trust],
    ...name === undefined ? ["-noservername"] : ["-servername", name],
    ...version === undefined ? [] : [`-${version}`],
    ...alpn === undefined ? [] : ["-alpn", alpn],
  ]);
  const alert = /SSL alert number (\d+)/.exec(stderr)?.[1];
  return {
    subject: /^subject=CN ?= ?(.*)$/m.exec(stdout)?.[1],
    trusted: stdout.includes("Verification: OK"),
    version: /^New, (TLSv[\d.]+), Cipher is [A-Z]/m.exec(stdout)?.[1],
    alpn: /^ALPN protocol: (.*)$/m.exec(stdout)?.[1],
    alert: alert === undefined ? undefined : Number(alert),
  };
}

/**
 * Makes a handshake with `gnutls-cli`.
 *
 * @param port A port of 127.0.0.1.
 * @param options What to offer; `version` has no effect.
 * @returns How it went, as far as gnutls-cli says.
 */
export async function gnutls(port: number, options: HandshakeOptions): Promise<Handshake> {
  const { name, trust, alpn } = options;
  const { stdout } = await run("gnutls-cli", [
    ...["--x509cafile", trust, "--port", String(port)],
    ...name === undefined ? ["--disable-sni"] : ["--sni-hostname", name, "--verify-hostname", name],
    ...alpn === undefined ? [] : alpn.split(",").map((id) => `--alpn=${id}`),
    "127.0.0.1",
  ]);
  const alert = /Received alert \[(\d+)\]/.exec(stdout)?.[1];
  return {
    subject: /subject `CN=([^']*)'/.exec(stdout)?.[1],
    trusted: stdout.includes("The certificate is trusted."),
    version: /Description: \((TLS[\d.]+)-/.exec(stdout)?.[1],
    alpn: /Application protocol: (.*)$/m.exec(stdout)?.[1],
    alert: alert === undefined ? undefined : Number(alert),
  };
}

/** What curl got. */
export interface Answer {
  /** The status; 0 if no answer came. */
  readonly status: number;
  /** `1.0`, `1.1` or `2`. */
  readonly version: string;
  /** The body. */
  readonly body: string;
  /** What curl complained of. */
  readonly error: string;
}

/**
 * Sends a request with curl.
 *
 * @param port A port of 127.0.0.1, whatever the URL says.
 * @param url The URL.
 * @param args More arguments.
 * @returns The answer.
 */
export async function curl(
  port: number,
  url: string,
  args: readonly string[] = [],
): Promise<Answer> {
  const { stdout, stderr } = await run("curl", [
    // Nothing of the user's own: neither ~/.curlrc nor a proxy in the environment.
    ...["-q", "--noproxy", "*", "--silent", "--show-error", "--max-time", "15"],
    ...["--connect-to", `::127.0.0.1:${port}`],
    ...["--write-out", "\\n%{http_code} %{http_version}"],
    ...args,
    url,
  ]);
  const end = stdout.lastIndexOf("\n");
  const [status, version] = stdout.slice(end + 1).split(" ");
  return { status: Number(status), version, body: stdout.slice(0, end), error: stderr };
}
