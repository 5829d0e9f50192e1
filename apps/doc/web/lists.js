// The lists at the sides: the documents, and who has this one open.

import { $, h } from "/shell/dom.js";

// drawDocuments draws the documents. open is called with the one that was chosen.
export function drawDocuments(names, current, open) {
  const entry = (name) =>
    h("button", { class: "entry", type: "button", "data-key": name, "aria-current": name === current && "true", onclick: () => open(name) }, h("bdi", { class: "entry-name" }, name));
  redraw($("[data-documents]"), (names.includes(current) ? names : [...names, current]).map(entry));
}

// drawPeople draws people with what there is to say of each: { client, name, simulated, you, more, lively }.
export function drawPeople(people) {
  const entry = ({ client, name, simulated, you, more, lively }) =>
    h(
      "div",
      { class: `entry${lively ? " is-lively" : ""}`, "data-key": client },
      h("span", { class: `face${you ? " is-you" : ""}${simulated ? " is-simulated" : ""}`, "aria-hidden": "true" }, [...name.toUpperCase()][0] ?? "?"),
      h("bdi", { class: "entry-name" }, name),
      simulated && h("span", { class: "visually-hidden" }, "simulated"),
      h("span", { class: "entry-more" }, more),
    );
  redraw($("[data-people]"), people.map(entry));
}

// redraw changes in a list what has changed and leaves the rest alone: what is being pressed, or has the focus, must not
// be taken away.
function redraw(list, entries) {
  const held = new Map([...list.children].map((line) => [line.firstElementChild.dataset.key, line]));
  const focused = list.contains(document.activeElement) && document.activeElement.dataset.key;
  const lines = entries.map((entry) => {
    const line = h("li", null, entry);
    const old = held.get(entry.dataset.key);
    return old?.isEqualNode(line) ? old : line;
  });
  lines.forEach((line, i) => list.children[i] !== line && list.insertBefore(line, list.children[i] ?? null));
  while (list.childElementCount > lines.length) list.lastElementChild.remove();
  if (focused) lines.find(({ firstElementChild }) => firstElementChild.dataset.key === focused)?.firstElementChild.focus();
}
