/**
 * YAML text to a configuration, or to everything that is wrong with it.
 *
 * @module
 */
import { canonical } from "./address.ts";
import type { Address, Config } from "./config.ts";
import { crossCheck } from "./cross_check.ts";
import { isMapping, listOf, mappingOf } from "./fields.ts";
import { quote } from "./found.ts";
import { isIp } from "./host_pattern.ts";
import { offsetOf } from "./outline.ts";
import { type Complaint, locate, type Problem } from "./problem.ts";
import { checkDocument, IGNORED } from "./schema.ts";
import { readValues } from "./values.ts";

export { formatProblem, type Problem } from "./problem.ts";

/** Longest text, in UTF-16 units. */
const MAX_TEXT = 16 * 1024 * 1024;

/** A configuration, with what in its file has no effect or is risky; or all that is wrong with the file. */
export type Loaded =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Reads a configuration. What is no YAML, or uses a feature of YAML that has no place here, is told first; once
 * there are values, all that is wrong with them is told at once, in the order of the file.
 *
 * @param text The file, at most 16 MiB of UTF-16 units.
 * @returns The configuration, with all defaults, or the problems. Never throws.
 *
 * @example
 * ```ts
 * import { formatProblem, parseConfig } from "./load.ts";
 *
 * const loaded = parseConfig('listen_addrs: ["0.0.0.0:443"]\nmax_connection: 5\n');
 * if (!loaded.ok) console.log(formatProblem("config.yaml", loaded.problems[0]));
 * // config.yaml:2:1: max_connection: unknown key "max_connection", did you mean "max_connections"?
 * ```
 */
export function parseConfig(text: string): Loaded {
  if (text.length > MAX_TEXT) {
    const message = `found ${text.length} characters, expected at most ${MAX_TEXT}`;
    return { ok: false, problems: locate("", [{ path: [], offset: 0, message }]) };
  }
  const content = text.startsWith("\ufeff") ? text.slice(1) : text;
  const read = readValues(content);
  if (!read.ok) return { ok: false, problems: locate(content, read.findings) };
  const { values, outline } = read;
  if (outline === undefined || values === null) {
    const message = "found an empty document, expected at least listen_addrs";
    return { ok: false, problems: locate(content, [{ path: [], offset: 0, message }]) };
  }
  const toProblems = (complaints: readonly Complaint[]): Problem[] =>
    locate(
      content,
      complaints.map(({ path, message, atKey }) => ({
        path,
        message,
        offset: offsetOf(outline, path, atKey),
      })),
    );

  const checked = checkDocument(values);
  const complaints = [
    ...("complaints" in checked ? checked.complaints : []),
    ...crossCheck(values),
  ];
  return "value" in checked && complaints.length === 0
    ? {
      ok: true,
      config: checked.value,
      warnings: toProblems([...doubtful(values), ...crowded(checked.value)]),
    }
    : { ok: false, problems: toProblems(complaints) };
}

/** What is valid and does nothing, or more than is good. */
function doubtful(values: unknown): Complaint[] {
  if (!isMapping(values)) return [];
  const keys = Object.entries(values).flatMap(([key, value]) => {
    const message = value === undefined ? undefined : IGNORED.get(key);
    return message === undefined ? [] : [{ path: [key], message, atKey: true }];
  });
  const patterns = listOf(values.allowlist).flatMap((pattern, index) =>
    typeof pattern === "string" && isIp(pattern)
      ? [{ path: ["allowlist", index], message: "has no effect: an IP address is not a name" }]
      : []
  );
  const trusting = listOf(values.listen_addrs).flatMap((listener, index) => {
    const { proxy_protocol, trusted_proxies } = mappingOf(listener);
    if (proxy_protocol !== true || trusted_proxies !== undefined) return [];
    const message = "trusts everybody to say who the client is: trusted_proxies is missing";
    return [{ path: ["listen_addrs", index, "proxy_protocol"], message, atKey: true }];
  });
  const { connections_per_second = 0, burst = 0 } = mappingOf(mappingOf(values.limits).per_client);
  const bursts = connections_per_second === 0 && burst !== 0
    ? [{
      path: ["limits", "per_client", "burst"],
      message: "has no effect without connections_per_second",
      atKey: true,
    }]
    : [];
  return [...keys, ...patterns, ...trusting, ...bursts];
}

/** Addresses that are part of another one, which systems let only listeners share that say so. */
function crowded({ listeners, metrics }: Config): Complaint[] {
  const all: { path: Complaint["path"]; address: Address }[] = listeners.map(({ address }, i) => ({
    path: ["listen_addrs", i],
    address,
  }));
  if (metrics.enabled) all.push({ path: ["metrics", "address"], address: metrics.address });
  const names = new Set(listeners.map(({ name }) => name));
  return all.flatMap(({ path, address }) => {
    const around = aroundOf(address).find((each) => names.has(each));
    if (around === undefined) return [];
    const message = `${quote(canonical(address))} is part of ${quote(around)}, ` +
      "and the system may not let both be listened on: leave one out";
    return [{ path, message }];
  });
}

/** What has an address in it; `[::]` has IPv4 as well, unless the system is told otherwise. */
function aroundOf({ host, port }: Address): string[] {
  if (host === "::") return [];
  if (host === "0.0.0.0" || host.includes(":")) return [`[::]:${port}`];
  return [`[::]:${port}`, `0.0.0.0:${port}`];
}
