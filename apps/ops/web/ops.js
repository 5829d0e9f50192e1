// The panel's page: it draws the last minute, and what a tick adds to it.

import { io } from "/socket.io/brio.js";
import { $, count, h } from "/shell/dom.js";
import { Live } from "/shell/live.js";
import { Pass } from "/shell/pass.js";
import { figures, Minute, size } from "./minute.js";
import { Spark } from "./spark.js";

const OFTEN = 2000; // ms between two looks into an application

const minute = new Minute();
const cards = new Map(); // figure → its elements
const rows = new Map(); // application → its elements
const guests = new Map(); // application → a socket that looks on, so that its simulated people have somebody to act for
let simulated = false;
let chosen;
let looked = 0;
let frame = 0;

for (const figure of figures) {
  const value = h("span", { class: "value" }, "–");
  const spark = new Spark();
  cards.set(figure, { value, spark });
  $("[data-figures]").append(h("div", { class: "figure" }, h("h2", { class: "label" }, figure.name), value, spark.svg));
}

const live = new Live("/ops", new Pass());
const { socket } = live;

socket.on("history", (ticks) => {
  minute.begin(ticks);
  draw();
});
socket.on("tick", (tick) => {
  minute.add(tick);
  draw();
  if (chosen && Date.now() - looked > OFTEN) look(chosen);
});

socket.on("simulated", (on) => {
  simulated = on;
  for (const guest of guests.values()) if (on) guest.connect(); else guest.disconnect();
});

function lookOn(name) {
  if (guests.has(name) || name === "ops" || !simulated) return;
  const guest = io(`/${name}`);
  guest.on("probe", (answer) => answer());
  guests.set(name, guest);
}

async function look(name) {
  chosen = name;
  looked = Date.now();
  draw();
  try {
    const inside = await live.call("look", name);
    if (name === chosen) drawInside(inside);
  } catch {
    // What was seen last stays, and the next tick looks again.
  }
}

// ---- Drawing

function draw() {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    const { last } = minute;
    if (!last) return;
    for (const [figure, { value, spark }] of cards) {
      const [text, unit] = figure.say(figure.of(last));
      value.replaceChildren(text, " ", h("span", { class: "unit" }, unit));
      spark.draw(minute.series(figure.of));
    }
    for (const app of last.apps) {
      drawRow(app);
      lookOn(app.name);
    }
    if (!chosen) look(last.apps[0].name);
  });
}

function drawRow({ name, sockets, rooms, in: comes, out, median, slowest, late, slow }) {
  if (!rows.has(name)) {
    const cells = Object.fromEntries(["sockets", "rooms", "in", "out", "trip"].map((key) => [key, h("td", { class: key === "rooms" ? "number wide" : "number" })]));
    const spark = new Spark();
    const button = h("button", { class: "name", type: "button", onclick: () => look(name) }, name);
    const row = h("tr", null, h("td", null, button), cells.sockets, cells.rooms, cells.in, cells.out, h("td", { class: "wide" }, spark.svg), cells.trip);
    rows.set(name, { cells, spark, row, button });
    $("[data-apps]").append(row);
  }
  const { cells, spark, row, button } = rows.get(name);
  row.setAttribute("aria-selected", String(name === chosen));
  button.setAttribute("aria-pressed", String(name === chosen));
  cells.sockets.textContent = size(sockets);
  cells.rooms.textContent = size(rooms);
  cells.in.textContent = size(comes);
  cells.out.textContent = size(out);
  spark.draw(minute.series((tick) => tick.apps.find((app) => app.name === name)?.out ?? 0));
  const trouble = [late && `${late} late`, slow && `${slow} cut off`].filter(Boolean).join(", ");
  cells.trip.replaceChildren(median ? `${trip(median)} · ${trip(slowest)} ms` : "–", trouble && h("span", { class: "trouble" }, ` ${trouble}`));
}

function drawInside({ rooms, left }) {
  $("[data-inside-title]").textContent = chosen;
  const most = rooms[0]?.sockets ?? 1;
  const none = (text) => h("li", { class: "none" }, text);
  $("[data-rooms]").replaceChildren(
    ...rooms.map(({ name, sockets }) => {
      const bar = h("span", { class: "bar" });
      bar.style.width = `${(sockets / most) * 100}%`;
      return h("li", null, h("span", { title: name }, name), h("span", { class: "number" }, count(sockets, "socket")), bar);
    }),
    ...(rooms.length ? [] : [none("No rooms now.")]),
  );
  $("[data-left]").replaceChildren(
    ...left.map(({ reason, sockets }) => h("li", null, h("span", null, reason), h("span", { class: "number" }, size(sockets)))),
    ...(left.length ? [] : [none("Nobody has left yet.")]),
  );
}

const trip = (ms) => (ms < 10 ? ms.toFixed(1) : Math.round(ms));
