// The fleet's page.

import { $, h, secret } from "/shell/dom.js";
import { Live } from "/shell/live.js";
import { Pass } from "/shell/pass.js";
import { inks, loadCity } from "./city.js";
import { CityMap } from "./map.js";
import { FREE, Traffic, drawVehicle, onePlay, place } from "./traffic.js";

const NEAR = 130; // metres within which a place gives its name
const SAID = ["Ordered", "Picked up", "On the way", "Delivered"];
const DELIVERED = 3;
const KEPT = 6; // orders in the list

const city = await loadCity().catch((err) => {
  $("[data-map-error]").textContent = err.message;
  $("[data-map-error]").hidden = false;
  throw err;
});
const live = new Live("/fleet", new Pass("visitor"));
const { socket } = live;
const traffic = new Traffic();
const orders = new Map(); // number → order, newest last
const chosen = { start: undefined, goal: undefined };
let followed; // the number of an order
let waiting; // an order that is not acknowledged
let tried; // the one sent last, unless it was acknowledged
onePlay(socket);

const map = new CityMap($("[data-map]"), city, traffic, { orders: mine, moved, picked, left: () => follow(undefined) });

// ---- The cells that are seen

let watched = "";
let asking = false;

// watch tells the server which cells are seen; while it answers, the next change waits.
async function watch() {
  const cells = map.cells();
  if (asking || !socket.connected || cells.join() === watched) return;
  asking = true;
  watched = cells.join();
  traffic.watch(cells);
  await live.call("watch", cells).catch(() => (watched = ""));
  asking = false;
  watch();
}

function moved() {
  const metres = [50, 100, 200, 500].findLast((length) => length * map.scale <= 110) ?? 50;
  $("[data-metres]").textContent = `${metres} m`;
  $("[data-bar]").style.width = `${metres * map.scale}px`;
  watch();
}

socket.on("connect", () => {
  traffic.forget();
  watched = "";
  asking = false;
  watch();
  if (waiting) send();
});
socket.on("cell", (frame) => traffic.take(frame, performance.now()));

// ---- Ordering

const form = $("[data-order]");
const stops = { start: $("[data-start]"), goal: $("[data-goal]") };
const refused = $("[data-order-error]");
for (const select of Object.values(stops)) {
  const places = [...city.places].sort((a, b) => a.name.localeCompare(b.name));
  select.append(...places.map(({ name }) => h("option", { value: name }, name)));
}

function nameOf({ x, y }) {
  const [near] = city.places.map((one) => ({ name: one.name, far: Math.hypot(one.x - x, one.y - y) })).sort((a, b) => a.far - b.far);
  const cell = city.cells[Math.floor(y / city.cell) * city.columns + Math.floor(x / city.cell)];
  return near.far < NEAR ? near.name : `a corner in ${cell}`;
}

function choose(end, point, value) {
  chosen[end] = point;
  const select = stops[end];
  $("[data-point]", select)?.remove();
  if (point && value === undefined) {
    select.append(h("option", { value: "point", "data-point": true }, nameOf(point)));
    value = "point";
  }
  select.value = value ?? "";
  map.chosen = { ...chosen };
  refused.hidden = true;
  $("[data-hint]").textContent = hint();
}

function hint() {
  if (waiting) return socket.connected ? "Ordering …" : "This order is sent when there is a connection.";
  if (chosen.start && chosen.goal) return "Ready to order.";
  return chosen.start ? "Now choose where it goes." : chosen.goal ? "Now choose where it is fetched." : "Choose in the lists, or click two places on the map.";
}

function picked(point) {
  if (waiting) return;
  const end = !chosen.start || chosen.goal ? "start" : "goal";
  if (end === "start" && chosen.start) choose("goal", undefined);
  choose(end, point);
  say(`${end === "start" ? "From" : "To"} ${nameOf(point)}. ${hint()}`);
}

for (const [end, select] of Object.entries(stops)) {
  select.addEventListener("change", () => {
    if (select.value !== "point") choose(end, city.places.find(({ name }) => name === select.value), select.value);
  });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (waiting) return;
  if (!chosen.start || !chosen.goal) return refuse("Choose where it is fetched and where it goes.");
  const [from, to] = [chosen.start, chosen.goal].map(({ x, y }) => ({ x, y }));
  const again = tried && JSON.stringify([tried.from, tried.to]) === JSON.stringify([from, to]);
  waiting = tried = { key: again ? tried.key : secret(), from, to }; // what was not answered may have arrived
  send();
});

// send sends an order until it is acknowledged or refused: after a break again, with the same key.
async function send() {
  const order = waiting;
  refused.hidden = true;
  live.unsent = 1;
  $("[data-hint]").textContent = hint();
  try {
    if (!socket.connected) return;
    take(await live.call("order", order));
    tried = undefined;
  } catch (err) {
    if (!socket.connected) return; // it is sent again
    refuse(err.message);
  }
  if (waiting !== order) return;
  waiting = undefined;
  live.unsent = 0;
  if (!refused.hidden) return ($("[data-hint]").textContent = hint());
  choose("start", undefined);
  choose("goal", undefined);
}

