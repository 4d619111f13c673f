/**
 * The script of the status page. It is written in modules, as they are easier to read, and goes into the page as one
 * text: nothing else may be loaded there.
 *
 * @module
 */
import dom from "./dom.js" with { type: "text" };
import numbers from "./numbers.js" with { type: "text" };
import table from "./table.js" with { type: "text" };
import chart from "./chart.js" with { type: "text" };
import charts from "./charts.js" with { type: "text" };
import tables from "./tables.js" with { type: "text" };
import show from "./show.js" with { type: "text" };
import watch from "./watch.js" with { type: "text" };
import theme from "./theme.js" with { type: "text" };

/** Each after those that it imports from; what they import from each other is in scope. */
const MODULES = [dom, numbers, table, chart, charts, tables, show, watch, theme];

/** One module without imports or exports. */
export const script: string = MODULES
  .map((text) => text.replaceAll(/^import [^;]*;\n/gm, "").replaceAll(/^export /gm, ""))
  .join("\n");
