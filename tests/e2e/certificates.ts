/**
 * Certificates for servers that tests start.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { run } from "./tools.ts";

/** A certificate and its key. */
export interface Certificate {
  /** PEM. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
}

const made = new Map<string, Promise<Certificate>>();

/**
 * Makes a self-signed certificate with openssl, or gives the one made before. Its key is on P-256, the cheapest
 * that every client takes.
 *
 * @param subject Its common name.
 * @param names The names it is valid for (RFC 6125, 6.4).
 * @returns The certificate and its key.
 */
export function selfSigned(subject: string, names: readonly string[]): Promise<Certificate> {
  const id = [subject, ...names].join();
  const certificate = made.get(id) ?? make(subject, names);
  made.set(id, certificate);
  return certificate;
}

async function make(subject: string, names: readonly string[]): Promise<Certificate> {
  const { code, stdout, stderr } = await run("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
    ...["-days", "30", "-subj", `/CN=${subject}`],
    ...["-addext", `subjectAltName=${names.map((name) => `DNS:${name}`).join()}`],
    // Both to stdout: nothing is left behind in a file.
    ...["-keyout", "-", "-out", "-"],
  ]);
  assertEquals(code, 0, stderr);
  return { certificate: pem(stdout, "CERTIFICATE"), key: pem(stdout, "PRIVATE KEY") };
}

/** The part of a PEM text that has a label: RFC 7468, 2. */
function pem(text: string, label: string): string {
  const end = `-----END ${label}-----\n`;
  return text.slice(text.indexOf(`-----BEGIN ${label}-----`), text.indexOf(end) + end.length);
}
