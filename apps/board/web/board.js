// The page of the whiteboard. What is on a board is in Model and Outbox, what the hand does in Pen; this file joins them
// to the server and draws.

import { $, count, h, secret, store } from "/shell/dom.js";
import { Live } from "/shell/live.js";
import { Pass } from "/shell/pass.js";
import { Model } from "./model.js";
import { Others } from "./others.js";
import { Outbox } from "./outbox.js";
import { bounds, draw, HEIGHT, INKS, moved, palette, paper, WIDTH } from "./paint.js";
import { Pen } from "./pen.js";
import { View } from "./view.js";

const OFTEN = 80; // ms between two hints
const ALIVE = 3000; // ms between two when nothing moves
const FIRST = "studio";
const WIDTHS = { 2: "thin", 4: "medium", 8: "thick" };
const MOST = 200; // points of a stroke

const pass = new Pass("visitor");
const live = new Live("/board", pass);
const { socket } = live;
const model = new Model();
const stage = $("[data-stage]");
const over = $("[data-over]");
const layers = [$("[data-paper]"), over].map((canvas) => canvas.getContext("2d"));
const colors = palette(() => all());
const view = new View(stage, () => {
  others?.place(view);
  all();
});
const others = new Others($("[data-cursors]"), { changed: () => all(), listed: list });
const outbox = new Outbox(live, { changed: waits, refused });
let objects = []; // as they are seen
let cancelled = []; // edits that were undone before they were sent
let wanted = hash();
let me = { id: "" };
pass.onChange((person) => (me = person));

const pen = new Pen(over, { objects: () => objects, view, edit, hint, write, say, complain: notice, changed: () => all(), most: MOST });

// ---- What comes

socket.on("connect", open);
socket.on("board", (snapshot) => {
  if (snapshot.board !== model.name) {
    pen.selected.clear();
    others.clear();
  }
  model.show(snapshot);
  wanted = model.name;
  if (hash() !== wanted) history.replaceState(null, "", `#${encodeURIComponent(wanted)}`);
  $("[data-name]").textContent = wanted;
  document.title = `${wanted} · board · brio`;
  see();
  outbox.flush();
  alive();
});
socket.on("delta", (delta) => {
  if (!model.take(delta)) return open();
  others.settled(new Set([...(delta.put ?? []).map(({ id }) => id), ...(delta.drop ?? [])]));
  outbox.done(delta.key);
  see();
});
socket.on("hint", (hint) => hint.who.id !== me.id && others.hint(hint, view));
socket.on("simulated", (on) => {
  if (!on) for (const [id, { who }] of others.people) if (who.role === "simulated") others.gone(id);
});
socket.on("disconnect", () => {
  others.clear();
  outbox.broken();
});

// open goes to the board that is wanted; where that is refused, it stays where it was.
async function open() {
  try {
    places(await live.call("open", wanted));
  } catch (err) {
    if (!socket.connected) return;
    notice(err.message);
    if (wanted === (model.name || FIRST)) return;
    wanted = model.name || FIRST;
    history.replaceState(null, "", `#${encodeURIComponent(wanted)}`);
    await open();
  }
}

function hash() {
  try {
    return decodeURIComponent(location.hash.slice(1)).trim().toLowerCase() || FIRST;
  } catch {
    return FIRST; // not of our making
  }
}

addEventListener("hashchange", () => {
  wanted = hash();
  if (wanted !== model.name && socket.connected) open();
});

// ---- What goes

function edit(edit) {
  cancelled = [];
  if (told) told = { at: told.at }; // what it was about is done
  outbox.add({ board: model.name || wanted, ...edit });
}

function undo() {
  pen.give();
  const taken = outbox.take();
  if (taken && !taken.do) cancelled.push(taken);
  else if (socket.connected || outbox.items.length) outbox.add({ board: model.name, do: "undo" });
  else notice("What was sent can be undone again when there is a connection.");
}

function redo() {
  const taken = cancelled.pop();
  if (taken) outbox.add(taken);
  else if (socket.connected) outbox.add({ board: model.name, do: "redo" });
  else notice("There is nothing to redo here. Try again when there is a connection.");
}

