/* The tables there are. */
import { bytes, clock, count, duration, percent, rate } from "./numbers.js";
import { makeTable } from "./table.js";

const KINDS = {
  reject: "refuses",
  fallback: "no name, or no rule",
  forward: "the name itself",
  none: "before a route was found",
};

export const showRoutes = makeTable("routes-table", "Routes, with what they carried", [
  {
    label: "Route",
    roomy: true,
    cell: ({ name, kind, hosts, moreHosts }) => ({
      text: kind === "none" ? "(none)" : name,
      sub: hosts.length === 0 || hosts.length === 1 && hosts[0] === name && kind === "proxy"
        ? KINDS[kind] ?? ""
        : hosts.join(", ") + (moreHosts > 0 ? ` and ${moreHosts} more` : "") +
          (kind === "reject" ? " \u2013 refuses" : ""),
    }),
  },
  { label: "A second", number: true, cell: ({ now }) => rate(now) },
  { label: "Ended", number: true, cell: ({ ended }) => count(ended) },
  {
    label: "Failed",
    number: true,
    cell: ({ failed, ended }) => ({
      text: count(failed),
      sub: failed > 0 ? percent(failed, ended) : "",
    }),
  },
  { label: "2xx", number: true, wide: true, cell: ({ answers }) => some(answers[1]) },
  { label: "3xx", number: true, wide: true, cell: ({ answers }) => some(answers[2]) },
  { label: "4xx", number: true, wide: true, cell: ({ answers }) => some(answers[3]) },
  { label: "5xx", number: true, wide: true, cell: ({ answers }) => some(answers[4]) },
  { label: "To clients", number: true, cell: ({ tx }) => bytes(tx) },
  { label: "From clients", number: true, wide: true, cell: ({ rx }) => bytes(rx) },
  { label: "In use", number: true, cell: ({ active }) => count(active) },
  {
    label: "At rest",
    number: true,
    cell: ({ idle, warm }) => ({
      text: count(idle + warm),
      sub: warm > 0 ? `${count(warm)} warm` : "",
    }),
  },
  {
    label: "Hit rate",
    number: true,
    cell: ({ hits, misses }) => hits + misses === 0 ? "" : percent(hits, hits + misses),
  },
  {
    label: "Saved",
    number: true,
    cell: ({ savedMs }) => savedMs === 0 ? "" : duration(savedMs),
  },
], "No routes.");

function some(value) {
  return value === 0 ? "" : count(value);
}

const STATES = { up: ["Up", "good"], ejected: ["Left alone", "warn"], down: ["Down", "bad"] };

export const showBackends = makeTable("backends-table", "Backends, and whether they work", [
  {
    label: "Backend",
    roomy: true,
    cell: ({ backend, place }) => ({
      text: backend.name,
      sub: place === undefined || place.address === backend.name ? "" : place.address,
    }),
  },
  { label: "Route", cell: ({ route }) => route },
  {
    label: "State",
    cell: ({ state, backend }) => {
      const [text, badge] = STATES[state];
      const few = backend.knownTo > 1 && backend.upIn > 0 && backend.upIn < backend.knownTo;
      return {
        text: few ? `${text} (${backend.knownTo - backend.upIn} of ${backend.knownTo})` : text,
        badge,
      };
    },
  },
  { label: "Why", cell: ({ why }) => ({ text: why.text, sub: why.until }) },
  {
    label: "Share",
    wide: true,
    number: true,
    cell: ({ backend }) => backend.backup ? "backup" : String(backend.weight),
  },
  { label: "In use", number: true, cell: ({ place }) => count(place?.active ?? 0) },
  { label: "At rest", number: true, cell: ({ place }) => count(place?.pooled ?? 0) },
  { label: "Used", number: true, cell: ({ place }) => count(place?.used ?? 0) },
  { label: "Failed", number: true, cell: ({ place }) => count(place?.failures ?? 0) },
], "No backends: names are forwarded to themselves.");

