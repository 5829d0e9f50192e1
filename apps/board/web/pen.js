// The pen: what pointers and keys on the paper come to. It knows the tools, and asks the page to edit.

import { secret } from "/shell/dom.js";
import { bounds, find, fit, HEIGHT, moved, touches, WIDTH } from "./paint.js";

const NAMES = { stroke: "stroke", line: "line", arrow: "arrow", rect: "rectangle", ellipse: "ellipse", text: "text" };
const STEP = 20; // of the crosshair; with Shift a fifth of it
const MOST = 30000; // points that are moved at once
const REST = 400; // ms after the last arrow key until what it has moved is sent

export class Pen {
  tool = "stroke";
  color = "ink";
  width = 4;
  draft; // the object that is being drawn
  crosshair; // where the keyboard draws; none while a pointer does
  selected = new Set(); // IDs
  shift = [0, 0]; // how far what is selected is being moved
  doomed = new Set(); // IDs of what the eraser has touched
  marquee; // a box that selects what is in it: left, top, right, bottom
  #page;
  #canvas;
  #most; // points of a stroke
  #pointers = new Map(); // the fingers on the paper
  #last; // the last position of the pointer that draws, and when
  #doing; // draw, move, erase, box, pan or pinch
  #keys; // a timer: what arrow keys have moved is sent when it ends