// hint says where one points, and what is new of what one draws.
let due;
let told;

function hint(at, object, from) {
  told = { at: at.map(Math.round), object, from };
  due ??= setTimeout(tell, OFTEN);
}

function tell() {
  due = undefined;
  if (!socket.connected || !told) return;
  const { at, object, from } = told;
  told = { at };
  if (object?.kind === "stroke" && object === pen.draft) {
    socket.volatile.emit("hint", { at, object: { ...object, points: object.points.slice(pen.told) }, from: pen.told });
    pen.told = object.points.length;
  } else socket.volatile.emit("hint", { at, ...(object && { object, from }) });
}

// alive tells others now and then that one is still there.
let pulse;

function alive() {
  clearTimeout(pulse);
  pulse = setTimeout(alive, ALIVE);
  if (document.hidden || due) return;
  told ??= { at: [40 + ([...me.id].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 0) % (WIDTH - 200)), HEIGHT - 20] }; // waiting at the edge
  tell();
}

function refused({ put }, why) {
  notice(put ? `Not drawn. ${why}` : why);
}

// ---- Drawing, at most once a frame

let frame;

function all() {
  frame ??= requestAnimationFrame(() => {
    frame = undefined;
    paint();
  });
}

function see() {
  objects = model.seen(outbox.items);
  const there = new Set(objects.map(({ id }) => id));
  for (const id of pen.selected) if (!there.has(id)) pen.selected.delete(id);
  $("[data-empty]").hidden = objects.length > 0 || model.version < 0;
  over.setAttribute("aria-label", `The paper, ${count(objects.length, "object")}`);
  all();
}

let painted = ""; // what the lower canvas shows: it is drawn anew only when that changes
let shown = [];

function paint() {
  const { objects: drafts, more } = others.drafts();
  const hidden = new Set([...drafts.map(({ id }) => id), ...pen.doomed, ...(pen.shift.some(Boolean) ? pen.selected : [])]);
  const size = [stage.clientWidth, stage.clientHeight, devicePixelRatio, view.scale, view.x, view.y, colors.ink];
  const now = [...size, ...hidden].join();
  if (now !== painted || shown !== objects) {
    painted = now;
    shown = objects;
    begin(layers[0]);
    paper(layers[0], colors, view.scale);
    for (const object of objects) if (!hidden.has(object.id)) draw(layers[0], object, colors, object.waiting);
  }
  begin(layers[1]);
  const [, context] = layers;
  for (const object of objects) {
    if (pen.doomed.has(object.id)) {
      context.globalAlpha = 0.2;
      draw(context, object, colors, true);
    } else if (hidden.has(object.id) && pen.selected.has(object.id)) draw(context, moved(object, pen.shift), colors);
  }
  for (const object of drafts) draw(context, object, colors);
  if (pen.draft) draw(context, { ...pen.draft, points: [...pen.draft.points] }, colors);
  marks(context);
  $("[data-scale]").textContent = `${Math.round(view.scale * 100)} %`;
  if (more) all();
}

// marks draws what only this page sees: what is selected, the box that selects, the crosshair.
function marks(context) {
  context.lineWidth = 1.5 / view.scale;
  context.strokeStyle = colors.ink;
  context.setLineDash([4 / view.scale, 4 / view.scale]);
  const gap = 6 / view.scale;
  for (const object of objects) {
    if (!pen.selected.has(object.id)) continue;
    const [left, top, right, bottom] = bounds(moved(object, pen.shift));
    context.strokeRect(left - gap, top - gap, right - left + 2 * gap, bottom - top + 2 * gap);
  }
  if (pen.marquee) {
    const [left, top, right, bottom] = pen.marquee;
    context.strokeRect(left, top, right - left, bottom - top);
  }
  context.setLineDash([]);
  if (!pen.crosshair) return;
  const [x, y] = pen.crosshair;
  const arm = 14 / view.scale;
  context.beginPath();
  context.moveTo(x - arm, y);
  context.lineTo(x + arm, y);
  context.moveTo(x, y - arm);
  context.lineTo(x, y + arm);
  context.stroke();
}

