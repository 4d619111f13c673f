/* Line charts. */
import { byId, element, setText } from "./dom.js";
import { clock } from "./numbers.js";

const SLOTS = 150;
const SVG = "http://www.w3.org/2000/svg";

/**
 * A chart with the numbers of now above it. `lines` is a list of { label, of, className },
 * where `of` takes a value at an index of the history, or null for none.
 */
export function makeChart({ title, lines, format, most, note }) {
  const figure = element("figure");
  const caption = element("figcaption");
  caption.append(element("span", "", title));
  const at = element("span", "");
  caption.append(at);
  const now = element("p", "now");
  const values = lines.map(({ className, label }) => {
    const span = element("span");
    const value = element("span");
    span.append(value);
    if (lines.length > 1) {
      span.append(" ", element("span", `key ${className}`, label));
    }
    now.append(span);
    return value;
  });
  const under = element("p", "note");
  const plot = element("div", "plot");
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 149 64");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  for (const y of [1, 32, 63]) {
    const grid = document.createElementNS(SVG, "line");
    for (const [name, value] of [["x1", 0], ["x2", 149], ["y1", y], ["y2", y]]) {
      grid.setAttribute(name, value);
    }
    svg.append(grid);
  }
  const paths = lines.map(({ className }) =>
    [`area ${className}`, className].map((each) => {
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("class", each);
      svg.append(path);
      return path;
    })
  );
  const cursor = document.createElementNS(SVG, "line");
  cursor.setAttribute("y1", 0);
  cursor.setAttribute("y2", 64);
  cursor.setAttribute("visibility", "hidden");
  svg.append(cursor);
  plot.append(svg);
  const scale = element("div", "scale");
  scale.setAttribute("aria-hidden", "true");
  const left = element("span", "", "5 min ago");
  const top = element("span");
  scale.append(left, top, element("span", "", "now"));
  figure.append(caption, now, under, plot, scale);
  byId("charts").append(figure);

  let history;
  let pointed;

  function point() {
    const { active: { length } } = history;
    const index = pointed === undefined ? undefined : pointed - (SLOTS - length);
    const shown = index !== undefined && index >= 0 && index < length ? index : undefined;
    cursor.setAttribute("visibility", shown === undefined ? "hidden" : "visible");
    if (shown !== undefined) {
      cursor.setAttribute("x1", pointed);
      cursor.setAttribute("x2", pointed);
    }
    const index2 = shown ?? length - 1;
    setText(
      at,
      shown === undefined ? "" : clock(history.until - (length - 1 - shown) * history.interval),
    );
    lines.forEach(({ of }, i) => {
      const value = index2 < 0 ? null : of(history, index2);
      setText(values[i], value === null ? "\u2013" : format(value));
    });
  }

  svg.addEventListener("pointermove", (event) => {
    const { left: from, width } = svg.getBoundingClientRect();
    pointed = Math.round((event.clientX - from) / width * (SLOTS - 1));
    if (history !== undefined) point();
  });
  svg.addEventListener("pointerleave", () => {
    pointed = undefined;
    if (history !== undefined) point();
  });

  return (status) => {
    history = status.history;
    const { length } = history.active;
    const series = lines.map(({ of }) => Array.from({ length }, (_, i) => of(history, i)));
    const highest = series.flat().reduce((a, b) => Math.max(a, b ?? 0), 0);
    const full = most ?? nice(highest);
    series.forEach((list, i) => {
      const { area, line } = trace(list, full);
      paths[i][0].setAttribute("d", area);
      paths[i][1].setAttribute("d", line);
    });
    setText(top, `top is ${format(full)}`);
    setText(under, note(status));
    point();
    const spoken = lines.map(({ label }, i) => {
      const known = series[i].filter((value) => value !== null);
      if (known.length === 0) return `${label}: nothing yet`;
      const mean = known.reduce((a, b) => a + b, 0) / known.length;
      return `${label}: ${format(known.at(-1))} now, ${format(mean)} on average, ` +
        `${format(Math.max(...known))} at most`;
    });
    svg.setAttribute("aria-label", `${title} in the last five minutes. ${spoken.join(". ")}`);
  };
}

/** The next round number. */
function nice(value) {
  if (value <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((each) => each * power).find((each) => each >= value);
}

function trace(list, full) {
  let line = "";
  let area = "";
  let start;
  let x = SLOTS - list.length;
  for (const value of [...list, null]) {
    if (value === null) {
      if (start !== undefined) area += `L${x - 1} 63L${start} 63Z`;
      start = undefined;
    } else {
      const y = (63 - 62 * Math.min(1, value / full)).toFixed(1);
      line += `${start === undefined ? "M" : "L"}${x} ${y}`;
      area += `${start === undefined ? "M" : "L"}${x} ${y}`;
      start ??= x;
    }
    x++;
  }
  return { area, line };
}