function refuse(words) {
  refused.textContent = words;
  refused.hidden = false;
}

// ---- One's orders

socket.on("orders", (list) => {
  orders.clear();
  for (const order of [...(list ?? [])].reverse()) orders.set(order.id, order);
  show();
});
socket.on("track", take);

function take(order) {
  const old = orders.get(order.id);
  if (old?.status > order.status) return; // the acknowledgement came later than what happened since
  orders.set(order.id, order);
  if (old?.status !== order.status) say(`${nameOf(order.from)} to ${nameOf(order.to)}: ${SAID[order.status]}.`);
  if (order.status === DELIVERED && followed === order.id) follow(undefined);
  show();
}

// mine is what the map draws of one's orders: the way of each vehicle begins where the vehicle is seen.
function mine(now) {
  return [...orders.values()].filter(({ status }) => status < DELIVERED).map((order) => {
    const at = seenAt(order, now);
    return { ...order, at, way: at ? [at, ...(order.way ?? []).slice(1)] : [] };
  });
}

function seenAt(order, now) {
  const vehicle = traffic.vehicles.get(order.vehicle);
  return vehicle && !vehicle.gone ? place(vehicle, now) : order.way?.[0];
}

function follow(id) {
  followed = id;
  map.follow(id === undefined ? undefined : (now) => seenAt(orders.get(id), now));
  show();
}

function show() {
  const list = [...orders.values()].slice(-KEPT).reverse();
  for (const { id, status } of orders.values()) {
    if (status === DELIVERED && orders.size > KEPT) orders.delete(id);
  }
  $("[data-none]").hidden = list.length > 0;
  const lines = $("[data-orders]");
  const known = new Map([...lines.children].map((line) => [line.dataset.id, line]));
  list.forEach((order, i) => {
    const line = known.get(String(order.id)) ?? draft(order);
    known.delete(String(order.id));
    fill(line, order);
    if (lines.children[i] !== line) lines.insertBefore(line, lines.children[i] ?? null);
  });
  for (const line of known.values()) line.remove();
}

const draft = ({ id, from, to }) =>
  h(
    "li",
    { "data-id": id },
    h("p", { class: "route" }, nameOf(from), h("span", null, " to "), nameOf(to)),
    h("div", { class: "steps", "aria-hidden": "true" }, ...SAID.map(() => h("i"))),
    h("div", { class: "line" }, h("p", { "data-status": true }), h("p", { class: "number", "data-eta": true })),
    h(
      "div",
      { class: "line", "data-more": true },
      h("p", { class: "note", "data-vehicle": true }),
      h("button", { class: "text-button", type: "button", onclick: () => follow(followed === id ? undefined : id) }, "Follow"),
    ),
  );

function fill(line, { id, status, vehicle, eta }) {
  line.classList.toggle("is-open", status < DELIVERED);
  [...$(".steps", line).children].forEach((step, i) => {
    step.className = i < status || status === DELIVERED ? "is-done" : i === status ? "is-done is-now" : "";
  });
  set($("[data-status]", line), SAID[status]);
  set($("[data-eta]", line), status < DELIVERED && vehicle ? minutes(eta) : "");
  $("[data-more]", line).hidden = status === DELIVERED;
  set($("[data-vehicle]", line), vehicle ? `Vehicle ${vehicle}` : "Waiting for a vehicle");
  const button = $("button", line);
  button.hidden = !vehicle;
  button.setAttribute("aria-pressed", String(followed === id));
  set(button, followed === id ? "Following" : "Follow");
}

const set = (element, text) => element.textContent !== text && (element.textContent = text);
const minutes = (seconds) => (seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`);

function say(words) {
  $("[data-said]").textContent = words;
}

// ---- Around the map

$("[data-in]").addEventListener("click", () => map.zoom(1.5));
$("[data-out]").addEventListener("click", () => map.zoom(1 / 1.5));
$("[data-whole]").addEventListener("click", () => map.whole());

function paintLegend() {
  const colours = inks(document.body);
  for (const canvas of document.querySelectorAll("[data-kind]")) {
    const context = canvas.getContext("2d");
    context.setTransform(2, 0, 0, 2, 0, 0);
    context.clearRect(0, 0, 22, 12);
    drawVehicle(context, colours, { status: Number(canvas.dataset.kind), angle: 0 }, 11, 6, 14);
  }
}
paintLegend();
new MutationObserver(paintLegend).observe(document.documentElement, { attributeFilter: ["data-theme"] });

setInterval(() => {
  const counts = { 2: 0, 0: 0, [FREE]: 0 };
  for (const { status } of traffic.present()) counts[status === 1 ? 2 : status]++;
  for (const number of document.querySelectorAll("[data-count]")) set(number, String(counts[number.dataset.count]));
}, 500);
