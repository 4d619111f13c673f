/* Puts a status on the page. */
import { charts } from "./charts.js";
import { byId, element, setClass, setText } from "./dom.js";
import { bytes, clock, count, duration } from "./numbers.js";
import {
  ago,
  showBackends,
  showEnds,
  showListeners,
  showNames,
  showOffers,
  showRecent,
  showRoutes,
  why,
} from "./tables.js";

const MAX_ROWS = 300;

/** There are more in /status.json. */
const MAX_RECENT = 25;

let before;

export function show(status) {
  const { totals, tls, protocols } = status;
  const elapsed = before === undefined ? 0 : status.at - before.at;
  const growth = (of) => elapsed <= 0 ? 0 : Math.max(0, of(status) - of(before)) * 1000 / elapsed;
  for (const update of charts) update(status);

  setText(byId("version"), status.version);
  showFacts(status);

  showRoutes(
    status.routes.slice(0, MAX_ROWS).map((route) => ({
      key: route.name,
      values: {
        ...route,
        now: growth((of) => of.routes.find(({ name }) => name === route.name)?.ended ?? 0),
      },
    })),
  );
  setText(
    byId("routes-more"),
    leftOut(status.routesLeftOut, "route without trouble", "routes without trouble"),
  );

  const places = placesOf(status);
  const shown = places.length <= MAX_ROWS
    ? places
    : [...places.filter(({ values }) => values.state !== "up"), ...places].slice(0, MAX_ROWS);
  showBackends([...new Map(shown.map((each) => [each.key, each])).values()]);
  setText(byId("backends-more"), leftOut(places.length - shown.length, "backend", "backends"));

  const worst = Math.max(1, ...status.ends.map((each) => each.count));
  showEnds(status.ends.map((each) => ({
    key: each.end,
    values: { ...each, share: each.count / worst },
  })));
  const most = Math.max(1, ...status.unknownNames.map((each) => each.count));
  showNames(status.unknownNames.map((each) => ({
    key: each.name,
    values: { ...each, share: each.count / most },
  })));

  const all = protocols.tls + protocols.http + protocols.h2c + protocols.unknown;
  const offers = [
    ["TLS", protocols.tls, all, "of all clients"],
    ["HTTP/1.x", protocols.http, all, "of all clients"],
    ["HTTP/2 without TLS", protocols.h2c, all, "of all clients"],
    ["something else", protocols.unknown, all, "of all clients"],
    ["post-quantum key share", tls.postQuantum, tls.hellos, "of TLS clients"],
    ["Encrypted ClientHello, or noise like it", tls.ech, tls.hellos, "of TLS clients"],
    ...Object.entries(tls.versions).map((
      [word, n],
    ) => [word, n, tls.hellos, "of TLS clients, version"]),
    ...Object.entries(tls.alpn).map(([word, n]) => [word, n, tls.hellos, "of TLS clients, ALPN"]),
  ];
  showOffers(
    offers.filter(([, clients]) => clients > 0).map(([what, clients, of, sub]) => ({
      key: `${sub} ${what}`,
      values: { what, clients, all: of, sub },
    })),
  );

  showListeners(status.listeners.map((listener) => ({
    key: listener.name,
    values: {
      ...listener,
      now: growth((of) => of.listeners.find(({ name }) => name === listener.name)?.accepted ?? 0),
    },
  })));

  // Requests of one connection share its id.
  const ids = new Map();
  showRecent(
    status.recent.slice(0, MAX_RECENT).toReversed().map((each) => {
      const nth = ids.get(each.id) ?? 0;
      ids.set(each.id, nth + 1);
      return { key: `${each.id} ${each.at} ${nth}`, values: each };
    }).reverse(),
  );

  showState(status, places);
  before = status;
  document.body.dataset.ended = String(totals.ended);
}

function leftOut(number, one, many) {
  return number > 0 ? `${count(number)} more ${number === 1 ? one : many} not shown.` : "";
}

function placesOf({ routes, at }) {
  return routes.flatMap(({ name: route, backends }) =>
    backends.flatMap((backend, index) =>
      (backend.places.length === 0 ? [undefined] : backend.places).map((place) => {
        const state = place?.state ?? "down";
        return {
          key: `${route}\n${index}\n${place?.address ?? ""}`,
          className: state === "up" ? "" : "bad",
          values: { route, backend, place, state, why: why(place, backend, at) },
        };
      })
    )
  );
}

function showFacts({ at, startedAt, builtAt, config, memory, workers, droppedLogLines }) {
  const facts = [
    ["up", duration(at - startedAt)],
    ["configuration", configuration(config, at)],
    ...builtAt === undefined ? [] : [["built", ago(builtAt, at)]],
    ["memory", bytes(memory)],
    ...workers > 1 ? [["workers", String(workers)]] : [],
    ...droppedLogLines > 0 ? [["log lines lost", count(droppedLogLines)]] : [],
  ];
  const list = byId("facts");
  while (list.children.length > facts.length) list.lastChild.remove();
  while (list.children.length < facts.length) {
    const pair = element("div");
    pair.append(element("dt"), element("dd"));
    list.append(pair);
  }
  facts.forEach(([name, value], i) => {
    setText(list.children[i].firstChild, name);
    setText(list.children[i].lastChild, value);
  });
}

function configuration({ loadedAt, reload }, at) {
  if (reload === undefined) return `read ${ago(loadedAt, at)}`;
  return reload.result === "success"
    ? `reloaded ${ago(reload.at, at)}`
    : `read ${ago(loadedAt, at)}, a reload failed ${ago(reload.at, at)}`;
}

function showState({ state, config }, places) {
  const [text, className] = {
    starting: ["Starting", "wait"],
    ready: ["Ready", "good"],
    draining: ["Draining", "warn"],
  }[state];
  setText(byId("state"), text);
  setClass(byId("state"), `badge ${className}`);
  const troubled = places.filter(({ values }) => values.state !== "up");
  const news = [];
  if (troubled.length > 0) {
    const names = troubled.slice(0, 3).map(({ values }) =>
      `${values.backend.name} (${values.route})`
    );
    const more = troubled.length - names.length;
    news.push(
      `${troubled.length} of ${places.length} backends can't be used: ${names.join(", ")}` +
        (more > 0 ? ` and ${more} more` : ""),
    );
  }
  if (config.reload?.result === "failure") {
    news.push(
      `the reload at ${clock(config.reload.at)} failed, the configuration from before is in force`,
    );
  }
  tell(news.join("; "), "bad");
  document.title = troubled.length > 0 ? `(${troubled.length} down) SNIProxy` : "SNIProxy";
}

export function tell(text, className) {
  const news = byId("news");
  setText(news, text);
  setClass(news, className);
}
