/* Light and dark. */
import { byId } from "./dom.js";

const theme = byId("theme");
const systemDark = matchMedia("(prefers-color-scheme: dark)");

function stored() {
  try {
    return localStorage.getItem("theme");
  } catch {
    return null;
  }
}

function paint(choice) {
  const dark = choice === null ? systemDark.matches : choice === "dark";
  if (choice === null) delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice;
  theme.setAttribute("aria-pressed", String(dark));
}

theme.addEventListener("click", () => {
  const choice = theme.getAttribute("aria-pressed") === "true" ? "light" : "dark";
  paint(choice);
  try {
    localStorage.setItem("theme", choice);
  } catch {
    // It holds until the page is left.
  }
});
systemDark.addEventListener("change", () => paint(stored()));
paint(stored());
