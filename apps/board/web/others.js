// Others: their cursors, and what they are drawing right now. All of it comes in volatile hints and is soon forgotten.

import { h, s } from "/shell/dom.js";

const IDLE = 8000; // ms until somebody who does not point any more is not shown
const STALE = 4000; // ms until a draft that nothing came of is forgotten

export class Others {
  people = new Map(); // ID → { who, at, time, element, draft }
  #layer;
  #changed;
  #listed;
  #clock;

  // changed is called when a draft has changed, listed when people have come or gone.
  constructor(layer, { changed, listed }) {
    this.#layer = layer;
    this.#changed = changed;
    this.#listed = listed;
    this.#clock = setInterval(() => this.#forget(), 1000);
  }

  hint({ who, at, object, from }, view) {
    let other = this.people.get(who.id);
    if (!other) {
      other = { who, element: cursor(who) };
      this.#layer.append(other.element);
      this.people.set(who.id, other);
      this.#listed();
    }
    other.at = at;
    other.time = performance.now();
    if (object) {
      const begun = other.draft?.object.id === object.id ? other.draft : { object: { ...object, points: [] }, shown: 0 };
      const points = [...begun.object.points.slice(0, from), ...object.points];
      other.draft = { object: { ...object, points }, shown: from === 0 && begun.shown ? points.length : begun.shown, time: other.time };
      this.#changed();
    }
    this.#place(other, view);
  }

  // drafts returns what is being drawn, as much of it as is shown by now, and whether there is more to show. Strokes
  // are let out bit by bit, so that a pen moves evenly though its points come in batches.
  drafts() {
    let more = false;
    const objects = [];
    for (const { draft } of this.people.values()) {
      if (!draft) continue;
      const { object } = draft;
      const total = object.kind === "stroke" ? object.points.length : 1;
      draft.shown = Math.min(total, draft.shown + Math.max(0.4, (total - draft.shown) / 10));
      more ||= draft.shown < total;
      objects.push(object.kind === "stroke" ? { ...object, points: object.points.slice(0, Math.max(1, Math.floor(draft.shown))) } : object);
    }
    return { objects, more };
  }

  // settled forgets drafts of objects that have been drawn, moved or erased.
  settled(ids) {
    for (const other of this.people.values()) if (other.draft && ids.has(other.draft.object.id)) other.draft = undefined;
  }

  gone(id) {
    this.people.get(id)?.element.remove();
    if (this.people.delete(id)) this.#listed();
    this.#changed();
  }

  clear() {
    for (const id of [...this.people.keys()]) this.gone(id);
  }

  place(view) {
    for (const other of this.people.values()) this.#place(other, view);
  }

  #place({ element, at }, view) {
    const [x, y] = view.toStage(at);
    element.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }

  #forget() {
    const now = performance.now();
    for (const [id, other] of this.people) {
      const idle = now - other.time;
      if (idle > IDLE) this.gone(id);
      else if (other.draft && now - other.draft.time > STALE) {
        other.draft = undefined;
        this.#changed();
      }
    }
  }
}

function cursor({ name, role }) {
  return h(
    "div",
    { class: `cursor${role === "simulated" ? " is-simulated" : ""}` },
    s("svg", { viewBox: "0 0 16 16" }, s("path", { d: "M1 1l13 6-5.500 1.800L6.500 14z" })),
    h("span", null, name),
  );
}
