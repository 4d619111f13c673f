/* Tables that change in place. */
import { byId, element, setClass, setText } from "./dom.js";

/**
 * A table whose rows are kept from one event to the next.
 * A column is { label, number, wide, roomy, brief, cell }; a cell is a text, or
 * { text, sub, badge, share }, where `badge` is one of good, warn, bad and `share` is from 0 to 1.
 */
export function makeTable(id, caption, columns, empty) {
  const table = byId(id);
  table.setAttribute("role", "table");
  table.append(element("caption", "", caption));
  const head = element("thead");
  head.setAttribute("role", "rowgroup");
  const headRow = element("tr");
  headRow.setAttribute("role", "row");
  for (const column of columns) {
    const cell = element("th", classOf(column), column.label);
    cell.scope = "col";
    cell.setAttribute("role", "columnheader");
    headRow.append(cell);
  }
  head.append(headRow);
  const body = element("tbody");
  body.setAttribute("role", "rowgroup");
  table.append(head, body);
  const none = element("p", "none", empty);
  table.after(none);
  const rows = new Map();

  function update(items) {
    none.hidden = items.length > 0;
    table.hidden = items.length === 0;
    const seen = new Set();
    let before = null;
    for (const { key, className = "", values } of items) {
      seen.add(key);
      let row = rows.get(key);
      if (row === undefined) rows.set(key, row = makeRow(columns));
      setClass(row, className);
      columns.forEach((column, index) => fill(row.children[index], column.cell(values)));
      const place = before === null ? body.firstChild : before.nextSibling;
      if (place !== row) body.insertBefore(row, place);
      before = row;
    }
    for (const [key, row] of rows) {
      if (seen.has(key)) continue;
      row.remove();
      rows.delete(key);
    }
  }
  return update;
}

function classOf({ number, wide, roomy, brief }) {
  return [number && "number", wide && "wide", roomy && "roomy", brief && "brief"].filter(Boolean)
    .join(" ");
}

function makeRow(columns) {
  const row = element("tr");
  row.setAttribute("role", "row");
  columns.forEach((column, index) => {
    const cell = element(index === 0 ? "th" : "td", classOf(column));
    if (index === 0) cell.scope = "row";
    cell.setAttribute("role", index === 0 ? "rowheader" : "cell");
    cell.dataset.label = column.label;
    row.append(cell);
  });
  return row;
}

function fill(cell, value) {
  const { text = "", sub = "", badge = "", share } = typeof value === "object"
    ? value
    : { text: value };
  const shape = `${text !== ""} ${badge} ${sub !== ""} ${share !== undefined}`;
  if (cell.dataset.shape !== shape) {
    cell.dataset.shape = shape;
    cell.replaceChildren();
    if (share !== undefined) cell.append(element("span", "share"));
    const main = element("span", badge === "" ? "name" : `badge ${badge}`);
    const under = element("span", "sub");
    // One box, for on a phone a cell is a line of two.
    const box = element("span");
    if (text !== "") box.append(main);
    if (sub !== "") box.append(under);
    if (box.firstChild !== null) cell.append(box);
    cell.parts = { main, under };
  }
  if (share !== undefined) cell.firstChild.style.setProperty("--share", String(share));
  if (text !== "") setText(cell.parts.main, text);
  if (sub !== "") setText(cell.parts.under, sub);
}
