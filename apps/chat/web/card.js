// The chat's card on the start page: the first room's conversation as it is held. Each bar is a line, as long as what
// was said; the newest is lit, and an empty one is being typed.

import { count, h } from "/shell/dom.js";
import { Room } from "./room.js";
import { face } from "./transcript.js";

const LINES = 6;
const FULL = 60; // characters of a line that is as wide as the card
const TYPING = 4500; // ms that a sign of typing lasts

export function draw(live, { drawing, facts }) {
  const { socket } = live;
  const list = h("span", { class: "lines" });
  const typists = new Map(); // person → their line
  let room = new Room("");
  let rooms = [];
  drawing.append(list);

  socket.on("welcome", async (infos) => {
    rooms = infos;
    const page = await live.call("open", { room: rooms[0].name });
    room = new Room(page.room);
    room.take(page);
    list.replaceChildren(...room.messages.slice(-LINES).map((message) => line(message)));
    tell();
  });
  socket.on("rooms", (infos) => {
    rooms = infos;
    tell();
  });
  socket.on("typing", ({ from }) => {
    const writing = typists.get(from.id) ?? line({ from, text: "" });
    typists.set(from.id, writing);
    list.append(writing);
    trim();
    setTimeout(() => typists.get(from.id) === writing && stop(from.id), TYPING);
  });
  socket.on("said", (message) => {
    if (message.room !== room.name) return;
    stop(message.from.id);
    const said = line(message);
    list.insertBefore(said, typists.values().next().value ?? null);
    list.querySelector(".is-now")?.classList.remove("is-now");
    said.classList.add("is-new", "is-now");
    trim();
  });

  function trim() {
    while (list.childElementCount > LINES) list.firstElementChild.remove();
  }

  function stop(id) {
    typists.get(id)?.remove();
    typists.delete(id);
  }

  function tell() {
    const people = rooms.reduce((sum, { people }) => sum + (people ?? 0), 0);
    const messages = rooms.reduce((sum, { last }) => sum + last, 0);
    facts.textContent = [count(people, "person", "people"), count(rooms.length, "room"), count(messages, "message")].join(" · ");
  }
}

function line({ from, text }) {
  const bar = h("span", { class: text ? "bar" : "bar is-typing" });
  if (text) bar.style.width = `${Math.max(6, Math.min(100, (text.length / FULL) * 100))}%`;
  return h("span", { class: "line" }, face(from, false), h("span", { class: "bars" }, bar));
}
