// The map on the page: what part of the city is seen, moved by mouse, touch and keyboard, and what moves in it.

import { fit, inks, print } from "./city.js";
import { drawVehicle, place } from "./traffic.js";

const CLOSEST = 1.7; // pixels a metre
const FIRST = 0.3; // pixels a metre in the beginning, at least
const STEP = 90; // pixels that an arrow key moves the map
const STILL = 6; // pixels that a click may move

export class CityMap {
  city;
  #element;
  #ground;
  #top;
  #traffic;
  #orders; // returns what is drawn of one's orders
  #chosen = {}; // start and goal, before they are ordered
  #colours = {};
  #view = { scale: 0, x: 0, y: 0 };
  #size = { width: 0, height: 0, sharpness: 1 };
  #stale = true; // the ground is to be printed anew
  #pointers = new Map();
  #press; // where and at what distance of two fingers
  #follow; // returns where the vehicle is that is followed

  // moved is called when another part is seen, picked with a point of the city, and left when the map is no longer at
  // what it followed.
  constructor(element, city, traffic, { orders, moved, picked, left }) {
    this.city = city;
    this.#element = element;
    [this.#ground, this.#top] = element.querySelectorAll("canvas");
    this.#traffic = traffic;
    this.#orders = orders;
    this.moved = moved;
    this.picked = picked;
    this.left = left;
    this.#listen();
    new ResizeObserver(() => this.#lay()).observe(element);
    new MutationObserver(() => this.#lay()).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    requestAnimationFrame(this.#draw);
  }

  get scale() {
    return this.#view.scale;
  }

  set chosen(points) {
    this.#chosen = points;
  }

  // follow keeps a place in the middle of the map, until the map is moved by hand.
  follow(where) {
    this.#follow = where;
    if (where && this.#view.scale < 0.6) this.zoom(0.6 / this.#view.scale);
  }

  // cells are the names of those that are seen.
  cells() {
    const { cell, columns, cells, size } = this.city;
    const { width, height } = this.#size;
    const { x, y, scale } = this.#view;
    const seen = [];
    if (!scale) return seen; // it is not laid out yet
    const last = (end, limit) => Math.min(Math.ceil(end / cell), Math.ceil(limit / cell)) - 1;
    for (let row = Math.max(0, Math.floor(y / cell)); row <= last(y + height / scale, size[1]); row++) {
      for (let column = Math.max(0, Math.floor(x / cell)); column <= last(x + width / scale, size[0]); column++) seen.push(cells[row * columns + column]);
    }
    return seen;
  }

  zoom(factor, at = [this.#size.width / 2, this.#size.height / 2]) {
    const { x, y, scale } = this.#view;
    const wanted = Math.min(CLOSEST, Math.max(this.#farthest(), scale * factor));
    this.#look(x + at[0] / scale - at[0] / wanted, y + at[1] / scale - at[1] / wanted, wanted);
  }

  whole() {
    this.#leave();
    this.#look(0, 0, this.#farthest(), true);
  }

  #farthest() {
    const { width, height } = this.#size;
    return Math.max(width / this.city.size[0], height / this.city.size[1]);
  }

  #leave() {
    if (!this.#follow) return;
    this.#follow = undefined;
    this.left();
  }

  // look moves the view, and never beyond the city.
  #look(x, y, scale = this.#view.scale, middle = false) {
    const { width, height } = this.#size;
    const [wide, high] = [this.city.size[0] - width / scale, this.city.size[1] - height / scale];
    const view = { scale, x: Math.max(0, Math.min(wide, middle ? wide / 2 : x)), y: Math.max(0, Math.min(high, middle ? high / 2 : y)) };
    const old = this.#view;
    if (Math.abs(view.x - old.x) * scale < 0.3 && Math.abs(view.y - old.y) * scale < 0.3 && view.scale === old.scale) return;
    this.#view = view;
    this.#stale = true;
    this.moved();
  }

  #lay() {
    const { clientWidth: width, clientHeight: height } = this.#element;
    if (!width || !height) return;
    const { scale, x, y } = this.#view;
    const middle = [x + this.#size.width / 2 / scale, y + this.#size.height / 2 / scale];
    this.#colours = inks(this.#element);
    fit(this.#top, width, height);
    this.#size = { width, height, sharpness: fit(this.#ground, width, height) };
    this.#stale = true;
    if (!scale) return this.#look(0, 0, Math.max(FIRST, this.#farthest()), true);
    const now = Math.max(scale, this.#farthest());
    this.#look(middle[0] - width / 2 / now, middle[1] - height / 2 / now, now);
  }

  #draw = (now) => {
    requestAnimationFrame(this.#draw);
    const { width, height, sharpness } = this.#size;
    if (!width) return;
    const at = this.#follow?.(now);
    if (at) {
      const { x, y, scale } = this.#view;
      const ease = matchMedia("(prefers-reduced-motion: reduce)").matches ? 1 : 0.12;
      this.#look(x + (at.x - width / 2 / scale - x) * ease, y + (at.y - height / 2 / scale - y) * ease);
    }
    if (this.#stale) print(this.#ground.getContext("2d"), this.city, this.#colours, this.#view, this.#size);
    this.#stale = false;

    const context = this.#top.getContext("2d");
    context.setTransform(sharpness, 0, 0, sharpness, 0, 0);
    context.clearRect(0, 0, width, height);
    this.#drawOrders(context, now);
    if (document.activeElement === this.#element && this.#element.matches(":focus-visible")) this.#drawCross(context);
  };

  #onScreen({ x, y }) {
    return [(x - this.#view.x) * this.#view.scale, (y - this.#view.y) * this.#view.scale];
  }

  #drawOrders(context, now) {
    const colours = this.#colours;
    const { width, height } = this.#size;
    const size = Math.min(20, 4 + 15 * this.#view.scale);
    const orders = this.#orders(now);
    context.lineJoin = context.lineCap = "round";
    for (const { way } of orders) {
      for (const [colour, wide] of [[colours.paper, 6], [colours.accent, 2.5]]) {
        context.strokeStyle = colour;
        context.lineWidth = wide;
        context.beginPath();
        way.forEach((point, i) => context[i ? "lineTo" : "moveTo"](...this.#onScreen(point)));
        context.stroke();
      }
    }
    for (const vehicle of this.#traffic.present()) {
      const [x, y] = this.#onScreen(place(vehicle, now));
      if (x < -20 || y < -20 || x > width + 20 || y > height + 20) continue;
      if (!orders.some((order) => order.vehicle === vehicle.number)) drawVehicle(context, colours, vehicle, x, y, size);
    }
    for (const { from, to, vehicle, at } of orders) {
      this.#drawPin(context, from, "A", false);
      this.#drawPin(context, to, "B", true);
      if (!at) continue;
      const [x, y] = this.#onScreen(at);
      context.beginPath();
      context.arc(x, y, size * 1.15, 0, 2 * Math.PI);
      context.fillStyle = colours.paper;
      context.globalAlpha = 0.75;
      context.fill();
      context.globalAlpha = 1;
      context.strokeStyle = colours.accent;
      context.lineWidth = 1.5;
      context.stroke();
      drawVehicle(context, colours, this.#traffic.vehicles.get(vehicle) ?? { status: 2 }, x, y, size * 1.4, colours.accent);
    }
    if (this.#chosen.start) this.#drawPin(context, this.#chosen.start, "A", false);
    if (this.#chosen.goal) this.#drawPin(context, this.#chosen.goal, "B", true);
  }

  #drawPin(context, point, letter, end) {
    const { ink, paper } = this.#colours;
    const [x, y] = this.#onScreen(point);
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x - 5, y - 10);
    context.arc(x, y - 19, 10, Math.PI * 0.68, Math.PI * 2.32);
    context.closePath();
    context.fillStyle = end ? ink : paper;
    context.strokeStyle = end ? paper : ink;
    context.lineWidth = 1.5;
    context.fill();
    context.stroke();
    context.font = "600 12px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillStyle = end ? paper : ink;
    context.fillText(letter, x, y - 18.5);
  }

  #drawCross(context) {
    const [x, y] = [this.#size.width / 2, this.#size.height / 2];
    for (const [colour, wide] of [[this.#colours.paper, 4], [this.#colours.ink, 1.5]]) {
      context.strokeStyle = colour;
      context.lineWidth = wide;
      context.beginPath();
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        context.moveTo(x + dx * 4, y + dy * 4);
        context.lineTo(x + dx * 14, y + dy * 14);
      }
      context.stroke();
    }
  }

  #listen() {
    const element = this.#element;
    const at = (event) => {
      const box = element.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    const pick = ([x, y]) => this.picked({ x: this.#view.x + x / this.#view.scale, y: this.#view.y + y / this.#view.scale });

    element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      element.setPointerCapture(event.pointerId);
      this.#pointers.set(event.pointerId, at(event));
      this.#press = this.#pointers.size === 1 ? at(event) : undefined; // two fingers are no click
    });
    element.addEventListener("pointermove", (event) => {
      const before = this.#pointers.get(event.pointerId);
      if (!before) return;
      const now = at(event);
      const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
      if (this.#press && Math.hypot(now[0] - this.#press[0], now[1] - this.#press[1]) < STILL) return;
      this.#press = undefined;
      this.#pointers.set(event.pointerId, now);
      this.#leave();
      element.classList.add("is-moving");
      const { x, y, scale } = this.#view;
      const share = other ? 2 : 1; // each of two fingers moves the middle between them by half
      this.#look(x - (now[0] - before[0]) / scale / share, y - (now[1] - before[1]) / scale / share);
      if (!other) return;
      const apart = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]);
      this.zoom(apart(now) / Math.max(1, apart(before)), [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2]);
    });
    const up = (event) => {
      if (event.type === "pointerup" && this.#press && this.#pointers.has(event.pointerId)) pick(this.#press);
      this.#pointers.delete(event.pointerId);
      this.#press = undefined;
      if (this.#pointers.size === 0) element.classList.remove("is-moving");
    };
    element.addEventListener("pointerup", up);
    element.addEventListener("pointercancel", up);
    element.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002)), at(event));
    }, { passive: false });
    element.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const { x, y, scale } = this.#view;
      const step = STEP / scale;
      const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
      const move = moves[event.key];
      if (move) {
        this.#leave();
        this.#look(x + move[0], y + move[1]);
      } else if (event.key === "+" || event.key === "=") this.zoom(1.4);
      else if (event.key === "-") this.zoom(1 / 1.4);
      else if (event.key === "0") this.whole();
      else if (event.key === "Enter" || event.key === " ") pick([this.#size.width / 2, this.#size.height / 2]);
      else return;
      event.preventDefault();
    });
  }
}
