// How a person steers: arrow keys or WASD, or a finger or the mouse held down where the ship should go. Space dashes.

import { DASH, THRUST } from "./world.js";

const KEYS = {
  ArrowRight: [1, 0], KeyD: [1, 0], ArrowLeft: [-1, 0], KeyA: [-1, 0],
  ArrowDown: [0, 1], KeyS: [0, 1], ArrowUp: [0, -1], KeyW: [0, -1],
};
const NEAR = 12; // px from the ship within which a finger means to stop

export class Controls {
  #held = new Set();
  #pointer; // where it is held down, in the canvas
  #heading = 0;
  #dash = false;

  // plays tells whether there is a ship to steer. If not, keys are left alone.
  constructor(canvas, plays) {
    document.addEventListener("keydown", (event) => {
      const { target, code } = event;
      if (!plays() || event.ctrlKey || event.metaKey || event.altKey || target.closest("input, select, textarea, dialog")) return;
      if (code in KEYS) this.#held.add(code);
      else if (code === "Space" && !target.closest("button, a")) this.dash(event.repeat);
      else return;
      event.preventDefault();
    });
    addEventListener("keyup", (event) => this.#held.delete(event.code));
    addEventListener("blur", () => this.#let());
    const move = (event) => {
      const box = canvas.getBoundingClientRect();
      this.#pointer = { id: event.pointerId, x: event.clientX - box.left, y: event.clientY - box.top };
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      if (this.#pointer) return this.dash(); // a second finger
      canvas.setPointerCapture(event.pointerId);
      move(event);
    });
    canvas.addEventListener("pointermove", (event) => this.#pointer?.id === event.pointerId && move(event));
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => this.#pointer?.id === event.pointerId && (this.#pointer = undefined));
    }
  }

  dash(again = false) {
    if (!again) this.#dash = true;
  }

  // input is the wish for the next step, of a ship that is at a place of the canvas.
  input(ship) {
    let [x, y] = [0, 0];
    for (const key of this.#held) {
      x += KEYS[key][0];
      y += KEYS[key][1];
    }
    if (this.#pointer) {
      x = this.#pointer.x - ship.x;
      y = this.#pointer.y - ship.y;
      if (Math.hypot(x, y) < NEAR) [x, y] = [0, 0];
    }
    const steers = x !== 0 || y !== 0;
    if (steers) this.#heading = (Math.round((Math.atan2(y, x) * 32) / Math.PI) + 64) % 64;
    const input = this.#heading | (steers ? THRUST : 0) | (this.#dash ? DASH : 0);
    this.#dash = false;
    return input;
  }

  #let() {
    this.#held.clear();
    this.#pointer = undefined;
  }
}
