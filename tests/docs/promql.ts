/**
 * What a PromQL expression asks for: enough of the language to hold dashboards and alerts against a live `/metrics`.
 *
 * @module
 */

/** One `label="value"` behind a metric's name. */
export interface Matcher {
  /** The label. */
  readonly label: string;
  /** How the value is compared: `=`, `!=`, `=~` or `!~`. */
  readonly operator: string;
  /** What with. */
  readonly value: string;
}

/** What an expression asks for. */
export interface Asked {
  /** Every metric, with its matchers. */
  readonly metrics: readonly { readonly name: string; readonly matchers: readonly Matcher[] }[];
  /** Labels that it groups or joins by. */
  readonly labels: readonly string[];
}

/** Series of a metric, as `/metrics` has them. */
export type Live = ReadonlyMap<string, readonly Readonly<Record<string, string>>[]>;

const WORDS = new Set([
  "and",
  "or",
  "unless",
  "bool",
  "offset",
  "inf",
  "nan",
  "group_left",
  "group_right",
]);

const GROUPING = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g;

const SELECTOR = /([A-Za-z_:][\w:]*)\s*(\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\}|\()?/g;

const MATCHER = /(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"/g;

/**
 * Takes an expression apart.
 *
 * @param expression PromQL, with or without Grafana's variables.
 * @returns What it asks for.
 */
export function askedBy(expression: string): Asked {
  const bare = expression.replace(/#.*$/gm, "");
  const labels = [...bare.matchAll(GROUPING)]
    .flatMap(([, list]) =>
      list.split(",").map((each) => each.trim()).filter((each) => each !== "")
    );
  const rest = bare.replace(GROUPING, " ").replace(/\[[^\]]*\]/g, " ");
  const metrics = [...rest.matchAll(SELECTOR)]
    .filter(([, name, next]) => next !== "(" && !WORDS.has(name.toLowerCase()))
    .filter(({ index }) => !/[\w.$]/.test(rest[index - 1] ?? " "))
    .map(([, name, braces = ""]) => ({
      name,
      matchers: [...braces.matchAll(MATCHER)].map(([, label, operator, value]) => ({
        label,
        operator,
        value,
      })),
    }));
  return { metrics, labels };
}

/**
 * Reads what `/metrics` says.
 *
 * @param exposed Prometheus text.
 * @returns The labels of every series, by metric.
 */
export function liveSeries(exposed: string): Live {
  const series = new Map<string, Record<string, string>[]>();
  for (const [, name, labels = ""] of exposed.matchAll(/^([a-z]\w*)(\{.*\})? \S+$/gim)) {
    const all = series.get(name) ?? [];
    series.set(name, all);
    all.push(
      Object.fromEntries([...labels.matchAll(MATCHER)].map(([, key, , value]) => [key, value])),
    );
  }
  return series;
}

/** Labels that come from scraping. */
const SCRAPED = ["job", "instance"];

/**
 * Says what an expression asks for in vain.
 *
 * @param expression PromQL.
 * @param live What there is.
 * @param words Values that a label may have, though no series has them now.
 * @returns One line for each metric, label or value that does not exist.
 */
export function inVain(
  expression: string,
  live: Live,
  words: Readonly<Record<string, readonly string[]>> = {},
): string[] {
  const { metrics, labels } = askedBy(expression);
  const known = new Set(SCRAPED);
  const missing: string[] = [];
  for (const { name, matchers } of metrics) {
    const series = name === "up" ? [{}] : live.get(name);
    if (series === undefined) {
      missing.push(`no metric ${name}`);
      continue;
    }
    const own = new Set([...SCRAPED, ...series.flatMap((each) => Object.keys(each))]);
    for (const label of own) known.add(label);
    for (const { label, operator, value } of matchers) {
      if (!own.has(label)) missing.push(`${name} has no label ${label}`);
      if (value.includes("$") || SCRAPED.includes(label)) continue;
      const values = [...words[label] ?? [], ...series.flatMap((each) => each[label] ?? [])];
      const matches = operator.includes("~")
        ? (each: string): boolean => new RegExp(`^(?:${value})$`).test(each)
        : (each: string): boolean => each === value;
      if (!values.some(matches)) missing.push(`${name} has no ${label} ${value}`);
    }
  }
  if (metrics.length === 0) missing.push("no metric at all");
  return [
    ...missing,
    ...labels.filter((label) => !known.has(label)).map((label) => `no label ${label}`),
  ];
}
