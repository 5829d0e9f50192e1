// The chat's page. What it knows is in Room and Outbox; this file is what happens when.

import { $, count, secret, store } from "/shell/dom.js";
import { Live } from "/shell/live.js";
import { ask, compose } from "./forms.js";
import { drawPeople, drawRooms } from "./lists.js";
import { Outbox } from "./outbox.js";
import { privateRoom, Room } from "./room.js";
import { Transcript } from "./transcript.js";

const OFTEN = 2000; // ms between two signs of typing
const TYPING = 4500; // ms that a sign of typing lasts

// The key makes all tabs of this browser one person. It is a secret: others see only what is derived from it.
const key = store.get("brio.chat.key") ?? secret();
store.set("brio.chat.key", key);

const rooms = new Map(); // name → Room
let listed = []; // the names of the public rooms, in order
let epoch = "";
let seen = {}; // private room → the newest message that was read
let me = { id: "", name: "" };
let current = room(wanted() ?? "foyer"); // the room that is looked at
let home = current.isPrivate ? room("foyer") : current; // the public room this tab is in
let present = { version: -1, count: 0, people: [] };
const typists = new Map(); // person → when their sign expires
let lastTyping = 0;

const live = new Live("/chat", (give) => give({ key, name: store.get("brio.chat.name") ?? "" }));
const { socket } = live;
const outbox = new Outbox(live, { sent: receive, changed: drawOutbox });
const transcript = new Transcript({ outbox: () => outbox, older, me: () => me });
transcript.show(current);

// ---- What comes

socket.on("welcome", async (greeting) => {
  if (greeting.epoch !== epoch) begin(greeting.epoch);
  present = { version: -1, count: 0, people: [] }; // its versions count anew with the server
  become(greeting.you);
  for (const { room: name, with: other, last } of greeting.private) {
    const conversation = room(name);
    conversation.seen ??= seen[name] ?? 0;
    Object.assign(conversation, { with: other, last });
  }
  listRooms(greeting.rooms);
  $("[data-simulated]").hidden = greeting.simulated === undefined;
  $("[data-simulate]").checked = greeting.simulated;
  if (greeting.refused && store.get("brio.chat.name")) askName(greeting.refused);
  await catchUp();
  outbox.flush();
});

socket.on("said", receive);
socket.on("rooms", listRooms);
socket.on("renamed", become);
socket.on("simulated", (on) => ($("[data-simulate]").checked = on));
socket.on("present", (state) => {
  if (state.room !== current.name || state.version < present.version) return;
  present = state;
  draw();
});
socket.on("typing", ({ room: name, from }) => {
  if (name !== current.name) return;
  typists.set(from.id, { name: from.name, until: Date.now() + TYPING });
  drawTyping();
});
socket.on("disconnect", () => {
  typists.clear();
  drawTyping();
  draw();
});

// receive takes a message from the server, and from the acknowledgement of one of ours.
function receive(message) {
  const target = room(message.room);
  if (message.to) {
    target.with = message.from.id === me.id ? message.to : message.from;
    target.seen ??= 0;
  }
  target.add(message);
  typists.delete(message.from.id);
  if (message.from.id === me.id) outbox.delivered(message.key);
  if (target === current) {
    transcript.update();
    drawTyping();
  }
  look();
}

function listRooms(infos) {
  listed = infos.map(({ name }) => name);
  for (const { name, people, last } of infos) {
    const each = room(name);
    each.people = people;
    each.last = Math.max(each.last, last);
  }
  look();
}

// ---- Rooms

function room(name) {
  if (!rooms.has(name)) rooms.set(name, new Room(name));
  return rooms.get(name);
}

// open asks for what is new in a room, and looks at it. The server may know it by a tidier name, or refuse.
async function open(name) {
  const page = await live.call("open", { room: name, epoch, since: rooms.get(name)?.known ?? 0 });
  current = room(page.room);
  if (!current.isPrivate) home = current;
  take(page);
  present = page.present ?? { version: -1, count: 2, people: [current.with, me].filter((each) => each.name) };
  typists.clear();
  drawTyping();
  draw();
  return page;
}

// enter turns the page to a room.
async function enter(name) {
  const page = await open(name);
  if (location.hash !== hash(current.name)) history.pushState(null, "", hash(current.name));
  view("talk");
  transcript.show(current);
  await more(page);
}

// catchUp gets what was missed, without turning the page. Where the room is gone, the first one will do.
async function catchUp() {
  const looked = current;
  try {
    if (looked !== home) await more(await open(home.name));
    const page = await open(looked.name);
    if (page.reset) transcript.show(current);
    else transcript.update();
    await more(page);
  } catch {
    if (socket.connected) await enter(listed[0]).catch(() => {});
  }
}

// more goes on asking while the server has more than fits a page.
async function more(page) {
  const target = current;
  while (page.newer && socket.connected && target === current) {
    page = await open(target.name);
    if (page.reset) transcript.redraw();
    else transcript.update();
  }
}

function take(page) {
  const target = room(page.room);
  target.take(page);
  for (const { from, key } of page.messages) if (from.id === me.id) outbox.delivered(key);
  look();
}

async function older() {
  const target = current;
  try {
    const page = await live.call("older", { room: target.name, before: target.messages[0].id });
    take(page);
    if (target === current) transcript.prepend();
  } catch {
    // The button is still there.
  }
}

