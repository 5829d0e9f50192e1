// The board: the question, its choices, and the bell.

import { $, h, s } from "/shell/dom.js";
import { isSimulated } from "./seats.js";

export const letter = (i) => String.fromCharCode(65 + i);
const still = matchMedia("(prefers-reduced-motion: reduce)");

export class Board {
  #clock;
  #choose;
  #drawn; // ID of the question whose choices are drawn
  #bell = 0;
  #length = 1;
  #rung = true;
  #frame;

  constructor({ clock, choose }) {
    this.#clock = clock;
    this.#choose = choose;
    document.addEventListener("visibilitychange", () => this.#tick());
  }

  // draw shows a question to somebody who has chosen mine, or to a teacher.
  draw(question, { mine, pending, teaching, connected }) {
    if (question.id !== this.#drawn) this.#build(question);
    const { rung, counts, right, answered } = question;
    const most = Math.max(1, answered);
    [...$("[data-choices]").children].forEach((item, i) => {
      const button = item.firstElementChild;
      item.classList.toggle("is-mine", mine === i);
      item.classList.toggle("is-pending", pending === i);
      item.classList.toggle("is-right", right === i);
      item.classList.toggle("is-shown", Boolean(counts));
      button.disabled = rung || teaching || mine !== undefined || pending !== undefined || !connected;
      $(".fill", item).style.transform = `scaleX(${counts ? counts[i] / most : 0})`;
      $(".choice-count", item).textContent = counts ? counts[i] : "";
      $(".choice-said", item).textContent = [right === i && "right", mine === i && "your answer", pending === i && "sending"].filter(Boolean).join(", ");
    });
    this.#bell = question.bell;
    this.#length = question.seconds * 1000;
    this.#rung = rung;
    $("[data-bell]").classList.toggle("is-rung", rung);
    this.#tick();
  }

  // clear wipes the board: there is no question, or it is not known which.
  clear(words) {
    this.#drawn = undefined;
    this.#rung = true;
    $("[data-text]").textContent = words;
    $("[data-by]").textContent = "\u00a0";
    $("[data-choices]").replaceChildren();
    $("[data-bell]").classList.remove("is-rung");
    this.#tick();
  }

  #build({ id, text, by, choices, seconds }) {
    this.#drawn = id;
    $("[data-text]").textContent = text;
    $("[data-by]").textContent = `${by.name}${isSimulated(by) ? ", simulated," : ""} asks, for ${seconds} s`;
    $("[data-choices]").replaceChildren(...choices.map((choice, i) => this.#choice(choice, i)));
  }

  #choice(text, i) {
    return h(
      "li",
      null,
      h(
        "button",
        { class: "choice", type: "button", "data-choice": i, onclick: () => this.#choose(i) },
        h("span", { class: "fill" }),
        h("span", { class: "letter" }, letter(i)),
        h("bdi", { class: "choice-text" }, text),
        s("svg", { class: "icon tick", viewBox: "0 0 20 20", "aria-hidden": "true" }, s("path", { d: "M4.5 10.5l3.5 4 7.5-9" })),
        h("span", { class: "choice-said" }),
        h("span", { class: "number choice-count" }),
      ),
    );
  }

  // tick moves the bell's hand for as long as there is time.
  #tick() {
    cancelAnimationFrame(this.#frame);
    const running = !this.#rung && this.#clock.known;
    const left = running ? Math.max(0, this.#bell - this.#clock.now()) : 0;
    const seconds = String(Math.ceil(left / 1000));
    const shown = $("[data-seconds]");
    if (shown.textContent !== (running ? seconds : "")) shown.textContent = running ? seconds : "";
    const part = Math.min(1, (still.matches ? Math.ceil(left / 1000) * 1000 : left) / this.#length);
    $("[data-left]").style.strokeDashoffset = 1 - part;
    $("[data-bell]").classList.toggle("is-soon", running && left < 5000);
    if (running && !document.hidden) this.#frame = requestAnimationFrame(() => this.#tick());
  }
}
