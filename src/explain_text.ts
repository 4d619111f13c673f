/**
 * An explanation, as people want to read it.
 *
 * @module
 */
import type { Explanation, Outcome, Place } from "./explain.ts";

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
export function explanationText({ name, allowed, client, outcomes }: Explanation): string {
  const lines = [
    name === null ? "a client that names nobody" : quoted(name),
    ...allowed === null
      ? []
      : [row("allowlist", allowed ? "has the name" : "does not have the name")],
    ...client === null ? [] : [row("client", client)],
  ];
  for (const [title, outcome] of merged(outcomes)) lines.push("", title, ...body(outcome));
  return lines.join("\n");
}

/** Protocols that come to the same are shown together. */
function merged(outcomes: readonly Outcome[]): [title: string, outcome: Outcome][] {
  const groups = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    const { protocol: _, ...same } = outcome;
    const key = JSON.stringify(same);
    groups.set(key, [...groups.get(key) ?? [], outcome]);
  }
  return [...groups.values()].map((group) => {
    const protocols = group.map(({ protocol }) => protocol === "tls" ? "TLS" : "HTTP");
    return [`${protocols.join(" and ")} on ${group[0].listeners.join(", ")}`, group[0]];
  });
}

function body(outcome: Outcome): string[] {
  const { route, pattern, why, reason, detail, client_sees: sees, others, target } = outcome;
  const lines = [
    row("rule", `${route ?? "none"}${pattern === null ? "" : ` (${quoted(pattern)})`}: ${why}`),
  ];
  if (reason !== null) {
    lines.push(row("refused", `${reason}: ${detail}`), row("client", `sees ${sees}`));
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

function placeInWords({ backend, weight, backup, addresses, source, denied }: Place): string {
  const found = addresses.map((ip) =>
    denied[ip] === undefined ? ip : `${ip} (denied: ${denied[ip]})`
  ).join(", ");
  const resolved = source === "an address"
    ? found.includes("denied") ? `: ${found}` : ""
    : addresses.length === 0
    ? `: ${source}`
    : `: ${found} from ${source}`;
  const notes = [weight > 1 && `weight ${weight}`, backup && "backup"].filter(Boolean);
  return `${backend}${notes.length > 0 ? ` (${notes.join(", ")})` : ""}${resolved}`;
}

/** What comes from the command line or a file goes to a terminal: nothing in it may steer that. */
function quoted(text: string): string {
  return text.replace(/[^ -~]/g, (each) => `\\u{${each.codePointAt(0)?.toString(16)}}`);
}

function row(title: string, text: string): string {
  return `  ${title.padEnd(WIDTH)}${text}`;
}
