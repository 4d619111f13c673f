/**
 * A contest as a picture.
 *
 * @module
 */
import type { Measure } from "./contest.ts";
import type { Row, Summary } from "./summary.ts";

const WIDTH = 720;
/** A letter of the title is about so wide: no font is known here. */
const LETTER = 8;
const MARGIN = 16;
/** Where bars begin, and how long the longest may get. */
const LEFT = 170;
const LENGTH = 420;
const BAR = 16;
const LINE = 26;
const HEAD = 34;

const STYLE = `
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-size: 15px; font-weight: 600 }
.measure { font-weight: 600 }
.bar { fill: #8c959f }
.ours { fill: #0969da }
.spread { stroke: #24292f; stroke-width: 1.5 }
.paper { fill: #ffffff }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .bar { fill: #6e7681 }
  .ours { fill: #4493f8 }
  .spread { stroke: #e6edf3 }
  .paper { fill: #0d1117 }
}`;

/**
 * Draws a contest: for each measure that is compared, or the first where none is, a bar for every contestant as long as
 * its median, with a line from its smallest figure to its largest.
 *
 * @param summary The contest.
 * @returns A whole SVG file, for light and dark surroundings.
 *
 * @example
 * ```ts ignore
 * await Deno.writeTextFile("connect.svg", renderChart(summarize(contest, rounds)));
 * ```
 */
export function renderChart({ title, measures, rows }: Summary): string {
  let y = MARGIN + LINE;
  const parts: string[] = [];
  const shown = drawn(measures);
  for (const measure of shown) {
    parts.push(`<text class="measure" x="${MARGIN}" y="${y + 16}">${caption(measure)}</text>`);
    y += HEAD;
    const most = Math.max(...rows.map((row) => row.cells[measure.key].figure?.max ?? 0));
    for (const row of rows) {
      parts.push(bar(row, measure, row === rows[0], y, most > 0 ? LENGTH / most : 0));
      y += LINE;
    }
  }
  const height = y + MARGIN;
  const width = Math.max(WIDTH, 2 * MARGIN + LETTER * title.length);
  const name = escape(title);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">
<title>${name}</title>
<desc>${escape(described(shown, rows))}</desc>
<style>${STYLE}</style>
<rect class="paper" width="${width}" height="${height}"/>
<text class="title" x="${MARGIN}" y="${MARGIN + 12}">${name}</text>
${parts.join("\n")}
</svg>
`;
}

/** What there is to see of a contest that compares nothing is its first measure. */
function drawn(measures: readonly Measure[]): readonly Measure[] {
  const compared = measures.filter(({ better }) => better !== undefined);
  return compared.length > 0 ? compared : measures.slice(0, 1);
}

function caption({ title, better }: Measure): string {
  return escape(better === undefined ? title : `${title}, ${better} is better`);
}

function bar(row: Row, { key, digits }: Measure, ours: boolean, y: number, scale: number): string {
  const { figure } = row.cells[key];
  const name = `<text x="${LEFT - 8}" y="${y + 13}" text-anchor="end">${escape(row.name)}</text>`;
  if (figure === undefined) return `${name}<text x="${LEFT}" y="${y + 13}">-</text>`;
  // Memory may shrink: what is below nothing has no length.
  const length = (value: number): number => Math.max(0, value) * scale;
  const x = (value: number): string => (LEFT + length(value)).toFixed(1);
  const middle = y + BAR / 2;
  return `${name}<rect class="${
    ours ? "ours" : "bar"
  }" x="${LEFT}" y="${y}" height="${BAR}" width="${
    length(figure.median).toFixed(1)
  }"/><line class="spread" x1="${x(figure.min)}" x2="${
    x(figure.max)
  }" y1="${middle}" y2="${middle}"/>` +
    `<text x="${LEFT + LENGTH + 8}" y="${y + 13}">${figure.median.toFixed(digits)}</text>`;
}

/** The same for those who do not see it. */
function described(measures: readonly Measure[], rows: readonly Row[]): string {
  return measures.map((measure) => {
    const figures = rows.map(({ name, cells }) =>
      `${name} ${cells[measure.key].figure?.median.toFixed(measure.digits) ?? "not measured"}`
    );
    return `${measure.title}: ${figures.join(", ")}.`;
  }).join(" ");
}

/** Makes text of anything: XML has no way at all to write some characters (XML 1.0, 2.2). */
function escape(text: string): string {
  return text
    .replace(/[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD")
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
