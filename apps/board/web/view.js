// The view: which part of the paper is seen, and how large.

import { HEIGHT, WIDTH } from "./paint.js";

const MOST = 4; // times the size of the paper's units
const MARGIN = 16; // px around the paper

export class View {
  scale = 1;
  x = 0; // where the paper begins in the stage
  y = 0;
  #stage;
  #changed;
  #own = false; // somebody has chosen the part that is seen

  constructor(stage, changed) {
    this.#stage = stage;
    this.#changed = changed;
    new ResizeObserver(() => (this.#own ? this.#keep() : this.fit())).observe(stage);
    stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  // fit shows all of the paper; on a narrow stage, where that would be tiny, half of it at first.
  fit(all = false) {
    const { clientWidth: width, clientHeight: height } = this.#stage;
    const whole = Math.min((width - 2 * MARGIN) / WIDTH, (height - 2 * MARGIN) / HEIGHT);
    const tall = (height - 2 * MARGIN) / HEIGHT;
    this.scale = !all && width < 600 ? Math.min(tall, whole * 2) : whole;
    this.x = (width - WIDTH * this.scale) / 2;
    this.y = (height - HEIGHT * this.scale) / 2;
    if (!all && width < 600) this.x = MARGIN;
    this.#own = false;
    this.#changed();
  }

  // zoom keeps the point of the stage where it is.
  zoom(factor, x = this.#stage.clientWidth / 2, y = this.#stage.clientHeight / 2) {
    const { clientWidth: width, clientHeight: height } = this.#stage;
    const least = Math.min((width - 2 * MARGIN) / WIDTH, (height - 2 * MARGIN) / HEIGHT) / 1.2;
    const scale = Math.max(least, Math.min(MOST, this.scale * factor));
    this.x = x - ((x - this.x) * scale) / this.scale;
    this.y = y - ((y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.#keep();
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.#keep();
  }

  // reveal brings a point of the paper into sight.
  reveal([px, py]) {
    const [x, y] = this.toStage([px, py]);
    const { clientWidth: width, clientHeight: height } = this.#stage;
    const edge = 40;
    const dx = x < edge ? edge - x : x > width - edge ? width - edge - x : 0;
    const dy = y < edge ? edge - y : y > height - edge ? height - edge - y : 0;
    if (dx || dy) this.pan(dx, dy);
  }

  toPaper(event) {
    const box = this.#stage.getBoundingClientRect();
    return [(event.clientX - box.left - this.x) / this.scale, (event.clientY - box.top - this.y) / this.scale];
  }

  toStage([x, y]) {
    return [x * this.scale + this.x, y * this.scale + this.y];
  }

  // keep leaves a part of the paper in sight, whatever is done.
  #keep() {
    const { clientWidth: width, clientHeight: height } = this.#stage;
    this.x = Math.max(width / 2 - WIDTH * this.scale, Math.min(width / 2, this.x));
    this.y = Math.max(height / 2 - HEIGHT * this.scale, Math.min(height / 2, this.y));
    this.#own = true;
    this.#changed();
  }

  #wheel(event) {
    event.preventDefault();
    const box = this.#stage.getBoundingClientRect();
    if (event.ctrlKey || event.metaKey) this.zoom(Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
    else if (event.shiftKey) this.pan(-event.deltaY, 0);
    else this.pan(-event.deltaX, -event.deltaY);
  }
}