async function writeTo(person) {
  const name = privateRoom(me.id, person.id);
  room(name).with ??= person;
  room(name).seen ??= 0;
  await enter(name).catch((err) => complainRoom(err.message));
  composer.elements.text.focus();
}

// look marks the newest as seen while the page is.
function look() {
  if (!document.hidden && current.messages.length) {
    current.seen = current.last;
    if (current.isPrivate) remember(current);
  }
  draw();
}

// remember keeps, for the next time the page is opened, how far a private conversation was read.
function remember({ name, seen: last }) {
  if (seen[name] === last) return;
  seen[name] = last;
  store.set("brio.chat.seen", JSON.stringify({ epoch, seen }));
}

// begin is for a server that counts anew.
function begin(now) {
  if (epoch) for (const each of rooms.values()) each.forget();
  epoch = now;
  const kept = JSON.parse(store.get("brio.chat.seen") ?? "{}");
  seen = kept.epoch === now ? kept.seen : {};
}

const hash = (name) => `#${encodeURIComponent(name)}`;

function wanted() {
  try {
    return decodeURIComponent(location.hash.slice(1)) || undefined;
  } catch {
    return undefined; // not of our making
  }
}

addEventListener("popstate", () => enter(wanted() ?? listed[0]).catch(() => {}));
document.addEventListener("visibilitychange", look);

// ---- Forms

const composer = compose({
  send(text) {
    outbox.add(current.name, text);
    transcript.toEnd();
    lastTyping = 0;
  },
  typing() {
    if (!socket.connected || Date.now() - lastTyping < OFTEN) return;
    lastTyping = Date.now();
    socket.volatile.emit("typing", { room: current.name });
  },
});

const nameForm = $("[data-name-form]");
const complainName = ask(nameForm, nameForm.elements.name, $("[data-name-error]"), async (name) => {
  const you = await live.call("rename", name);
  store.set("brio.chat.name", you.name);
  become(you);
  composer.elements.text.focus();
});
$("[data-rename]").addEventListener("click", () => askName());
$("[data-name-cancel]").addEventListener("click", () => become(me));

const add = $("[data-add]");
const complainRoom = ask(add, add.elements.room, $("[data-add-error]"), async (name) => {
  await enter(name);
  add.reset();
});

$("[data-simulate]").addEventListener("change", async ({ target }) => {
  await live.call("simulate", target.checked).catch(() => (target.checked = !target.checked));
});

for (const button of document.querySelectorAll("[data-show]")) {
  button.addEventListener("click", () => view(button.dataset.show));
}

// view turns a narrow page to one of its columns.
function view(name) {
  $(".chat").dataset.view = name;
  for (const button of document.querySelectorAll("[data-show]")) {
    button.setAttribute("aria-pressed", String(button.dataset.show === name));
  }
}

// become takes the name the server knows this person by, or asks for one.
function become(you) {
  me = you;
  if (!me.name) return askName();
  nameForm.hidden = true;
  composer.hidden = false;
  draw();
}

function askName(refused) {
  $("label", nameForm).textContent = me.name ? "Change your name" : "Choose a name to join in";
  nameForm.elements.name.value = me.name || (store.get("brio.chat.name") ?? "");
  $("[data-name-cancel]").hidden = !me.name;
  nameForm.hidden = false;
  composer.hidden = true;
  complainName(refused);
  view("talk");
  if (me.name) nameForm.elements.name.select();
  draw();
}

// ---- Drawing

function draw() {
  const conversations = [...rooms.values()].filter((each) => each.isPrivate && each.with);
  const open = (name) => enter(name).catch((err) => complainRoom(err.message));
  drawRooms(listed.map(room), conversations, current, open);
  drawPeople(present, me, writeTo);

  const title = current.isPrivate ? current.with?.name ?? "…" : current.name;
  document.title = `${title} · chat · brio`;
  $("[data-title]").textContent = title;
  $("[data-views-title]").textContent = title;
  $("[data-people-label]").textContent = current.isPrivate ? "In this conversation" : socket.connected ? "Here now" : "Last seen here";
  $("[data-about]").textContent = current.isPrivate ? "only you two see this" : count(present.count, "person", "people");
  composer.elements.text.placeholder = current.isPrivate ? `Write to ${title} alone` : `Write to everybody in ${title}`;

  $("[data-you]").hidden = !me.name;
  $("[data-you-name]").textContent = me.name;
  $("[data-you-face]").textContent = [...me.name.toUpperCase()][0] ?? "";
}

function drawOutbox() {
  live.unsent = outbox.unsent;
  transcript.update();
}

let typingTimer;

function drawTyping() {
  clearTimeout(typingTimer);
  const now = Date.now();
  for (const [id, { until }] of typists) if (until <= now) typists.delete(id);
  const names = [...typists.values()].map(({ name }) => name);
  $("[data-typing]").textContent =
    names.length === 0 ? "" : names.length < 3 ? `${names.join(" and ")} ${names.length === 1 ? "is" : "are"} typing` : `${names.length} people are typing`;
  if (names.length) typingTimer = setTimeout(drawTyping, Math.min(...[...typists.values()].map(({ until }) => until)) - now);
}
