// The scores beside the arena: who has the most notes now, and who ever had.

import { $, h } from "/shell/dom.js";
import { nameOf } from "./names.js";
import { row } from "./wire.js";
import { LIFE, PEOPLE, SHIPS, WORTH } from "./world.js";

const LISTED = 6;
const BEST = 4;

export class Scores {
  #now = $("[data-now]");
  #best = $("[data-best]");

  // show lists the ships of a frame that have the most notes, and says how many the own one has.
  show(frame, crew, own) {
    const ships = [];
    for (let i = 0; i < SHIPS; i++) {
      const ship = row(frame, i);
      if (ship[LIFE]) ships.push({ i, notes: ship[WORTH] });
    }
    ships.sort((a, b) => b.notes - a.notes || a.i - b.i);
    fill(this.#now, ships.slice(0, LISTED).map(({ i, notes }) => ({ name: nameOf(crew, i), notes, you: i === own, simulated: i >= PEOPLE })));
    $("[data-yours]").hidden = own < 0;
    if (own < 0) return;
    const place = ships.findIndex(({ i }) => i === own) + 1;
    $("[data-notes]").textContent = ships[place - 1]?.notes ?? 0;
    $("[data-rank]").textContent = place ? `${place} of ${ships.length}` : "";
  }

  ever(best) {
    fill(this.#best, best.slice(0, BEST));
    $("[data-best-none]").hidden = best.length > 0;
  }
}

// fill writes a list again, where it says something else.
function fill(list, entries) {
  while (list.children.length > entries.length) list.lastChild.remove();
  entries.forEach(({ name, notes, you, simulated }, i) => {
    const item =
      list.children[i] ??
      list.appendChild(h("li", null, h("span", { class: "place" }, String(i + 1)), h("span", { class: "who" }), h("span", { class: "number" })));
    item.classList.toggle("is-you", Boolean(you));
    item.classList.toggle("is-simulated", Boolean(simulated));
    const [, who, number] = item.children;
    write(who, you ? `${name} (you)` : name);
    write(number, String(notes));
    who.title = simulated ? `${name}, simulated` : name;
  });
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
