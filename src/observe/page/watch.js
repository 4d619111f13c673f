/* Gets the status again and again. */
import { byId, setClass, setText } from "./dom.js";
import { show, tell } from "./show.js";

/** So long without an event, and the proxy is not there any more. */
const SILENT_MS = 12000;

/** So long without a connection: the browser has tried again by then. */
const GONE_MS = 3000;

/** The pause before the next try where a stream is refused. */
const PAUSE_MS = 5000;

let source;
let silent;
let gone;
let again;

function take(text) {
  rest();
  silent = setTimeout(lost, SILENT_MS);
  show(JSON.parse(text));
}

function lost() {
  setText(byId("state"), "No connection");
  setClass(byId("state"), "badge bad");
  tell(
    "The proxy does not answer. What stands here is from before; this page goes on trying.",
    "bad",
  );
}

function watch() {
  stop();
  source = new EventSource("/status.json");
  source.onmessage = ({ data }) => take(data);
  source.onerror = () => {
    gone ??= setTimeout(lost, GONE_MS);
    if (source.readyState !== EventSource.CLOSED) return;
    // Refused, perhaps as there are too many: whoever asks once in a while needs no stream.
    again = setTimeout(watch, PAUSE_MS);
    fetch("/status.json").then((answer) => answer.text()).then(take, lost);
  };
}

function stop() {
  source?.close();
  rest();
  clearTimeout(again);
}

function rest() {
  clearTimeout(silent);
  clearTimeout(gone);
  gone = undefined;
}

// Nobody looks at a page in the background, and the proxy remembers the last minutes.
document.addEventListener("visibilitychange", () => document.hidden ? stop() : watch());
watch();
