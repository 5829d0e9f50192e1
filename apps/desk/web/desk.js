// The page of the desk, from the side of a customer or of an agent, as the address says.

import { $, count, h, pause, secret } from "/shell/dom.js";
import { Live } from "/shell/live.js";
import { Pass } from "/shell/pass.js";
import { List, name } from "./list.js";
import { clock, state, Tickets } from "./tickets.js";

const role = ["customer", "agent"].find((side) => location.hash === `#${side}`);
const isAgent = role === "agent";
const main = $("main");
const pass = role && new Pass(role);
const live = new Live("/desk", pass);
const tickets = new Tickets(live, changed, (err) => stale(err.message));
const list = new List($("[data-groups]"), { calm: Number(main.dataset.calm), hurry: Number(main.dataset.hurry), own: !isAgent }, (id) => choose(id));
const read = new Map(); // ticket → the message one has seen last
const mine = (person) => person.id !== "" && person.id === pass?.person.id;

let chosen; // a ticket's ID
let messages = []; // of it
let asked = 0;
let due = false; // a drawing

addEventListener("hashchange", () => location.reload()); // the other side is another pass
$("[data-choice]").hidden = Boolean(role);
$("[data-tickets]").hidden = $("[data-talk]").hidden = !role;
$("[data-new]").hidden = role !== "customer";
$(`[data-side="${role}"]`)?.setAttribute("aria-current", "page");

// ---- What changes

function changed(ticket) {
  if (!ticket) {
    stale("");
    if (chosen) fetchMessages();
  } else if (ticket.id === chosen) hear(ticket);
  draw();
}

function draw() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    if (role) show();
    else load();
  });
}

setInterval(() => live.socket.connected && draw(), 1000); // time runs
live.socket.on("disconnect", () => stale(`As of ${new Date().toLocaleTimeString("en-GB")}. It goes on when the connection is back.`));

function stale(words) {
  $("[data-stale]").hidden = !words;
  $("[data-stale]").textContent = words;
}

// ---- Nobody has chosen a side yet

function load() {
  const n = { waiting: 0, claimed: 0, resolved: 0 };
  for (const ticket of tickets.sorted) n[state(ticket)]++;
  const late = tickets.sorted.filter((ticket) => !ticket.resolved && ticket.due < tickets.now).length;
  $("[data-load]").textContent = `Now: ${count(n.waiting, "ticket waits", "tickets wait")}, ${n.claimed} with an agent, ${late} overdue.`;
}

// ---- The list

function show() {
  const all = tickets.sorted;
  const open = all.filter((ticket) => !ticket.resolved);
  const groups = isAgent
    ? [["Yours", open.filter(({ agent }) => mine(agent))], ["Waiting", open.filter((ticket) => state(ticket) === "waiting")], ["With others", open.filter(({ agent }) => agent.id && !mine(agent))]]
    : [["Open", open]];
  list.draw([...groups, ["Resolved", all.filter(({ resolved }) => resolved)]], { now: tickets.now, chosen, unread });
  $("[data-empty]").hidden = !($("[data-groups]").hidden = !all.length);
  $("[data-empty]").textContent = isAgent ? "No tickets. Enjoy it while it lasts." : "You have no tickets yet.";
  one();
}

function unread({ id, last, customer, agent, resolved }) {
  return !resolved && (mine(customer) || mine(agent)) && !mine(last.from) && last.n > (read.get(id) ?? (isAgent ? 0 : 1)) && id !== chosen;
}

// ---- One ticket

function choose(id) {
  chosen = id;
  messages = [];
  refuse("");
  $("[data-log]").replaceChildren();
  main.dataset.view = "talk";
  fetchMessages();
  draw();
}

async function fetchMessages() {
  const id = chosen;
  const mark = ++asked;
  try {
    const ticket = await live.call("read", id);
    if (mark !== asked || id !== chosen) return;
    messages = ticket.messages;
    tickets.take(ticket);
    paint();
  } catch (err) {
    if (mark === asked && live.socket.connected) refuse(err.message);
  }
}

// hear appends what was said, or reads again if something is missing.
function hear({ last }) {
  if (last.n <= messages.length) return;
  if (last.n > messages.length + 1 || !messages.length) return fetchMessages();
  messages = [...messages, last];
  paint(true);
}

function paint(fresh) {
  const log = $("[data-log]");
  if (!fresh) log.replaceChildren();
  const scroll = $("[data-scroll]");
  for (const message of messages.slice(log.childElementCount)) log.append(line(message, fresh));
  scroll.scrollTop = scroll.scrollHeight;
  read.set(chosen, messages.length);
  draw();
}

