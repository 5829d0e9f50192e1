// The class: a seat for each student, with a sheet on the desk once they have answered, and the reactions that rise.

import { $, count, h, s } from "/shell/dom.js";

export const KINDS = {
  bravo: ["Bravo", "M10 3l2.1 4.5 4.9.6-3.6 3.4.9 4.9-4.3-2.4-4.3 2.4.9-4.9L3 8.1l4.9-.600z"],
  heart: ["I like it", "M10 16.5S3.5 12.6 3.5 7.9A3.4 3.4 0 0 1 10 6.4a3.4 3.4 0 0 1 6.5 1.5c0 4.7-6.5 8.6-6.5 8.6z"],
  idea: ["I have an idea", "M7.5 14.5h5M8.5 17h3M7.5 14.5c0-2-2.5-2.8-2.5-6a5 5 0 0 1 10 0c0 3.2-2.5 4-2.5 6"],
  puzzled: ["I’m puzzled", "M7 7.5a3 3 0 1 1 4.2 2.8c-.800.4-1.2.900-1.2 1.9v.300M10 15.5v.100"],
};
const MOST = 16; // reactions in the air
const still = matchMedia("(prefers-reduced-motion: reduce)");

export const isSimulated = ({ id }) => id.startsWith("~");

export const icon = (kind) => s("svg", { class: "icon", viewBox: "0 0 20 20", "aria-hidden": "true" }, s("path", { d: KINDS[kind][1] }));

// drawSeats changes what has changed: a seat stays the same element, so that what moves on it moves.
export function drawSeats({ people, hands, floor, count: all }, question, me) {
  const list = $("[data-seats]");
  const held = new Map([...list.children].map((seat) => [seat.dataset.id, seat]));
  const students = people.filter(({ role }) => role === "student").sort((a, b) => Number(b.id === me) - Number(a.id === me));
  const seats = students.map((person) => {
    const seat = held.get(person.id) ?? newSeat(person);
    const answered = question.who.includes(person.id);
    const up = hands.some(({ id }) => id === person.id);
    seat.classList.toggle("has-answered", answered);
    seat.classList.toggle("has-hand-up", up);
    seat.classList.toggle("has-floor", floor?.id === person.id);
    $(".face", seat).classList.toggle("is-you", person.id === me);
    $(".seat-name", seat).textContent = person.id === me ? "You" : person.name;
    $(".visually-hidden", seat).textContent = [isSimulated(person) && "simulated", answered && "has answered", up && "hand up"].filter(Boolean).map((word) => `, ${word}`).join("");
    return seat;
  });
  seats.forEach((seat, i) => list.children[i] !== seat && list.insertBefore(seat, list.children[i] ?? null));
  while (list.childElementCount > seats.length) list.lastElementChild.remove();

  const teachers = people.length - students.length;
  $("#pupils").textContent = count(all - teachers, "student") + (all > people.length ? `, ${students.length} of them shown` : "");
  $("[data-answered]").textContent = question.id ? `${question.answered} answered` : "";
  $("[data-share]").style.transform = `scaleX(${Math.min(1, question.answered / Math.max(1, all - teachers))})`;
}

const newSeat = (person) =>
  h(
    "li",
    { class: "seat", "data-id": person.id, title: isSimulated(person) ? `${person.name}, simulated` : person.name },
    h("span", { class: "arm" }),
    h("span", { class: `face${isSimulated(person) ? " is-simulated" : ""}`, "aria-hidden": "true" }, [...person.name.toUpperCase()][0] ?? "?"),
    h("span", { class: "top" , "aria-hidden": "true" }, h("span", { class: "sheet" })),
    h("bdi", { class: "seat-name" }, person.name),
    h("span", { class: "visually-hidden" }),
  );

// float lets reactions rise, those that come together not at once.
export function float(kinds) {
  const sky = $("[data-floats]");
  for (const kind of kinds) {
    if (!KINDS[kind] || sky.childElementCount >= MOST || document.hidden) continue;
    const element = h("span", { class: `float is-${kind}` }, icon(kind));
    element.style.left = `${5 + Math.random() * 90}%`;
    sky.append(element);
    const drift = (Math.random() - 0.5) * 48;
    const frames = still.matches
      ? { opacity: [1, 1, 0] }
      : { transform: ["translate(0, 0) scale(0.6)", `translate(${drift}px, -96px) scale(1.1)`, `translate(${drift * 0.6}px, -176px) scale(1)`], opacity: [0, 1, 0] };
    element.animate(frames, { duration: 1500 + Math.random() * 700, delay: still.matches ? 0 : Math.random() * 90, easing: "ease-out", fill: "backwards" }).onfinish = () => element.remove();
  }
}
