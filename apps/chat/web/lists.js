// The lists at the sides: rooms, private conversations, and who is in the room.

import { $, count, h } from "/shell/dom.js";
import { face } from "./transcript.js";

// drawRooms draws the rooms and the private conversations. open is called with the one that was chosen.
export function drawRooms(rooms, conversations, current, open) {
  redraw($("[data-rooms]"), rooms.map((room) => entry(room, current, open, h("span", { class: "number", title: count(room.people, "person", "people") }, room.people))));
  redraw($("[data-private]"), conversations.map((room) => entry(room, current, open)));
  $("[data-private-none]").hidden = conversations.length > 0;

  const unread = [...rooms, ...conversations].filter((room) => room !== current && room.unread).length;
  $("[data-views-unread]").textContent = unread ? ` · ${unread} new` : "";
}

function entry(room, current, open, end) {
  const unread = room === current ? 0 : room.unread;
  return h(
    "button",
    { class: "entry", type: "button", "data-key": room.name, "aria-current": room === current && "true", onclick: () => open(room.name) },
    h("bdi", { class: "entry-name" }, room.with?.name ?? room.name),
    unread > 0 && h("span", { class: "unread" }, `${unread} new`),
    end,
  );
}

// drawPeople draws who is in the room. write is called with the one that was chosen.
export function drawPeople(people, me, write) {
  const list = [...people].sort((a, b) => Number(b.id === me.id) - Number(a.id === me.id));
  redraw($("[data-people]"), list.map((person) => (person.id === me.id ? yourself(person) : somebody(person, me, write))));
  $("[data-views-count]").textContent = people.length;
}

const yourself = (person) =>
  h("div", { class: "entry", "data-key": person.id }, face(person, true), h("bdi", { class: "entry-name" }, person.name), h("span", { class: "entry-more" }, "you"));

function somebody(person, me, write) {
  const { id, name } = person;
  const simulated = person.role === "simulated";
  const label = `${name}${simulated ? ", simulated" : ""}: write privately`;
  return h(
    "button",
    { class: "entry", type: "button", "data-key": id, disabled: !me.id, "aria-label": label, title: "Write privately", onclick: () => write(person) },
    face(person, false),
    h("bdi", { class: "entry-name" }, name),
    simulated && h("span", { class: "entry-more" }, "simulated"),
  );
}

// redraw changes in a list what has changed and leaves the rest alone: an entry that is being pressed, or that the
// keyboard is at, must not be taken away.
function redraw(list, entries) {
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  const held = new Map([...list.children].map((line) => [line.firstElementChild.dataset.key, line]));
  const lines = entries.map((entry) => {
    const line = h("li", null, entry);
    const old = held.get(entry.dataset.key);
    return old?.isEqualNode(line) ? old : line;
  });
  lines.forEach((line, i) => list.children[i] !== line && list.insertBefore(line, list.children[i] ?? null));
  while (list.childElementCount > lines.length) list.lastElementChild.remove();
  if (focused !== undefined) lines.find(({ firstElementChild }) => firstElementChild.dataset.key === focused)?.firstElementChild.focus();
}
