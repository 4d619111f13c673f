/**
 * An explanation, as people want to read it.
 *
 * @module
 */
import type { Explanation, Outcome, Place } from "./explanation.ts";

const WIDTH = 11;

/**
 * Writes an explanation down.
 *
 * @param explanation What there is to say.
 * @returns Lines, the last one without a line feed.
 *
 * @example
 * ```ts ignore
 * console.log(explanationText(await explain(config, question)));
 * ```
 */
export function explanationText(explanation: Explanation): string {
  const { allowed, client, outcomes } = explanation;
  const lines = [
    whoAsks(explanation),
    ...allowed === null
      ? []
      : [row("allowlist", allowed ? "has the name" : "does not have the name")],
    ...client === null ? [] : [row("client", client)],
  ];
  for (const alike of merged(outcomes)) {
    const protocols = alike.map(inCapitals).join(" and ");
    lines.push("", `${protocols} on ${alike[0].listeners.join(", ")}`, ...body(alike));
  }
  return lines.join("\n");
}

function whoAsks({ host, name }: Explanation): string {
  if (name !== null) return quoted(name);
  return host === "" || host === "-"
    ? "a client that names nobody"
    : `${quoted(host)}, which counts as no name`;
}

function inCapitals({ protocol }: Outcome): string {
  return protocol === "tls" ? "TLS" : "HTTP";
}

/** Protocols that come to the same are shown together, even if each says it in its own way. */
function merged(outcomes: readonly Outcome[]): Outcome[][] {
  const groups = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    const { protocol: _, client_sees: __, ...same } = outcome;
    const key = JSON.stringify(same);
    groups.set(key, [...groups.get(key) ?? [], outcome]);
  }
  return [...groups.values()];
}

function body(alike: readonly Outcome[]): string[] {
  const [{ route, pattern, why, reason, detail, others, target }] = alike;
  const lines: string[] = [];
  if (route !== null) {
    const rule = pattern === null || pattern === route ? route : `${route} (${quoted(pattern)})`;
    lines.push(row("rule", `${rule}: ${why}`));
  }
  if (reason !== null) {
    const seen = alike.map((each) =>
      `${each.client_sees}${alike.length > 1 ? ` with ${inCapitals(each)}` : ""}`
    );
    lines.push(
      row("refused", `${reason}: ${detail}`),
      row("", `the client sees ${seen.join(", ")}`),
    );
  }
  if (target !== null) {
    const { chosen, choice, backends, retries, limits, pool } = target;
    lines.push(
      ...reason === null ? [row("goes to", `${chosen ?? "a backend"}, ${choice}`)] : [],
      ...backends.flatMap((place, i) => row(i === 0 ? "backends" : "", placeInWords(place))),
      ...retries > 0
        ? [row("retries", `${retries} other ${retries === 1 ? "backend" : "backends"}`)]
        : [],
      ...limits.map((limit, i) => row(i === 0 ? "limits" : "", limit)),
      row("pool", pool),
    );
  }
  lines.push(
    ...others.map((other, i) =>
      row(i === 0 ? "others" : "", `${other.route} (${quoted(other.pattern)}): ${other.why}`)
    ),
  );
  return lines;
}

function placeInWords(place: Place): string {
  const { backend, weight, backup } = place;
  const notes = [weight > 1 && `weight ${weight}`, backup && "backup"].filter(Boolean);
  const resolved = resolvedInWords(place);
  return `${backend}${notes.length > 0 ? ` (${notes.join(", ")})` : ""}${
    resolved === "" ? "" : `: ${resolved}`
  }`;
}

const SOURCES = {
  address: "itself",
  "dns.hosts": "dns.hosts",
  "dns.servers": "dns.servers",
  system: "the system",
};

function resolvedInWords({ addresses, source, missing, denied }: Place): string {
  const from = SOURCES[source];
  switch (missing) {
    case "none":
      return `no address from ${from}`;
    case "late":
      return `no answer from ${from} in time`;
    case "permission":
      return "not looked up, as a permission is missing: add --allow-net";
    case null: {
      if (source === "address") return "";
      const found = addresses.map((ip) =>
        denied[ip] === undefined ? ip : `${ip} (denied: ${denied[ip]})`
      );
      return `${found.join(", ")} from ${from}`;
    }
  }
}

/** What comes from the command line or a file goes to a terminal: nothing in it may steer that. */
function quoted(text: string): string {
  return text.replace(/[^ -~]/g, (each) => `\\u{${each.codePointAt(0)?.toString(16)}}`);
}

function row(title: string, text: string): string {
  return `  ${title.padEnd(WIDTH)}${text}`;
}