function begin(context) {
  const { canvas } = context;
  const [width, height] = [Math.round(stage.clientWidth * devicePixelRatio), Math.round(stage.clientHeight * devicePixelRatio)];
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const ratio = devicePixelRatio;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, width, height);
  context.setTransform(view.scale * ratio, 0, 0, view.scale * ratio, view.x * ratio, view.y * ratio);
}

// list shows who else is here: those whose cursors are.
function list() {
  const people = [...others.people.values()].map(({ who }) => who).sort((a, b) => (a.name < b.name ? -1 : 1));
  const faces = people.slice(0, 8).map(({ name, role }) => {
    const fake = role === "simulated";
    const words = fake ? `${name}, simulated` : name;
    return h("li", null, h("span", { class: `face${fake ? " is-simulated" : ""}`, title: words, "aria-hidden": "true" }, [...name.toUpperCase()][0]), h("span", { class: "visually-hidden" }, words));
  });
  if (people.length > 8) faces.push(h("li", { class: "more" }, `and ${people.length - 8} more`));
  $("[data-people]").replaceChildren(...faces);
}

function waits() {
  const n = outbox.items.filter(({ late }) => late).length;
  live.unsent = outbox.items.length;
  $("[data-waiting]").hidden = !n;
  $("[data-waiting]").textContent = `${count(n, "change")} waiting: kept here, and sent when the server answers again.`;
  see();
}

let quiet;

function notice(words) {
  clearTimeout(quiet);
  $("[data-notice]").hidden = false;
  $("[data-notice-words]").textContent = words;
  quiet = setTimeout(() => ($("[data-notice]").hidden = true), 8000);
}

function say(words) {
  $("[data-said]").textContent = words;
}

$("[data-notice-close]").addEventListener("click", () => ($("[data-notice]").hidden = true));

// ---- Tools

const press = (selector, on) => {
  for (const button of document.querySelectorAll(selector)) button.setAttribute("aria-pressed", String(on(button)));
};

function tool(name) {
  pen.choose(name);
  stage.dataset.tool = name;
  press("[data-tool][aria-pressed]", (button) => button.dataset.tool === name);
}

function color(name) {
  pen.color = name;
  store.set("brio.board.color", name);
  press("[data-color]", (button) => button.dataset.color === name);
}

function width(value) {
  pen.width = value;
  $("[data-width]").setAttribute("aria-label", `Width: ${WIDTHS[value]}`);
  $("[data-width-line]").style.strokeWidth = `${{ 2: 1, 4: 2.25, 8: 4.5 }[value]}px`;
}

const widen = () => width({ 2: 4, 4: 8, 8: 2 }[pen.width]);
const inks = Object.keys(INKS);
for (const button of document.querySelectorAll("button[data-tool]")) button.addEventListener("click", () => tool(button.dataset.tool));
for (const button of document.querySelectorAll("[data-color]")) {
  button.style.color = INKS[button.dataset.color];
  button.addEventListener("click", () => color(button.dataset.color));
}
$("[data-width]").addEventListener("click", widen);
tool("stroke");
color(inks.includes(store.get("brio.board.color")) ? store.get("brio.board.color") : "ink");
width(4);

for (const bar of document.querySelectorAll("[role=toolbar]")) {
  bar.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const buttons = [...bar.querySelectorAll("button")];
    buttons[(buttons.indexOf(document.activeElement) + by + buttons.length) % buttons.length].focus();
    event.preventDefault();
  });
}

$("[data-undo]").addEventListener("click", undo);
$("[data-redo]").addEventListener("click", redo);
for (const button of document.querySelectorAll("[data-zoom]")) {
  button.addEventListener("click", () => (button.dataset.zoom === "fit" ? view.fit(true) : view.zoom(button.dataset.zoom === "in" ? 1.25 : 0.8)));
}

