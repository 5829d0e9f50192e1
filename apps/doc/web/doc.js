// The document's page. What it knows of the text is in Copy; this file is what happens when.

import { $, count } from "/shell/dom.js";
import { Live } from "/shell/live.js";
import { Pass } from "/shell/pass.js";
import { Copy } from "./copy.js";
import { Draft } from "./draft.js";
import { Editor } from "./editor.js";
import { drawDocuments, drawPeople } from "./lists.js";

const HOME = "minutes";
const OFTEN = 100; // ms between two tellings of where we are
const SOON = 200; // ms after which what waits is kept in the browser
const SLOW = 400; // ms after which a change that is under way is worth a word

const pass = new Pass("visitor");
const live = new Live("/doc", pass);
const { socket } = live;

let draft; // of the document that is shown
let copy;
let next; // { draft, copy } that is being opened
let people = new Map(); // client → their last change
let documents = [];
let refusal = "";
let saving; // a timer
let slow = false;
let telling; // a timer
let told = ""; // the selection that the server knows of

const paper = $("[data-paper]");
const editor = new Editor(paper, $("[data-mirror]"), {
  edit(operation) {
    copy.edit(operation);
    changed();
  },
  undo: () => retrace(copy.undo()),
  redo: () => retrace(copy.redo()),
  select: () => tellSelection(),
  drawn: drawSides,
});

// ---- What comes

socket.on("connect", () => open(copy ? { draft, copy } : next).catch(failed));
socket.on("disconnect", () => {
  if (copy) copy.opened = false;
  changed();
});

socket.on("opened", (state) => {
  if (next?.copy.name !== state.doc) return;
  if (next.copy !== copy) turnTo(next);
  for (const operation of copy.open(state)) editor.change(operation);
  documents = state.documents;
  people = new Map(Object.entries(state.people));
  editor.leave(new Set(people.keys()));
  for (const [client, { who, selection }] of people) if (client !== copy.id) place(client, who.name, selection);
  told = "";
  changed();
  tellSelection();
});

// A change without an operation says where somebody is.
socket.on("edited", (change) => {
  if (change.doc !== copy?.name || !copy.opened) return;
  const { client, who, gone, selection } = change;
  const operation = change.operation && copy.receive(change);
  if (operation === undefined) return open({ draft, copy }).catch(failed); // something is missing
  if (operation) editor.change(operation);
  if (gone) people.delete(client);
  else people.set(client, change);
  if (gone) editor.leave(new Set(people.keys()));
  else if (client !== copy.id) place(client, who.name, selection);
  changed();
});

socket.on("documents", (names) => {
  documents = names;
  drawSides();
});

// place shows where somebody is in our text, which has changes that the server's has not.
function place(client, name, selection) {
  editor.place(client, name, selection.map((at) => copy.here(at)));
}

// ---- What goes

async function send({ seq, operation }) {
  const sender = copy;
  slow = false;
  setTimeout(() => {
    slow = copy.underWay?.seq === seq;
    changed();
  }, SLOW);
  told = String(editor.selection);
  try {
    await live.call("edit", { doc: sender.name, seq, revision: sender.revision, operation, selection: editor.selection });
    refusal = "";
  } catch (err) {
    if (!socket.connected || sender !== copy) return; // it is sent again when there is a connection
    if (err.retry) return setTimeout(() => sender === copy && copy.opened && copy.underWay?.seq === seq && send(copy.underWay), err.retry);
    if (/open it again|did not answer|Open the document/i.test(err.message)) return open({ draft, copy }).catch(failed);
    sender.refused(seq);
    refusal = err.message;
  }
  changed();
}

// tellSelection shows others where we are, once they have the text in which we are there.
function tellSelection() {
  telling ??= setTimeout(tellSelectionNow, OFTEN);
}

function tellSelectionNow() {
  telling = undefined;
  const selection = String(editor.selection);
  if (!copy?.opened || copy.waiting || selection === told || !pass.person.id) return;
  told = selection;
  socket.volatile.emit("edit", { doc: copy.name, revision: copy.revision, selection: editor.selection });
}

// open asks for what is new in a document, and turns to it. The server may refuse.
async function open(wanted) {
  if (!wanted) return;
  next = wanted;
  wanted.copy.opened = false;
  const { name, client, revision, epoch } = wanted.copy;
  await live.call("open", { doc: name, client, revision, epoch });
}

// failed is for a document that was open already, or is to be the first one.
function failed(err) {
  if (!socket.connected) return; // it is tried again
  complain(err.message);
  if (!copy) enter(HOME).catch(failed);
}

