// The editor is a text area, so that keyboards, screen readers and phones know what to do. Behind it lies the same text
// once more, invisible, in which the cursors and selections of others are drawn where they are among the words; it also
// makes the text area as high as its text.

import { h } from "/shell/dom.js";
import { typed } from "./diff.js";
import { move, points, units } from "./ot.js";

const LIVELY = 2500; // ms for which a cursor that has moved is one that moves

export class Editor {
  #area;
  #mirror;
  #on;
  #text = "";
  #others = new Map(); // client → { name, selection, moved }
  #composing = false;
  #held = []; // what came while a character was composed
  #drawing = false;
  #timer;

  // on has edit, called with an operation and the text it makes; select, with a selection; undo and redo.
  constructor(area, mirror, on) {
    this.#area = area;
    this.#mirror = mirror;
    this.#on = on;
    area.addEventListener("input", () => this.#composing || this.#typed());
    area.addEventListener("beforeinput", (event) => this.#undoes(event, { historyUndo: "undo", historyRedo: "redo" }[event.inputType]));
    area.addEventListener("keydown", (event) => {
      const key = (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase();
      this.#undoes(event, key === "z" ? (event.shiftKey ? "redo" : "undo") : key === "y" ? "redo" : undefined);
    });
    area.addEventListener("compositionstart", () => (this.#composing = true));
    area.addEventListener("compositionend", () => {
      this.#composing = false;
      this.#typed();
      for (const change of this.#held.splice(0)) change();
    });
    document.addEventListener("selectionchange", () => document.activeElement === area && this.#on.select(this.selection));
    addEventListener("resize", () => this.draw());
  }

  // selection is where it began, and the caret, in code points.
  get selection() {
    const { value, selectionStart, selectionEnd, selectionDirection } = this.#area;
    const ends = [points(value, selectionStart), points(value, selectionEnd)];
    return selectionDirection === "backward" ? ends.reverse() : ends;
  }

  // show turns to another text.
  show(text) {
    this.#text = this.#area.value = text;
    this.#others.clear();
    this.draw();
  }

  // change makes a change of somebody else.
  change(operation) {
    this.#whenIdle(() => {
      const [from, to] = this.selection.map((at) => move(operation, at));
      this.#replace(operation);
      this.#select(from, to);
      for (const other of this.#others.values()) other.selection = other.selection.map((at) => move(operation, at));
      this.draw();
    });
  }

  // retrace makes a change of the person at the page that was not typed: undo and redo. The caret goes there.
  retrace(operation) {
    this.#whenIdle(() => {
      const at = this.#replace(operation);
      this.#area.focus();
      this.#select(at, at);
      for (const other of this.#others.values()) other.selection = other.selection.map((at) => move(operation, at));
      this.draw();
    });
  }

  // place shows where somebody is.
  place(client, name, selection) {
    this.#whenIdle(() => {
      const before = this.#others.get(client);
      const stays = before?.selection.every((at, i) => at === selection[i]);
      this.#others.set(client, { name, selection, moved: stays ? before.moved : before ? performance.now() : -LIVELY });
      this.draw();
    });
  }

  // leave takes away the cursors of all but some.
  leave(clients) {
    this.#whenIdle(() => {
      for (const client of this.#others.keys()) if (!clients.has(client)) this.#others.delete(client);
      this.draw();
    });
  }

  // lineOf is the number of the line somebody is at.
  lineOf(client) {
    const { selection } = this.#others.get(client) ?? {};
    return selection && this.#text.slice(0, units(this.#text, selection[1])).split("\n").length;
  }

  isLively(client) {
    return performance.now() - (this.#others.get(client)?.moved ?? -Infinity) < LIVELY;
  }

  // draw draws in the next frame.
  draw() {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.#draw();
    });
  }

  #whenIdle(change) {
    if (this.#composing) this.#held.push(change);
    else change();
  }

  #typed() {
    const { value, selectionStart, selectionEnd } = this.#area;
    const clean = value.toWellFormed().replace(/[^\P{Cc}\n\t]/gu, "");
    if (clean !== value) {
      this.#area.value = clean;
      const shift = value.length - clean.length;
      this.#area.setSelectionRange(selectionStart - shift, selectionEnd - shift);
    }
    if (clean === this.#text) return;
    const operation = typed(this.#text, clean, points(clean, this.#area.selectionEnd));
    this.#text = clean;
    for (const other of this.#others.values()) other.selection = other.selection.map((at) => move(operation, at));
    this.#on.edit(operation);
    this.draw();
  }

  #undoes(event, what) {
    if (!what) return;
    event.preventDefault();
    this.#on[what]();
  }

  // replace applies an operation to what is shown, and returns where it ends.
  #replace(operation) {
    let [at, end] = [0, 0]; // in UTF-16 units
    const { scrollTop } = this.#area;
    for (const { keep = 0, cut = 0, insert = "" } of operation) {
      if (keep) at += units(this.#text.slice(at), keep);
      else {
        const gone = units(this.#text.slice(at), cut);
        this.#area.setRangeText(insert, at, at + gone);
        this.#text = this.#text.slice(0, at) + insert + this.#text.slice(at + gone);
        end = at += insert.length;
      }
    }
    this.#area.scrollTop = scrollTop;
    return points(this.#text, end);
  }

  #select(from, to) {
    const [a, b] = [units(this.#text, from), units(this.#text, to)];
    this.#area.setSelectionRange(Math.min(a, b), Math.max(a, b), b < a ? "backward" : "forward");
  }

  #draw() {
    const now = performance.now();
    const marks = []; // [at, what happens there]
    const depth = new Map(); // how many carets stand at one place
    for (const [client, { name, selection, moved }] of this.#others) {
      const [a, b] = selection.map((at) => units(this.#text, at));
      const lively = now - moved < LIVELY;
      const nth = depth.get(b) ?? 0;
      depth.set(b, nth + 1);
      const caret = h("span", { class: `caret${lively ? " is-lively" : ""}`, "data-client": client }, h("bdi", { class: "flag", "data-nth": nth || null }, name));
      marks.push([b, caret]);
      if (a !== b) marks.push([Math.min(a, b), 1], [Math.max(a, b), -1]);
    }
    marks.sort((a, b) => a[0] - b[0]);
    const parts = [];
    let [at, selected] = [0, 0];
    const text = (to) => {
      if (to > at) parts.push(selected ? h("span", { class: "selected" }, this.#text.slice(at, to)) : this.#text.slice(at, to));
      at = to;
    };
    for (const [place, mark] of marks) {
      text(place);
      if (typeof mark === "number") selected += mark;
      else parts.push(mark);
    }
    text(this.#text.length);
    this.#mirror.replaceChildren(...parts, "\n\u200b"); // one line more, to write in
    for (const flag of this.#mirror.querySelectorAll(".flag")) {
      flag.classList.toggle("is-left", flag.parentElement.offsetLeft + flag.offsetWidth > this.#mirror.clientWidth);
    }
    clearTimeout(this.#timer);
    if ([...this.#others.values()].some(({ moved }) => now - moved < LIVELY)) this.#timer = setTimeout(() => this.draw(), 500);
    this.#on.drawn?.();
  }
}