function line({ n, from, text, at }, fresh) {
  const before = messages[n - 2];
  const opens = before?.from.id !== from.id;
  const you = mine(from);
  const face = h("span", { class: `face${you ? " is-you" : ""}${from.role === "simulated" ? " is-simulated" : ""}`, "aria-hidden": "true" }, [...from.name][0]);
  return h(
    "li",
    { class: `message${opens ? " opens" : ""}${fresh ? " is-new" : ""}` },
    opens && face,
    opens && h("span", { class: "author" }, you ? `${from.name} (you)` : from.name, from.role === "simulated" && h("span", { class: "entry-more" }, " · simulated")),
    h("time", { class: "time" }, new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })),
    h("p", { class: "text" }, text),
  );
}

let drawn = ""; // what the actions are for

function one() {
  const ticket = tickets.get(chosen);
  $("[data-one]").hidden = !ticket;
  $("[data-open]").hidden = isAgent || Boolean(ticket);
  $("[data-nothing]").hidden = !isAgent || Boolean(ticket);
  if (!ticket) return;
  const { subject, customer, agent, urgent, resolved } = ticket;
  set("[data-subject]", subject);
  const left = ticket.due - tickets.now;
  const time = resolved ? "" : left < 0 ? `overdue by ${clock(left)}` : `due in ${clock(left)}`;
  set("[data-about]", [`#${ticket.id}`, isAgent && name(customer), urgent && "urgent", time].filter(Boolean).join(" · "));
  $("[data-about]").classList.toggle("error", left < 0 && !resolved);
  set("[data-status]", status(ticket));
  $("[data-compose]").hidden = resolved || (isAgent && !mine(agent) && !mine(customer));
  const now = `${ticket.id} ${state(ticket)} ${agent.id}`;
  if (drawn === now) return;
  drawn = now;
  const focused = $("[data-actions]").contains(document.activeElement);
  $("[data-actions]").replaceChildren(...actions(ticket));
  if (focused) ($("[data-actions] button") ?? $("[data-scroll]")).focus();
}

function status({ resolved, customer, agent }) {
  const who = mine(agent) ? "you" : name(agent);
  if (resolved) return agent.id && !mine(customer) ? `Resolved, ${who} had it.` : "Resolved. Reopen it if it is not.";
  if (!agent.id) return isAgent ? "Nobody has taken it yet." : "Waiting for an agent to take it.";
  if (mine(agent)) return "It is yours, until you put it back or are away for two minutes.";
  return isAgent ? `${who} has it.` : `${who} answers you.`;
}

function actions(ticket) {
  const { agent, resolved } = ticket;
  const act = (verb, words, look = "quiet-button") => h("button", { class: look, type: "button", "data-act": verb, onclick: (event) => perform(verb, ticket.id, event.target) }, words);
  if (resolved) return [act("reopen", "Reopen")];
  if (!isAgent) return [act("resolve", "It is solved")];
  if (!agent.id) return [act("claim", "Claim", "button")];
  return mine(agent) ? [act("release", "Put back"), act("resolve", "Resolve", "button")] : [];
}

async function perform(verb, id, button) {
  const go = pause(button);
  try {
    tickets.take(await live.call(verb, id));
    refuse("");
  } catch (err) {
    refuse(err.message);
  }
  go(() => $("[data-actions] button") ?? $("[data-scroll]"));
}

function refuse(words) {
  $("[data-refused]").hidden = !words;
  $("[data-refused]").textContent = words;
}

function set(selector, text) {
  const element = $(selector);
  if (element.textContent !== text) element.textContent = text;
}

// ---- To write

// sender sends what a form makes; the key stays the same until it has arrived.
function sender(form, event, payload, done, fail) {
  let key;
  form.addEventListener("input", () => (key = undefined));
  form.addEventListener("submit", async (submit) => {
    submit.preventDefault();
    key ??= secret();
    const go = pause($(".button", form));
    try {
      const ticket = await live.call(event, payload(key));
      key = undefined;
      tickets.take(ticket);
      fail("");
      done(ticket);
    } catch (err) {
      fail(err.message);
    }
    go();
  });
}

const compose = $("[data-compose]");
sender(compose, "say", (key) => ({ ticket: chosen, text: compose.elements.text.value, key }), () => compose.reset(), refuse);
compose.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (!$(".button", compose).disabled) compose.requestSubmit();
});

const form = $("[data-open]");
const payload = (key) => ({ subject: form.elements.subject.value, urgent: form.elements.urgent.checked, last: { text: form.elements.text.value, key } });
const opened = (ticket) => {
  form.reset();
  choose(ticket.id);
  requestAnimationFrame(() => document.activeElement === document.body && $("[data-scroll]").focus());
};
sender(form, "open", payload, opened, (words) => {
  $("[data-open-error]").hidden = !words;
  $("[data-open-error]").textContent = words;
  form.elements.subject.setAttribute("aria-invalid", words.includes("what it is about"));
  form.elements.text.setAttribute("aria-invalid", words.includes("message"));
});

$("[data-new]").addEventListener("click", () => {
  chosen = undefined;
  main.dataset.view = "talk";
  draw();
  requestAnimationFrame(() => form.elements.subject.focus());
});
$("[data-back]").addEventListener("click", () => (main.dataset.view = "list"));
if (role === "customer") main.dataset.view = "talk";
draw();
