// The chat's page. What it knows is in Room and Outbox; this file is what happens when.

import { $, count } from "/shell/dom.js";
import { Live } from "/shell/live.js";
import { Pass } from "/shell/pass.js";
import { ask, compose } from "./forms.js";
import { drawPeople, drawRooms } from "./lists.js";
import { Outbox } from "./outbox.js";
import { privateRoom, Room } from "./room.js";
import { Transcript } from "./transcript.js";

const OFTEN = 2000; // ms between two signs of typing
const TYPING = 4500; // ms that a sign of typing lasts
const GATHER = 250; // ms in which marks of what was read travel as one

const rooms = new Map(); // name → Room
let listed = []; // the names of the public rooms, in order
let me = { id: "", name: "" };
let current = room(wanted() ?? "foyer"); // the room that is looked at
let home = current.isPrivate ? room("foyer") : current; // the public room this tab is in
let people = []; // who are in the room that is looked at
const typists = new Map(); // person → when their sign expires
let lastTyping = 0;
let turns = 0; // of the page, to rooms

const pass = new Pass("visitor");
const live = new Live("/chat", pass);
const { socket } = live;
const outbox = new Outbox(live, { sent: receive, changed: drawOutbox });
const transcript = new Transcript({ outbox: () => outbox, older, me: () => me });
transcript.show(current);
pass.onChange((person) => {
  me = person;
  composer.hidden = false;
  draw();
});

// ---- What comes

socket.on("welcome", async (infos) => {
  const there = new Set(infos.map(({ name }) => name));
  for (const [name, each] of rooms) if (each.isPrivate && each !== current && !there.has(name)) rooms.delete(name);
  listRooms(infos);
  await catchUp();
  outbox.flush();
});

socket.on("said", receive);
socket.on("rooms", listRooms);
socket.on("present", (state) => {
  if (state.room !== current.name) return;
  people = state.people;
  draw();
});
socket.on("read", ({ room: name, from, upto }) => {
  const each = room(name);
  if (from.id === me.id) each.read = Math.max(each.read ?? 0, upto);
  else each.seen = Math.max(each.seen, upto);
  if (each === current) transcript.update();
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
  if (target.isPrivate && !target.with) meet(target);
  target.add(message);
  typists.delete(message.from.id);
  if (message.from.id !== me.id) target.seen = Math.max(target.seen, message.id); // who answers has read
  if (message.from.id === me.id) outbox.delivered(message.key);
  if (target === current) {
    transcript.update();
    drawTyping();
  }
  look();
}

// meet finds out whom a conversation is with that has just begun.
async function meet(target) {
  target.read ??= 0;
  take(await live.call("open", { room: target.name }).catch(() => undefined));
}

function listRooms(infos) {
  for (const info of infos) room(info.name).learn(info);
  listed = infos.map(({ name }) => name).filter((name) => !room(name).isPrivate);
  look();
}

// ---- Rooms

function room(name) {
  if (!rooms.has(name)) rooms.set(name, new Room(name));
  return rooms.get(name);
}

// load asks for what is new in a room, and takes it. The server may know it by a tidier name, or refuse.
async function load(name) {
  const wanted = room(name);
  const page = await live.call("open", { room: name, epoch: wanted.epoch, since: wanted.known });
  const target = room(page.room);
  if (target !== wanted && !wanted.loaded) rooms.delete(name);
  if (current === wanted) current = target;
  if (!target.isPrivate) home = target;
  take(page);
  if (target === current) arrive(page.people);
  return page;
}

// arrive shows who is in the room that is looked at.
function arrive(all) {
  people = all;
  typists.clear();
  drawTyping();
  draw();
}

// turnTo turns the page to a room: what is written from now on goes there.
function turnTo(target, all) {
  current = target;
  arrive(all);
  view("talk");
  transcript.show(current);
}

// enter turns the page to a room: to one that is known at once, to another when the server has let us in.
async function enter(name) {
  const turn = ++turns;
  const [before, were] = [current, people];
  const known = name.startsWith("@") || listed.includes(name);
  if (known) turnTo(room(name), []);
  else hold(true);
  try {
    const page = await load(name);
    if (turn !== turns) return; // elsewhere meanwhile
    turnTo(room(page.room), page.people);
    if (location.hash !== hash(current.name)) history.pushState(null, "", hash(current.name));
    await more(page);
  } catch (err) {
    const written = outbox.items.some((item) => item.room === name); // which says there why it is not sent
    if (turn === turns && known && !written) turnTo(before, were);
    throw err;
  } finally {
    if (turn === turns) hold(false);
  }
}

// hold keeps what is typed from going to the room that is left.
function hold(on) {
  composer.elements.text.readOnly = on;
  $("button", composer).disabled = on;
}

// catchUp gets what was missed, without turning the page. Where the room is gone, the first one will do.
async function catchUp() {
  const looked = current;
  try {
    if (looked !== home) await load(home.name);
    const page = await load(looked.name);
    if (room(page.room) !== current) return; // elsewhere meanwhile
    if (page.reset) transcript.show(current);
    else transcript.update();
    await more(page);
  } catch {
    if (socket.connected && looked === current) await enter(listed[0]).catch(() => {});
  }
}

// more goes on asking while the server has more than fits a page.
async function more(page) {
  const target = current;
  while (page.newer && socket.connected && target === current) {
    page = await load(target.name);
    if (target !== current) return;
    if (page.reset) transcript.redraw();
    else transcript.update();
  }
}

function take(page) {
  if (!page) return;
  const target = room(page.room);
  target.take(page);
  if (target.isPrivate) target.with = page.people.find(({ id }) => id !== me.id);
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
  const entered = enter(name);
  composer.elements.text.focus();
  await entered.catch((err) => complainRoom(err.message));
}

// look marks the newest as read while the page is looked at.
function look() {
  if (!document.hidden && current.loaded && me.id && !(current.read >= current.last)) {
    current.read = current.last;
    mark(current);
  }
  draw();
}

// mark tells the server how far a room was read. What is said offline is said again by look.
function mark(target) {
  clearTimeout(target.marking);
  target.marking = setTimeout(() => {
    if (socket.connected) socket.emit("read", { room: target.name, upto: target.read });
  }, GATHER);
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

const add = $("[data-add]");
const complainRoom = ask(add, add.elements.room, $("[data-add-error]"), async (name) => {
  await enter(name);
  add.reset();
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

// ---- Drawing

function draw() {
  const conversations = [...rooms.values()].filter((each) => each.isPrivate && each.with && (each.last > 0 || each === current));
  const open = (name) => enter(name).catch((err) => complainRoom(err.message));
  drawRooms(listed.map(room), conversations, current, open);
  drawPeople(people, me, writeTo);

  const title = current.isPrivate ? current.with?.name ?? "…" : current.name;
  document.title = `${title} · chat · brio`;
  $("[data-title]").textContent = title;
  $("[data-views-title]").textContent = title;
  $("[data-people-label]").textContent = current.isPrivate ? "In this conversation" : socket.connected ? "Here now" : "Last seen here";
  $("[data-about]").textContent = current.isPrivate ? "only you two see this" : count(current.people, "person", "people");
  composer.elements.text.placeholder = current.isPrivate ? `Write to ${title} alone` : `Write to everybody in ${title}`;
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