export function why(place, { check }, at) {
  if (place === undefined) return { text: "its name does not resolve", until: "" };
  const { state, reason, until, failure, failedAt } = place;
  if (state === "ejected") {
    const last = failure === undefined ? "" : `, last: ${failure}`;
    const left = until - at;
    return {
      text: `${reason}${last}`,
      until: left > 0 ? `until ${clock(until)}` : "one client tries it now",
    };
  }
  if (state === "down") {
    return {
      text: reason ?? "",
      until: failedAt === undefined ? "" : `checked ${ago(failedAt, at)}`,
    };
  }
  const asked = check === undefined ? "not checked" : `${check} check`;
  return failure === undefined
    ? { text: asked, until: "" }
    : { text: asked, until: `${ago(failedAt, at)}: ${failure}` };
}

export function ago(then, at) {
  return at - then < 1000 ? "just now" : `${duration(at - then)} ago`;
}

export const showEnds = makeTable("ends-table", "Why connections and requests were not served", [
  { label: "Reason", cell: ({ end, meaning }) => ({ text: end, sub: meaning }) },
  {
    label: "Times",
    number: true,
    cell: ({ count: times, share }) => ({ text: count(times), share }),
  },
], "Everybody was served.");

export const showNames = makeTable("names-table", "Names that were asked for and have no rule", [
  { label: "Name", cell: ({ name }) => name },
  {
    label: "Times",
    number: true,
    cell: ({ count: times, error, share }) => ({
      text: count(times),
      sub: error > 0 ? `${count(times - error)} at least` : "",
      share,
    }),
  },
], "Nobody asked for one.");

export const showOffers = makeTable(
  "offers-table",
  "What clients speak, and what TLS clients offer",
  [
    { label: "What", cell: ({ what, sub }) => ({ text: what, sub }) },
    { label: "Clients", number: true, cell: ({ clients }) => count(clients) },
    {
      label: "Share",
      number: true,
      cell: ({ clients, all }) => ({
        text: percent(clients, all),
        share: all === 0 ? 0 : clients / all,
      }),
    },
  ],
  "Nobody was here yet.",
);

export const showListeners = makeTable("listeners-table", "Where clients come in", [
  {
    label: "Address",
    cell: ({ name, proxyProtocol }) => ({
      text: name,
      sub: proxyProtocol ? "behind proxies that say who the client is" : "",
    }),
  },
  { label: "A second", number: true, cell: ({ now }) => rate(now) },
  { label: "Accepted", number: true, cell: ({ accepted }) => count(accepted) },
], "None.");

export const showRecent = makeTable(
  "recent-table",
  "The connections and requests that ended last",
  [
    { label: "When", brief: true, cell: ({ at, id }) => ({ text: clock(at), sub: id }) },
    { label: "Client", roomy: true, cell: ({ client }) => client },
    {
      label: "Name",
      roomy: true,
      cell: ({ name, protocol }) => ({ text: name ?? "\u2013", sub: protocol }),
    },
    {
      label: "Route",
      roomy: true,
      cell: ({ route, backend }) => ({ text: route ?? "\u2013", sub: backend ?? "" }),
    },
    {
      label: "End",
      cell: ({ end, status, detail }) => ({
        text: status === undefined ? end : `${end}, ${status}`,
        badge: end !== "done" ? "bad" : status >= 500 ? "warn" : "good",
        sub: detail ?? "",
      }),
    },
    { label: "To client", number: true, cell: ({ tx }) => bytes(tx) },
    { label: "From client", number: true, wide: true, cell: ({ rx }) => bytes(rx) },
    {
      label: "Connect",
      number: true,
      wide: true,
      cell: ({ connectMs }) =>
        connectMs === undefined ? "" : connectMs === 0 ? "pooled" : duration(connectMs),
    },
    { label: "Took", number: true, cell: ({ totalMs }) => duration(totalMs) },
  ],
  "Nothing yet.",
);
