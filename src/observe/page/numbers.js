/* Numbers for people. */

export const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export function count(value) {
  return value < 100000 ? whole.format(value) : short.format(value);
}

export function rate(value) {
  return value === 0 || value >= 100 ? count(value) : oneDigit.format(value);
}

export function bytes(value) {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let unit = 0;
  let rest = value;
  for (; rest >= 999.5 && unit < units.length - 1; unit++) rest /= 1000;
  return `${unit > 0 && rest < 9.95 ? oneDigit.format(rest) : whole.format(rest)} ${units[unit]}`;
}

export function percent(part, all) {
  if (all === 0) return "\u2013";
  const share = 100 * part / all;
  if (share > 0 && share < 0.05) return "<0.1%";
  // All is all: a few of a thousand less are not 100%.
  if (share > 99 && share < 100) return `${oneDigit.format(Math.min(share, 99.9))}%`;
  return `${share > 0 && share < 10 ? oneDigit.format(share) : whole.format(share)}%`;
}

export function duration(ms) {
  if (ms < 1) return `${oneDigit.format(ms)} ms`;
  if (ms < 1000) return `${whole.format(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 10) return `${oneDigit.format(seconds)} s`;
  if (seconds < 100) return `${whole.format(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48
    ? two(hours, "h", minutes % 60, "min")
    : two(Math.floor(hours / 24), "d", hours % 24, "h");
}

export function clock(at) {
  return new Date(at).toLocaleTimeString("en-GB");
}

function two(large, unit, small, smaller) {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smaller}`;
}
