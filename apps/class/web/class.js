// The page of the class. What comes from the server are states: the question as it stands on the board, the room, and
// one's own place; each replaces the one before.

import { $, h } from "/shell/dom.js";
import { Live } from "/shell/live.js";
import { Pass } from "/shell/pass.js";
import { Board, letter } from "./board.js";
import { Clock } from "./clock.js";
import { drawHands, drawPoints, drawQuiz } from "./lists.js";
import { bindOwn } from "./own.js";
import { drawSeats, float, icon, KINDS } from "./seats.js";

const nothing = { id: 0, text: "", choices: [], counts: null, who: [], answered: 0, rung: true, right: -1 };

let question = nothing;
let room = { people: [], hands: [], count: 0, floor: null };
let place = { top: [], you: null, mine: null };
let pending; // the choice that was sent and is not acknowledged
let refused = ""; // why an answer does not count
let known = false; // this connection has said what there is
let before = false; // there was one already
let raised = false; // a hand that is to be up, also after a break
let teaching = location.hash === "#teacher";

const pass = new Pass(teaching ? "teacher" : "student");
const live = new Live("/class", pass);
const { socket } = live;
const clock = new Clock();
const board = new Board({ clock, choose });
const me = () => pass.person.id;

// ---- What comes

socket.on("connect", async () => {
  question = nothing; // what this connection says is what counts
  known = false;
  before = true;
  await clock.measure(live);
  draw();
  if (raised) live.call("hand", true).catch(() => {});
});
socket.on("disconnect", () => {
  pending = undefined;
  draw();
});
socket.on("place", (state) => {
  if (state.mine?.question !== place.mine?.question) pending = undefined;
  place = state;
  if (teaching && state.quiz && !$("[data-quiz]").childElementCount) drawQuiz(state.quiz, (each) => launch(each).catch(complain));
  draw();
});
socket.on("question", (state) => {
  known = true;
  if (state.id !== question.id) {
    pending = undefined;
    refused = "";
  }
  question = state;
  draw();
});
socket.on("room", (state) => {
  if (state.floor?.id === me() && room.floor?.id !== me()) raised = false;
  room = state;
  known = true;
  draw();
});
socket.on("reacted", float);
pass.onChange(() => draw());

// ---- What goes

async function choose(choice) {
  if (teaching || question.rung || mine() !== undefined || pending !== undefined) return;
  pending = choice;
  refused = "";
  draw();
  try {
    place = { ...place, mine: await live.call("answer", { question: question.id, choice }) };
  } catch (err) {
    refused = err.message;
  }
  pending = undefined;
  draw();
}

const launch = (draft) => live.call("launch", draft);

addEventListener("keydown", ({ key, target, ctrlKey, metaKey, altKey }) => {
  if (ctrlKey || metaKey || altKey || target.closest("input:not([type=checkbox]), dialog")) return;
  const choice = key.length === 1 ? "abcdef".indexOf(key.toLowerCase()) : -1;
  if (choice >= 0 && choice < question.choices.length) choose(choice);
});

$("[data-hand]").addEventListener("click", () => {
  raised = !isUp();
  live.call("hand", raised).then(() => complain(), complain);
});
$("[data-reactions]").append(
  ...Object.entries(KINDS).map(([kind, [words]]) =>
    h("button", { class: "icon-button", type: "button", "aria-label": words, title: words, "data-react": kind, onclick: () => live.call("react", kind).then(() => complain(), complain) }, icon(kind)),
  ),
);
bindOwn(launch);

let complaining;
function complain(err) {
  clearTimeout(complaining);
  $("[data-error]").textContent = err?.message ?? "";
  $("[data-error]").hidden = !err;
  if (err) complaining = setTimeout(complain, 6000);
}

// ---- The role

const teach = $("[data-teach]");
teach.checked = teaching;
teach.addEventListener("change", () => (location.hash = teach.checked ? "teacher" : ""));
addEventListener("hashchange", () => {
  teach.checked = teaching = location.hash === "#teacher";
  raised = false;
  pass.role = teaching ? "teacher" : "student";
  socket.disconnect().connect(); // with a pass for that role: the server goes by nothing else
});

// ---- Drawing

const mine = () => (place.mine?.question === question.id && question.id ? place.mine.choice : undefined);
const isUp = () => room.hands.some(({ id }) => id === me());

let frame;
function draw() {
  frame ??= requestAnimationFrame(() => {
    frame = undefined;
    drawNow();
  });
}

function drawNow() {
  const connected = socket.connected;
  if (question.id) board.draw(question, { mine: mine(), pending, teaching, connected });
  else if (known && connected) board.clear("No question is on the board");
  drawSeats(room, question, me());
  drawHands(room, me(), teaching && connected && ((id) => live.call("floor", id).then(() => complain(), complain)));
  drawPoints(place, me());
  say($("[data-verdict]"), verdict(connected));
  $("[data-verdict]").classList.toggle("error", Boolean(refused) && connected);

  $("[data-hand]").hidden = teaching;
  $("[data-hand]").disabled = !connected;
  $("[data-hand]").setAttribute("aria-pressed", String(isUp()));
  say($("[data-hand]"), isUp() ? `Take your hand down (${ordinal(room.hands.findIndex(({ id }) => id === me()) + 1)} in turn)` : "Raise your hand");
  $("[data-ask]").hidden = !teaching;
  $(".class").classList.toggle("is-teaching", teaching);
  $("[data-own]").hidden = !teaching;
  $("[data-own]").disabled = !question.rung || !connected;
  for (const button of document.querySelectorAll(".quiz-entry")) button.disabled = !question.rung || !connected;
}

// verdict says what is to be done, or what came of it.
function verdict(connected) {
  const { rung, right, id, by } = question;
  const chosen = mine();
  if (!connected) return before ? "The connection is gone. What was acknowledged counts." : "Connecting …";
  if (refused) return refused;
  if (!id && !known) return "Looking at the board …";
  if (!id) return teaching ? "Ask the first one: choose it from the list, or write your own." : room.people.some(({ role }) => role === "teacher") ? "Wait for the teacher to ask." : "Nobody teaches. Take the class with the switch “Teach”.";
  if (pending !== undefined) return `Sending ${letter(pending)} …`;
  if (teaching) return rung ? "The bell has rung. All see what is right." : "Only teachers see how the answers are spread, until the bell.";
  const took = chosen === undefined ? "" : `${(place.mine.took / 1000).toFixed(1)} s`;
  if (!rung) return chosen !== undefined ? `${letter(chosen)} counts, answered in ${took}. Wait for the bell.` : by.id === me() ? "You have asked this one." : "Choose before the bell. Your first answer counts.";
  if (chosen === undefined) return `The bell has rung. ${letter(right)} is right.`;
  if (chosen !== right) return `${letter(right)} is right, you chose ${letter(chosen)}.`;
  return `Right, in ${took}` + (place.you?.gained ? `: ${place.you.gained} points. You are ${ordinal(place.you.rank)}.` : ".");
}

const ordinal = (n) => `${n}${["th", "st", "nd", "rd"][n % 100 > 10 && n % 100 < 14 ? 0 : n % 10] ?? "th"}`;

// say changes a text only if it is another, so that it is read out once.
function say(element, words) {
  if (element.textContent !== words) element.textContent = words;
}
