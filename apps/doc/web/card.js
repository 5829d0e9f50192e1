// The document's card on the start page: the text as it is written, a bar for each word, as wide as the word. The word
// that changed last is lit, and cursors stand where people are.

import { count, s } from "/shell/dom.js";
import { Copy } from "./copy.js";
import { move, units } from "./ot.js";

const LINE = 20; // px
const LETTER = 3.6;
const LEFT = 24;
const ROWS = 9;

export function draw(live, { drawing, facts }) {
  const { socket } = live;
  const svg = s("svg", { width: "100%", height: "100%" });
  const letters = s("g", { fill: "color-mix(in srgb, var(--edge) 36%, var(--paper))" });
  const marks = s("g", { fill: "var(--accent)" });
  svg.append(letters, marks);
  drawing.append(svg);
  const copy = new Copy("minutes", "card", () => {});
  const carets = new Map();
  let last = "";
  let drawn = true;

  socket.on("connect", () => live.call("open", { doc: copy.name, client: "card", revision: copy.revision, epoch: copy.epoch }).catch(() => {}));
  socket.on("disconnect", () => (copy.opened = false));
  socket.on("opened", (state) => {
    copy.open(state);
    carets.clear();
    for (const [client, { selection }] of Object.entries(state.people)) carets.set(client, selection[1]);
    soon();
  });
  socket.on("edited", (change) => {
    if (!copy.opened) return;
    const operation = change.operation && copy.receive(change);
    if (operation) for (const [client, at] of carets) carets.set(client, move(operation, at));
    if (operation) last = change.client;
    if (change.gone) carets.delete(change.client);
    else carets.set(change.client, change.selection[1]);
    soon();
  });

  function soon() {
    if (!drawn) return;
    drawn = false;
    requestAnimationFrame(paint);
  }

  function paint() {
    drawn = true;
    const columns = Math.max(20, Math.floor((drawing.clientWidth - 2 * LEFT) / LETTER));
    const { words, at } = layOut(copy.text, columns);
    const now = carets.has(last) ? units(copy.text, carets.get(last)) : -1;
    const rowOf = (place) => at(place)[0];
    const first = Math.max(0, (now < 0 ? rowOf(copy.text.length) : rowOf(now)) - ROWS + 2);
    const y = (row) => 24 + (row - first) * LINE;
    const shown = ([row]) => row >= first && row < first + ROWS;
    const newest = words.findLast(({ from }) => from < now);
    const bars = words.filter(({ row }) => shown([row])).map((word) => {
      const { row, column, length } = word;
      return s("rect", { x: LEFT + column * LETTER, y: y(row), width: Math.max(2, length * LETTER - 2), height: 8, rx: 4, fill: word === newest && "var(--accent)" });
    });
    letters.replaceChildren(...bars);
    const places = [...carets.values()].map((caret) => at(units(copy.text, caret))).filter(shown);
    marks.replaceChildren(...places.map(([row, column]) => s("rect", { x: LEFT + column * LETTER - 1, y: y(row) - 4, width: 1.5, height: 16 })));
    facts.textContent = [count(carets.size, "person", "people"), count(copy.text.split(/\s+/).filter(Boolean).length, "word"), `revision ${copy.revision}`].join(" · ");
  }
}

// layOut breaks a text into rows of words, and tells in which row and column a place of it is.
function layOut(text, columns) {
  const words = [];
  let [row, column] = [0, 0];
  for (const { 0: part, index } of text.matchAll(/\n|[^\S\n]+|\S+/g)) {
    if (part === "\n") [row, column] = [row + 1, 0];
    else {
      if (column + part.length > columns && part.trim()) [row, column] = [row + 1, 0];
      if (part.trim()) words.push({ row, column, length: Math.min(part.length, columns), from: index });
      column += part.length;
    }
  }
  const at = (place) => {
    const before = words.findLast(({ from }) => from < place);
    const breaks = before ? text.slice(before.from, place).split("\n").length - 1 : text.slice(0, place).split("\n").length - 1;
    if (!before) return [breaks, 0];
    return breaks ? [before.row + breaks, 0] : [before.row, before.column + place - before.from];
  };
  return { words, at };
}
