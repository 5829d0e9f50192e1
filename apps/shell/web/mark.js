// The mark: the dot of its i beats for each event that arrives, and is hollow while there is no connection.

const REST = 250; // ms from beat to beat, at least
const still = matchMedia("(prefers-reduced-motion: reduce)");

export class Mark {
  #element;
  #dot;
  #last = 0;

  constructor(element) {
    this.#element = element;
    this.#dot = element.querySelector(".pulse");
    this.connected = false;
  }

  set connected(connected) {
    this.#element.classList.toggle("is-off", !connected);
  }

  beat() {
    const now = performance.now();
    if (still.matches || now - this.#last < REST) return;
    this.#last = now;
    this.#dot.animate({ transform: ["scale(1)", "scale(1.6)", "scale(1)"] }, { duration: 150, easing: "ease-out" });
  }
}
