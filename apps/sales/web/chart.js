// Revenue over time: a bar for each half minute, the last one still growing. One can point at a bar, or walk along them
// with the arrow keys.

import { $, count, h } from "/shell/dom.js";
import { money, sum } from "./view.js";

const clock = (at, seconds) => new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: seconds ? "2-digit" : undefined });

export class Chart {
  #root;
  #bars = [];
  #data = [];
  #chosen = -1; // a bar's time; -1: none

  constructor(root) {
    this.#root = root;
    const plot = $("[data-plot]", root);
    plot.addEventListener("pointermove", (event) => this.#choose(this.#at(event)));
    plot.addEventListener("pointerdown", (event) => this.#choose(this.#at(event)));
    plot.addEventListener("pointerleave", () => document.activeElement !== plot && this.#choose(-1));
    plot.addEventListener("focus", () => this.#chosen === -1 && this.#choose(this.#data.length - 1));
    plot.addEventListener("blur", () => this.#choose(-1));
    plot.addEventListener("keydown", (event) => {
      const now = this.#index();
      const to = { ArrowLeft: now - 1, ArrowDown: now - 1, ArrowRight: now + 1, ArrowUp: now + 1, Home: 0, End: this.#data.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      this.#choose(Math.max(0, Math.min(to, this.#data.length - 1)));
    });
  }

  draw(data) {
    this.#data = data;
    const plot = $("[data-bars]", this.#root);
    while (this.#bars.length < data.length) this.#bars.push(plot.appendChild(h("i")));
    const top = nice(Math.max(10_000, ...data.map(({ cents }) => cents)));
    this.#bars.forEach((bar, i) => {
      const { cents, at } = data[i];
      if (bar.at !== at) bar.style.transition = "none"; // the window moved: no bar grows by that
      else bar.style.transition = "";
      bar.at = at;
      bar.style.height = cents ? `max(${(cents / top) * 100}%, 1px)` : "0";
      bar.classList.toggle("is-now", i === data.length - 1);
    });
    $("[data-top]", this.#root).textContent = sum(top);
    $("[data-half]", this.#root).textContent = sum(top / 2);
    const times = $("[data-times]", this.#root).children;
    [0, 20, 40].forEach((i, n) => (times[n].textContent = clock(data[i].at)));
    this.#tell();
  }

  #at(event) {
    const { left, width } = $("[data-bars]", this.#root).getBoundingClientRect();
    return Math.max(0, Math.min(this.#data.length - 1, Math.floor(((event.clientX - left) / width) * this.#data.length)));
  }

  #index() {
    const i = this.#data.findIndex(({ at }) => at === this.#chosen);
    return i < 0 ? this.#data.length - 1 : i;
  }

  #choose(i) {
    this.#chosen = this.#data[i]?.at ?? -1;
    this.#tell();
  }

  #tell() {
    const { at, cents, orders } = this.#data[this.#index()] ?? { at: 0, cents: 0, orders: 0 };
    this.#bars.forEach((bar) => bar.classList.toggle("is-chosen", bar.at === this.#chosen));
    const words = `${clock(at, true)} · ${money(cents)} · ${count(orders, "order")}`;
    $("[data-readout]", this.#root).textContent = this.#chosen === -1 ? "half minutes of the last half hour" : words;
    const plot = $("[data-plot]", this.#root);
    plot.setAttribute("aria-valuemax", Math.max(0, this.#data.length - 1));
    plot.setAttribute("aria-valuenow", this.#index());
    plot.setAttribute("aria-valuetext", words);
  }
}

// nice is the next larger sum of the kind one, two, five, ten.
function nice(cents) {
  const unit = 10 ** Math.floor(Math.log10(cents));
  return [1, 2, 4, 5, 8, 10].map((n) => n * unit).find((n) => n >= cents);
}