  // page: { objects(), view, edit(edit), hint(at, object, from), write(at), say(words), complain(words), changed(), most }
  constructor(canvas, page) {
    this.#canvas = canvas;
    this.#page = page;
    this.#most = page.most;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#up(event));
    canvas.addEventListener("pointercancel", (event) => this.#up(event));
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("focus", () => {
      if (!canvas.matches(":focus-visible") || this.crosshair) return;
      this.crosshair = [WIDTH / 2, HEIGHT / 2];
      page.changed();
    });
    canvas.addEventListener("blur", () => this.#hide());
  }

  choose(tool) {
    this.give();
    this.tool = tool;
    if (tool !== "select") this.selected.clear();
    this.#page.changed();
  }

  // give gives up what has been begun.
  give() {
    this.#send();
    this.draft = this.marquee = this.#doing = undefined;
    this.doomed.clear();
    this.#page.changed();
  }

  // ---- Pointers

  #down(event) {
    if (event.button > 1) return;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, event);
    this.crosshair = undefined;
    if (this.#pointers.size === 2) {
      if (this.#doing === "draw" && (this.draft?.points.length ?? 0) > 12) return; // the palm of who draws
      this.draft = this.marquee = undefined;
      this.shift = [0, 0];
      this.doomed.clear();
      this.#doing = "pinch";
      this.#page.changed();
      return;
    }
    if (this.#pointers.size > 2) return;
    if (event.button === 1 || event.altKey) this.#doing = "pan";
    else this.#begin(this.#at(event), event);
    this.#page.changed();
  }

  #begin(at, event) {
    this.#last = { x: at[0], y: at[1], time: event.timeStamp, speed: 0 };
    const { objects } = this.#page;
    if (this.tool === "text") {
      event.preventDefault?.(); // or the focus goes to the paper again
      return this.#page.write(at);
    }
    if (this.tool === "select") {
      const object = find(objects(), ...at, this.#near);
      if (!event.shiftKey && !(object && this.selected.has(object.id))) this.selected.clear();
      if (object) this.selected.add(object.id);
      this.#doing = object ? "move" : "box";
      this.marquee = object ? undefined : [...at, ...at];
      this.from = at;
      return;
    }
    if (this.tool === "erase") {
      this.#doing = "erase";
      return this.#rub(at);
    }
    this.#doing = "draw";
    const first = [...at, this.tool === "stroke" ? this.#wide(event, 0) : 0];
    this.draft = this.#object(this.tool === "stroke" ? [first] : [first, [...first]]);
    this.told = 0;
  }

  #move(event) {
    const before = this.#pointers.get(event.pointerId);
    if (this.#doing === "pinch" || this.#doing === "pan") {
      if (before) this.#pinch(event, before);
      return;
    }
    const at = this.#at(event);
    if (!before || this.#pointers.keys().next().value !== event.pointerId) {
      this.#page.hint(at); // it only points
      return;
    }
    if (this.#doing === "draw") this.#draw(event);
    if (this.#doing === "erase") this.#rub(at);
    if (this.#doing === "move") this.#shift([at[0] - this.from[0], at[1] - this.from[1]]);
    if (this.#doing === "box") this.marquee = [Math.min(at[0], this.from[0]), Math.min(at[1], this.from[1]), Math.max(at[0], this.from[0]), Math.max(at[1], this.from[1])];
    this.#page.hint(at, ...this.#news());
    this.#page.changed();
  }

  #up(event) {
    this.#pointers.delete(event.pointerId);
    const doing = this.#doing;
    if (doing === "pinch" && this.#pointers.size) return;
    this.#doing = undefined;
    if (doing === "draw") this.#finish();
    if (doing === "erase" && this.doomed.size) this.#page.edit({ drop: [...this.doomed] });
    if (doing === "move") this.#send();
    if (doing === "box") this.#pick(this.marquee);
    this.doomed.clear();
    this.marquee = undefined;
    this.#page.changed();
  }

  #draw(event) {
    if (this.tool !== "stroke") {
      const at = this.#at(event);
      this.draft.points[1] = [...(event.shiftKey ? this.#even(at) : at), 0];
      return;
    }
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) {
      const [x, y] = this.#at(each);
      const way = Math.hypot(x - this.#last.x, y - this.#last.y);
      if (way < 3) continue;
      const speed = way / Math.max(1, each.timeStamp - this.#last.time);
      this.#last = { x, y, time: each.timeStamp, speed: this.#last.speed * 0.7 + speed * 0.3 };
      this.draft.points.push([x, y, this.#wide(each, this.#last.speed)]);
      if (this.draft.points.length < this.#most) continue;
      const last = this.draft.points.at(-1);
      this.#finish();
      this.draft = this.#object([last]); // a long stroke is several objects
      this.told = 0;
    }
  }

  // finish sends what has been drawn.
  #finish() {
    const { draft } = this;
    this.draft = undefined;
    if (!draft) return;
    const [left, top, right, bottom] = bounds(draft);
    if (draft.kind !== "stroke" && right - left < 4 && bottom - top < 4) return; // a click, not a shape
    if (draft.kind === "stroke") draft.points.at(-1)[2] = Math.max(8, Math.round(draft.points.at(-1)[2] * 0.6));
    this.#page.edit({ put: [draft] });
    this.#page.say(`${NAMES[draft.kind]} drawn`);
  }

  // wide is how wide a stroke is, in tenths: by the pressure of a pen, or else by the speed.
  #wide(event, speed) {
    const factor = event.pointerType === "pen" && event.pressure ? 0.4 + 1.2 * event.pressure : 1.2 - Math.min(0.6, speed / 4);
    return Math.max(8, Math.min(200, Math.round(this.width * 10 * factor)));
  }

  // even makes squares, circles, and lines in steps of 45 degrees.
  #even([x, y]) {
    const [[ox, oy]] = this.draft.points;
    const [dx, dy] = [x - ox, y - oy];
    const side = Math.max(Math.abs(dx), Math.abs(dy));
    const lean = this.tool === "line" || this.tool === "arrow";
    const to = [lean && Math.abs(dx) < side / 2.4 ? 0 : Math.sign(dx) * side, lean && Math.abs(dy) < side / 2.4 ? 0 : Math.sign(dy) * side];
    return clamp([ox + to[0], oy + to[1]]);
  }

  #rub(at) {
    for (const object of this.#page.objects()) if (touches(object, ...at, this.#near)) this.doomed.add(object.id);
  }

  #pick([left, top, right, bottom]) {
    for (const object of this.#page.objects()) {
      const [l, t, r, b] = bounds(object);
      if (l >= left && r <= right && t >= top && b <= bottom) this.selected.add(object.id);
    }
    if (this.selected.size) this.#page.say(`${this.selected.size} selected`);
  }

  #pinch(event, before) {
    const { view } = this.#page;
    const [first, second] = this.#pointers.values();
    this.#pointers.set(event.pointerId, event);
    if (!second) return view.pan(event.clientX - before.clientX, event.clientY - before.clientY);
    const other = before === first ? second : first;
    const span = (a, b) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) || 1;
    const box = this.#canvas.getBoundingClientRect();
    view.pan((event.clientX - before.clientX) / 2, (event.clientY - before.clientY) / 2);
    view.zoom(span(event, other) / span(before, other), (event.clientX + other.clientX) / 2 - box.left, (event.clientY + other.clientY) / 2 - box.top);
  }

  // ---- Keys

  #key(event) {
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const { key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (arrows[key]) {
      const step = event.shiftKey ? STEP / 5 : STEP;
      this.#arrow(arrows[key].map((d) => d * step));
    } else if (key === "Enter" || key === " ") this.#enter(event);
    else if (key === "Escape") {
      this.selected.clear();
      this.give();
    } else if ((key === "Delete" || key === "Backspace") && this.selected.size) {
      this.#page.edit({ drop: [...this.selected] });
      this.#page.say(`${this.selected.size} erased`);
      this.selected.clear();
    } else if ((key === "[" || key === "]") && this.tool === "select") this.#step(key === "]" ? 1 : -1);
    else return;
    event.preventDefault();
    this.#page.changed();
  }

  #arrow(by) {
    if (this.tool === "select" && this.selected.size && !this.marquee) {
      this.#shift([this.shift[0] + by[0], this.shift[1] + by[1]]);
      clearTimeout(this.#keys);
      this.#keys = setTimeout(() => this.#send(), REST);
      return;
    }
    this.crosshair = clamp([(this.crosshair?.[0] ?? WIDTH / 2) + by[0], (this.crosshair?.[1] ?? HEIGHT / 2) + by[1]]);
    this.#page.view.reveal(this.crosshair);
    if (this.draft?.kind === "stroke") this.draft.points.push([...this.crosshair, this.width * 10]);
    else if (this.draft) this.draft.points[1] = [...this.crosshair, 0];
    if (this.draft?.points.length >= this.#most) this.#finish();
    this.#page.hint(this.crosshair, ...this.#news());
  }

  #enter(event) {
    this.crosshair ??= [WIDTH / 2, HEIGHT / 2];
    const at = this.crosshair;
    if (this.draft) return this.#finish();
    this.#begin(at, event);
    if (this.tool === "select") {
      this.marquee = undefined;
      this.#page.say(this.selected.size ? this.#describe() : "Nothing is here.");
    } else if (this.tool === "erase") {
      if (this.doomed.size) this.#page.edit({ drop: [...this.doomed] });
      this.#page.say(this.doomed.size ? `${this.doomed.size} erased` : "Nothing is here.");
      this.doomed.clear();
    } else if (this.draft) this.#page.say(`${NAMES[this.tool]} begun at ${at.join(", ")}`);
    this.#doing = undefined;
  }

  // step selects the object after, or before, the one that is.
  #step(by) {
    const objects = this.#page.objects();
    if (!objects.length) return;
    this.#send();
    const now = objects.findIndex(({ id }) => this.selected.has(id));
    const next = objects[(Math.max(now, by > 0 ? -1 : 0) + by + objects.length) % objects.length];
    this.selected = new Set([next.id]);
    this.#page.view.reveal(next.points[0]);
    this.#page.say(this.#describe());
  }

  #describe() {
    const objects = this.#page.objects();
    const i = objects.findIndex(({ id }) => this.selected.has(id));
    const { kind, text, by } = objects[i];
    return `${NAMES[kind]}${text ? ` “${text}”` : ""}${by?.name ? ` by ${by.name}` : ""}, ${i + 1} of ${objects.length}`;
  }

  // ---- What both do

  #shift(by) {
    this.shift = fit(this.#chosen(), by);
  }

  // send sends how far what is selected has been moved.
  #send() {
    clearTimeout(this.#keys);
    const by = this.shift;
    this.shift = [0, 0];
    const put = this.#chosen().map((object) => moved(plain(object), by));
    if (!put.length || (!by[0] && !by[1])) return;
    if (put.reduce((sum, { points }) => sum + points.length, 0) > MOST) return this.#page.complain("This is too much to move at once. Select less.");
    this.#page.edit({ put });
    this.#page.say(`moved by ${by.join(", ")}`);
  }

  #chosen() {
    return this.#page.objects().filter(({ id }) => this.selected.has(id));
  }

  // news is what others do not know yet of what is being drawn or moved: an object, and where its points begin.
  #news() {
    if (this.draft) return [this.draft, this.draft.kind === "stroke" ? this.told : 0];
    const [object, another] = this.#doing === "move" || this.shift.some(Boolean) ? this.#chosen() : [];
    return object && !another ? [moved(plain(object), this.shift), 0] : [];
  }

  #object(points) {
    return { id: secret(), kind: this.tool, color: this.color, width: this.width, points };
  }

  #at = (event) => clamp(this.#page.view.toPaper(event));

  get #near() {
    return 8 / this.#page.view.scale;
  }

  #hide() {
    this.crosshair = undefined;
    if (this.draft && !this.#pointers.size) this.give();
    this.#page.changed();
  }
}

// plain is an object as the server knows it.
const plain = ({ waiting, z, ...object }) => ({ ...object, z: Number.isFinite(z) ? z : 0 });

const clamp = ([x, y]) => [Math.round(Math.max(0, Math.min(WIDTH, x))), Math.round(Math.max(0, Math.min(HEIGHT, y)))];