async function enter(name) {
  if (name === copy?.name) return view("talk");
  const claimed = await Draft.claim(name);
  const wanted = { draft: claimed, copy: new Copy(name, claimed.client, send, claimed.copy) };
  try {
    if (copy || socket.connected) await open(wanted);
    else await begin(wanted);
  } catch (err) {
    claimed.close();
    if (copy) open({ draft, copy }).catch(() => {}); // it is left already
    throw err;
  }
}

// begin shows what the browser has kept of a document, before there is a connection.
function begin(wanted) {
  next = wanted;
  if (wanted.copy.waiting) turnTo(wanted);
}

function turnTo(wanted) {
  if (copy) {
    keep();
    draft.close();
  }
  ({ draft, copy } = wanted);
  people = new Map();
  refusal = "";
  editor.show(copy.text);
  if (location.hash !== hash(copy.name) && (location.hash || copy.name !== HOME)) history.pushState(null, "", hash(copy.name));
  paper.readOnly = false;
  view("talk");
}

function retrace(operation) {
  if (!operation) return;
  editor.retrace(operation);
  changed();
}

// ---- Keeping

function keep() {
  clearTimeout(saving);
  saving = undefined;
  if (copy && !draft.save(copy.keep())) refusal = "The browser has no room to keep what waits. Leave this page open.";
}

addEventListener("pagehide", keep);
document.addEventListener("visibilitychange", keep);

// ---- Drawing

function changed() {
  if (!copy) return;
  if (copy.waiting || saving === undefined) saving ??= setTimeout(keep, SOON);
  live.unsent = copy.waiting;
  if (!copy.waiting) tellSelection();

  const waiting = copy.waiting;
  const saved = $("[data-saved]");
  const words = !copy.opened
    ? `offline, ${waiting ? `${count(waiting, "change")} waiting` : "what you write is kept"}`
    : refusal
      ? `not saved, ${count(waiting, "change")} waiting`
      : waiting && slow
        ? "saving"
        : "all changes are saved";
  if (saved.textContent !== words) saved.textContent = words;
  saved.classList.toggle("is-waiting", !copy.opened || (refusal !== "" && waiting > 0));
  $("[data-error]").textContent = refusal;
  $("[data-error]").hidden = !refusal;
  $("[data-undo]").disabled = !copy.canUndo;
  $("[data-redo]").disabled = !copy.canRedo;
  if (document.activeElement?.disabled) paper.focus(); // there is nothing more to undo, or to do again
  editor.draw();
}

function drawSides() {
  if (!copy) return;
  document.title = `${copy.name} · doc · brio`;
  for (const title of document.querySelectorAll("[data-title]")) title.textContent = copy.name;
  $("[data-blank]").hidden = copy.text !== "";
  $("[data-size]").textContent = count([...copy.text].length, "character");
  $("[data-people-label]").textContent = copy.opened ? "Here now" : "Last seen here";
  $("[data-count]").textContent = people.size || "";
  drawDocuments(documents, copy.name, (name) => enter(name).catch((err) => complain(err.message)));
  const list = [...people].map(([client, { who }]) => {
    const you = client === copy.id;
    const line = you ? undefined : editor.lineOf(client);
    return { client, name: who.name, simulated: who.role === "simulated", you, more: you ? "you" : line && `line ${line}`, lively: editor.isLively(client) };
  });
  drawPeople(list.sort((a, b) => b.you - a.you || a.simulated - b.simulated || a.name.localeCompare(b.name)));
}

// ---- Forms

const add = $("[data-add]");
function complain(message = "") {
  $("[data-add-error]").textContent = message;
  $("[data-add-error]").hidden = !message;
  add.elements.doc.setAttribute("aria-invalid", String(message !== ""));
}
add.addEventListener("input", () => complain());
add.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await enter(add.elements.doc.value.trim().toLowerCase().replace(/\s+/g, "-"));
    complain();
    add.reset();
    paper.focus();
  } catch (err) {
    complain(err.message);
    add.elements.doc.focus();
  }
});
$("[data-undo]").addEventListener("click", () => retrace(copy?.undo()));
$("[data-redo]").addEventListener("click", () => retrace(copy?.redo()));

for (const button of document.querySelectorAll("[data-show]")) {
  button.addEventListener("click", () => view(button.dataset.show));
}

// view turns a narrow page to one of its columns.
function view(name) {
  $(".doc").dataset.view = name;
  for (const button of document.querySelectorAll("[data-show]")) {
    button.setAttribute("aria-pressed", String(button.dataset.show === name));
  }
  editor.draw();
}

const hash = (name) => `#${encodeURIComponent(name)}`;

function wanted() {
  try {
    return decodeURIComponent(location.hash.slice(1)).toLowerCase() || HOME;
  } catch {
    return HOME; // not of our making
  }
}

addEventListener("popstate", () => enter(wanted()).catch((err) => complain(err.message)));
enter(wanted()).catch(failed);
