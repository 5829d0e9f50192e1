// The game's page: it steers and shows the own ship at once, and the others as they were a moment ago.

import { $, count } from "/shell/dom.js";
import { Live } from "/shell/live.js";
import { Pass } from "/shell/pass.js";
import { Controls } from "./controls.js";
import { Line } from "./line.js";
import { nameOf } from "./names.js";
import { Pilot } from "./pilot.js";
import { Scene } from "./scene.js";
import { Scores } from "./scores.js";
import { Sight } from "./sight.js";
import { encode, row } from "./wire.js";
import { BY_X, BY_Y, LIFE, PAUSE, RATE, READY, SHIPS, STEER, UNIT, WORTH, X, Y } from "./world.js";

const STEP = 1000 / RATE;
const SAID = 4000; // ms that a word stays
const narrow = matchMedia("(max-width: 719.98px)");
const pass = new Pass("visitor");
const live = new Live("/game", pass, ["snapshot", "steer"]);
const { socket } = live;
const canvas = $("[data-canvas]");
const scene = new Scene(canvas);
const scores = new Scores();
const sight = new Sight();
const pilot = new Pilot();
const line = new Line();
const controls = new Controls(canvas, () => pilot.ship >= 0);

let crew = {};
let wants = false; // to play, also after a break
let joined = 0; // when the ship was given
let input = 0;
let stepped = 0; // when the last step was due
let drawn = 0;
let told = 0;
const place = { x: 0, y: 0 };

// ---- What comes

socket.on("connect", () => {
  sight.forget();
  pilot.leave();
  $("[data-play]").disabled = false;
  if (wants) play();
});
socket.on("disconnect", () => {
  $("[data-play]").disabled = true;
  say(wants ? "The line is broken. Your ship waits for you for 5 s." : "");
});
socket.on("snapshot", (data) => {
  const { id } = socket;
  line.carry("in", () => id === socket.id && take(new Uint8Array(data))); // of a connection before, it is another game's
});
socket.on("crew", (now) => {
  crew = now;
  const mine = crew[pilot.ship]?.[1] === socket.id;
  if (pilot.ship >= 0 && !mine && performance.now() - joined > 2000) leave("Your ship has gone: you were away for 5 s, or play in another tab.");
});
socket.on("best", (best) => scores.ever(best));

function take(bytes) {
  const now = performance.now();
  const before = sight.newest;
  const frame = sight.take(bytes, now);
  if (frame && pilot.ship >= 0) {
    pilot.hear(frame, now);
    if (before) tell(before, frame);
  }
  if (pilot.ship < 0 || document.hidden) send(); // else the next step says what was seen
}

// tell says in words what befell the own ship.
function tell(before, frame) {
  const [was, is] = [row(before, pilot.ship), row(frame, pilot.ship)];
  if (is[LIFE] < 0 && was[LIFE] === -is[LIFE]) {
    say(`${nameOf(crew, is[STEER])} hit you${was[WORTH] ? ` and took half of your ${count(was[WORTH], "note")}` : ""}. You are back in 2 s.`);
  }
  for (let i = 0; i < SHIPS; i++) {
    const [ship, then] = [row(frame, i), row(before, i)];
    if (ship[LIFE] < 0 && then[LIFE] === -ship[LIFE] && ship[STEER] === pilot.ship && i !== pilot.ship) {
      say(`You hit ${nameOf(crew, i)}${then[WORTH] ? ` and took ${count(Math.ceil(then[WORTH] / 2), "note")}` : ""}.`);
    }
  }
}

// ---- What goes

// send says what the page holds, and the inputs that have not been applied yet. It may be lost: the next one says it again.
function send() {
  const { first, inputs } = pilot.message;
  const message = encode(sight.newest?.tick ?? 0, pilot.ship < 0 ? 0 : first, pilot.ship < 0 ? [] : inputs);
  line.carry("out", () => socket.connected && socket.volatile.emit("steer", message));
}

