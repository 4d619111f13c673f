/* Elements and texts. Texts may come from anybody: they become text nodes and nothing else. */

export const byId = (id) => document.getElementById(id);

/** Controls, and marks that turn the direction of text around, as escapes. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]/gu;

export function clean(value) {
  const text = String(value).slice(0, 300);
  return text.replace(UNSEEN, (char) => `\\u{${char.codePointAt(0).toString(16)}}`);
}

export function element(tag, className = "", text = undefined) {
  const made = document.createElement(tag);
  if (className !== "") made.className = className;
  if (text !== undefined) made.textContent = clean(text);
  return made;
}

/** What has not changed is left alone, so that selections and screen readers are. */
export function setText(node, value) {
  const text = clean(value);
  if (node.textContent !== text) node.textContent = text;
}

export function setClass(node, name) {
  if (node.className !== name) node.className = name;
}