addEventListener("keydown", (event) => {
  if (event.target.matches("input, textarea") || document.querySelector("dialog[open]")) return;
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    if (key === "z") event.shiftKey ? redo() : undo();
    else if (key === "y") redo();
    else return;
    return event.preventDefault();
  }
  if (event.altKey) return;
  const tools = { v: "select", p: "stroke", l: "line", a: "arrow", r: "rect", o: "ellipse", t: "text", e: "erase" };
  if (tools[key]) {
    tool(tools[key]);
    say(`${$(`button[data-tool="${tools[key]}"]`).getAttribute("aria-label")} chosen`);
  } else if (inks[key - 1]) color(inks[key - 1]);
  else if (key === "w") widen();
  else if (key === "+" || key === "=") view.zoom(1.25);
  else if (key === "-") view.zoom(0.8);
  else if (key === "0") view.fit(true);
});

// ---- Words on the board

const field = $("[data-label]");
let place; // where they go

function write(at) {
  place = at;
  const [x, y] = view.toStage(at);
  field.hidden = false;
  field.value = "";
  field.style.left = `${Math.max(8, Math.min(x, stage.clientWidth - 248))}px`;
  field.style.top = `${Math.max(8, Math.min(y - 10, stage.clientHeight - 48))}px`;
  setTimeout(() => field.focus());
}

function written(back) {
  if (field.hidden) return;
  const text = field.value.trim();
  field.hidden = true;
  if (text) edit({ put: [{ id: secret(), kind: "text", color: pen.color, width: pen.width, points: [[...place, 0]], text }] });
  if (back) over.focus();
}

field.addEventListener("keydown", (event) => {
  if (event.key === "Escape") field.value = "";
  if (event.key === "Enter" || event.key === "Escape") written(true);
});
field.addEventListener("blur", () => written(false));

// ---- Clear, export, other boards

const clear = $("[data-clear-dialog]");
$("[data-clear]").addEventListener("click", () => {
  $("[data-clear-words]").textContent = `${count(objects.length, "object")} on “${model.name}” would go, whoever drew them. You can undo it.`;
  clear.showModal();
});
$("[data-clear-no]").addEventListener("click", () => clear.close());
$("[data-clear-yes]").addEventListener("click", () => {
  clear.close();
  edit({ drop: objects.map(({ id }) => id) });
});

$("[data-export]").addEventListener("click", () => {
  const canvas = h("canvas", { width: WIDTH * 2, height: HEIGHT * 2 });
  const context = canvas.getContext("2d");
  context.scale(2, 2);
  context.fillStyle = colors.paper;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  for (const object of objects) draw(context, object, colors);
  canvas.toBlob((blob) => {
    const link = h("a", { href: URL.createObjectURL(blob), download: `${model.name}.png` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    say("Exported as PNG");
  });
});

const dialog = $("[data-places]");
const form = $("[data-place-form]");

function places(names) {
  const entry = (name) => h("button", { class: "entry", type: "button", "aria-current": name === model.name && "true", onclick: () => go(name) }, h("span", { class: "entry-name" }, name));
  $("[data-places-list]").replaceChildren(...names.map((name) => h("li", null, entry(name))));
}

async function go(name) {
  const complaint = $("[data-place-error]");
  try {
    const names = await live.call("open", name.trim().toLowerCase().replace(/^#/, "").replaceAll(" ", "-"));
    complaint.hidden = true;
    form.elements.place.removeAttribute("aria-invalid");
    dialog.close();
    places(names);
  } catch (err) {
    complaint.textContent = err.message;
    complaint.hidden = false;
    form.elements.place.setAttribute("aria-invalid", "true");
  }
}

$("[data-places-open]").addEventListener("click", async () => {
  form.reset();
  $("[data-place-error]").hidden = true;
  dialog.showModal();
  if (socket.connected) places(await live.call("open", model.name).catch(() => [model.name]));
});
$("[data-places-close]").addEventListener("click", () => dialog.close());
form.addEventListener("submit", (event) => {
  event.preventDefault();
  go(form.elements.place.value);
});

waits();