async function play() {
  const error = $("[data-error]");
  error.hidden = true;
  try {
    const ship = await live.call("play");
    pilot.leave();
    pilot.ship = ship;
    joined = performance.now();
    wants = true;
    show(true);
    say("You are the ship in colour.");
    canvas.focus({ preventScroll: true });
  } catch (err) {
    wants = false;
    show(false);
    error.textContent = err.message;
    error.hidden = false;
  }
}

function leave(why) {
  pilot.leave();
  wants = false;
  show(false);
  say(why);
}

function show(playing) {
  $("[data-start]").hidden = playing;
  $("[data-dash]").hidden = !playing;
}

let saying;
function say(words) {
  clearTimeout(saying);
  $("[data-word]").textContent = words;
  saying = setTimeout(() => ($("[data-word]").textContent = ""), SAID);
}

// ---- Each frame of the screen

function turn(now) {
  requestAnimationFrame(turn);
  if (now - stepped > 10 * STEP) stepped = now - STEP; // the page was away
  let moved = false;
  for (; now - stepped >= STEP; stepped += STEP) {
    if (pilot.ship < 0 || !socket.connected) continue;
    input = controls.input(scene.toScreen(place));
    pilot.wish(input, now);
    moved = true;
  }
  if (moved) send();
  if (sight.newest) draw(now);
}

function draw(now) {
  const ms = Math.min(100, now - drawn);
  drawn = now;
  let own = null;
  let ghost = null;
  if (pilot.ship >= 0 && pilot.row) {
    if (pilot.flies) {
      const { x, y } = pilot.place(ms, {});
      const since = pilot.predicts ? (now - stepped) / STEP : 0; // into the next step
      place.x = (x + pilot.row[BY_X] * since) / UNIT;
      place.y = (y + pilot.row[BY_Y] * since) / UNIT;
    }
    own = { ship: pilot.ship, x: place.x, y: place.y, input: pilot.predicts ? input : pilot.row[STEER] };
    const said = row(sight.newest, pilot.ship);
    if (pilot.predicts && pilot.flies && line.longer) ghost = { x: said[X] / UNIT, y: said[Y] / UNIT };
    const left = Math.max(0, pilot.row[READY] - (pilot.tick ?? 0));
    $("[data-charge]").style.strokeDashoffset = String(Math.min(1, left / PAUSE));
  }
  scene.draw(sight.at(now), { own, ghost, covered: own || !narrow.matches ? 0 : $("[data-start]").offsetHeight, crew, nameOf, ms, now });
  if (now - told < 250) return;
  told = now;
  scores.show(sight.newest, crew, pilot.ship);
  lag(now);
}

function lag(now) {
  const values = {
    trip: pilot.ship >= 0 && pilot.roundTrip !== undefined ? `${Math.round(pilot.roundTrip)} ms` : "–",
    age: `${Math.max(0, Math.round(now - sight.arrived))} ms old`,
    behind: `${Math.round(sight.behind)} ms late`,
    tick: sight.newest.tick.toLocaleString("en"),
    bytes: `${sight.bytes.toLocaleString("en")} bytes`,
  };
  for (const [name, value] of Object.entries(values)) $(`[data-lag="${name}"]`).textContent = value;
}

// ---- What one can press

$("[data-play]").addEventListener("click", play);
$("[data-dash]").addEventListener("pointerdown", (event) => {
  event.preventDefault();
  controls.dash();
});
$("[data-dash]").addEventListener("click", (event) => event.detail === 0 && controls.dash()); // by keyboard
$("[data-line]").addEventListener("change", ({ target }) => {
  [line.longer, line.jitter, line.lost] = target.value.split(" ").map(Number);
  pilot.roundTrip = undefined;
});
$("[data-predict]").addEventListener("change", ({ target }) => (pilot.predicts = target.checked));
$("[data-scores-open]").addEventListener("click", ({ target }) => {
  const open = $("[data-scores]").classList.toggle("is-open");
  target.setAttribute("aria-expanded", String(open));
});

requestAnimationFrame(turn);
