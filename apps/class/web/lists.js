// The lists at the side: hands, points, and the questions a teacher may ask.

import { $, h } from "/shell/dom.js";
import { isSimulated } from "./seats.js";

const more = (person, me) => (person.id === me ? "you" : isSimulated(person) ? "simulated" : "");

// drawHands shows whose hands are up. call is given to teachers.
export function drawHands({ hands, floor }, me, call) {
  redraw(
    $("[data-hands]"),
    hands.map((person) =>
      h(
        "li",
        { class: "side-row", "data-key": person.id },
        h("bdi", { class: "entry-name" }, person.name),
        h("span", { class: "entry-more" }, more(person, me)),
        call && h("button", { class: "text-button", type: "button", "aria-label": `Call on ${person.name}`, onclick: () => call(person.id) }, "Call on"),
      ),
    ),
  );
  $("[data-no-hands]").hidden = hands.length > 0 || Boolean(floor);
  $("[data-floor]").hidden = !floor;
  const words = floor ? `${floor.id === me ? "You have" : `${floor.name} has`} the floor.` : "";
  if ($("[data-floor]").textContent !== words) $("[data-floor]").textContent = words;
}

// drawPoints shows the best, and somebody's own place if it is behind theirs.
export function drawPoints({ top, you }, me) {
  const best = top ?? [];
  const list = best.some(({ id }) => id === me) || !you?.rank ? best : [...best.slice(0, -1), you];
  redraw(
    $("[data-points]"),
    list.map((each) =>
      h(
        "li",
        { class: `side-row${each.id === me ? " is-you" : ""}`, "data-key": each.id },
        h("span", { class: "number rank" }, each.rank),
        h("bdi", { class: "entry-name" }, each.name),
        h("span", { class: "entry-more" }, more(each, me)),
        h("span", { class: "number gained" }, each.gained ? `+${each.gained}` : ""),
        h("span", { class: "number sum" }, each.points),
      ),
    ),
  );
  $("[data-no-points]").hidden = list.length > 0;
}

export function drawQuiz(quiz, ask) {
  const button = (question) =>
    h("button", { class: "quiz-entry", type: "button", onclick: () => ask(question) }, h("span", null, question.text), h("span", { class: "entry-more number" }, `${question.seconds} s`));
  $("[data-quiz]").replaceChildren(...quiz.map((question) => h("li", null, button(question))));
}

// redraw leaves alone what has not changed: it may be under the pointer, or the keyboard.
function redraw(list, rows) {
  const held = new Map([...list.children].map((row) => [row.dataset.key, row]));
  const kept = rows.map((row) => (held.get(row.dataset.key)?.isEqualNode(row) ? held.get(row.dataset.key) : row));
  kept.forEach((row, i) => list.children[i] !== row && list.insertBefore(row, list.children[i] ?? null));
  while (list.childElementCount > kept.length) list.lastElementChild.remove();
}
