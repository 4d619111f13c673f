/* The charts there are. */
import { makeChart } from "./chart.js";
import { bytes, count, duration, percent, rate, whole } from "./numbers.js";

const perSecond = (series) => (history, i) => history[series][i] * 1000 / history.interval;

export const charts = [
  {
    title: "Connections",
    lines: [{ label: "Open", className: "first", of: ({ active }, i) => active[i] }],
    format: count,
    note: ({ connections: { max }, totals }) =>
      `of ${count(max)} at a time; ${count(totals.accepted)} accepted so far`,
  },
  {
    title: "New connections a second",
    lines: [{ label: "New", className: "first", of: perSecond("accepted") }],
    format: rate,
    note: ({ protocols: { tls, http, h2c, unknown } }) => {
      const all = tls + http + h2c + unknown;
      return `${percent(tls, all)} TLS, ${percent(http + h2c, all)} HTTP`;
    },
  },
  {
    title: "Traffic a second",
    lines: [
      { label: "to clients", className: "first", of: perSecond("tx") },
      { label: "from clients", className: "second", of: perSecond("rx") },
    ],
    format: bytes,
    note: ({ totals: { rx, tx } }) => `${bytes(tx)} and ${bytes(rx)} so far`,
  },
  {
    title: "Requests and tunnels ended a second",
    lines: [{ label: "Ended", className: "first", of: perSecond("ended") }],
    format: rate,
    note: ({ totals: { ended } }) => `${count(ended)} so far`,
  },
  {
    title: "Not served, or broken off, a second",
    lines: [{ label: "Failed", className: "fault", of: perSecond("failed") }],
    format: rate,
    note: ({ totals: { failed, ended } }) =>
      `${count(failed)} so far, ${percent(failed, ended)} of all`,
  },
  {
    title: "Pool hit rate",
    most: 100,
    lines: [{
      label: "Hits",
      className: "second",
      of: ({ hits, misses }, i) =>
        hits[i] + misses[i] === 0 ? null : 100 * hits[i] / (hits[i] + misses[i]),
    }],
    format: (value) => `${whole.format(value)}%`,
    note: ({ totals: { hits, misses, savedMs } }) =>
      `${percent(hits, hits + misses)} overall` +
      (savedMs > 0 ? `; ${duration(savedMs)} of connecting saved` : ""),
  },
].map(makeChart);
