// Draws the arena on a canvas: a sheet of music, the notes that lie on it, and the ships that glide over it.

import { between } from "./sight.js";
import { row } from "./wire.js";
import { HEIGHT, LIFE, PEOPLE, ROWS, SHIPS, STEER, THRUST, UNIT, WIDTH, WORTH, X, Y } from "./world.js";

const [WIDE, HIGH] = [WIDTH / UNIT, HEIGHT / UNIT];
const STAVE = 160; // px from one stave to the next
const BURST = 300; // ms
const TRAIL = 14; // places of a trail
const TRAIL_EVERY = 45; // ms
const still = matchMedia("(prefers-reduced-motion: reduce)");

const hull = new Path2D("M17 0C9 7 -1 11 -12 11Q-7 0 -12 -11C-1 -11 9 -7 17 0Z");
const head = new Path2D();
head.ellipse(0, 0, 9, 6.5, -0.35, 0, 7);

export class Scene {
  camera = { x: WIDE / 2, y: HIGH / 2, middle: 0, scale: 0 };
  #canvas;
  #pen;
  #colors;
  #font;
  #size = { w: 0, h: 0 };
  #lives = new Int32Array(SHIPS);
  #last = Array.from({ length: SHIPS }, () => ({ x: 0, y: 0 })); // where ships were shown, in px of the arena
  #trails = Array.from({ length: SHIPS }, () => []);
  #trailed = 0;
  #bursts = [];
  #place = {};

  constructor(canvas) {
    this.#canvas = canvas;
    this.#pen = canvas.getContext("2d");
    new ResizeObserver(([{ contentRect }]) => this.#resize(contentRect)).observe(canvas);
    new MutationObserver(() => this.#dye()).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    this.#dye();
  }

  // draw shows a moment. own is the ship of who looks, where it is shown, or null: then all of the arena is in view,
  // above so many px that are covered.
  draw(moment, { own = null, ghost = null, covered = 0, crew, nameOf, ms, now }) {
    const { w, h } = this.#size;
    if (!w) return;
    this.#follow(own, ms, h - covered);
    const pen = this.#pen;
    const { x, y, scale } = this.camera;
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    pen.clearRect(0, 0, w, h);
    pen.translate(w / 2, this.camera.middle);
    pen.scale(scale, scale);
    pen.translate(-x, -y);
    this.#floor(scale);
    this.#notes(moment.second);
    this.#ships(moment, own, now);
    if (!still.matches) this.#wakes(now);
    this.#hulls(moment.second, own, scale);
    if (ghost) this.#ghost(ghost, scale);
    this.#burst(now, scale);
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    if (own) {
      this.#labels(moment.second, own, crew, nameOf);
      this.#map(moment.second, own);
    }
  }

  // toScreen says where a place of the arena, in px, is on the canvas.
  toScreen({ x, y }) {
    const { camera } = this;
    return { x: (x - camera.x) * camera.scale + this.#size.w / 2, y: (y - camera.y) * camera.scale + camera.middle };
  }

  #resize({ width, height }) {
    this.#size = { w: width, h: height };
    this.#canvas.width = Math.round(width * devicePixelRatio);
    this.#canvas.height = Math.round(height * devicePixelRatio);
    this.camera.scale = 0; // look anew
  }

  #dye() {
        const probe = document.createElement("span"); // light-dark() is a colour only where it is used
    document.body.append(probe);
    this.#colors = {};
    for (const name of ["paper", "ink", "muted", "line", "edge", "accent", "accent-text"]) {
      probe.style.color = `var(--${name})`;
      this.#colors[name] = getComputedStyle(probe).color;
    }
    probe.remove();
    this.#font = `13px ${getComputedStyle(document.body).fontFamily}`;
  }

  #follow(own, ms, h) {
    const { w } = this.#size;
    const { camera } = this;
    const whole = Math.min(w / (WIDE + 48), h / (HIGH + 48));
    const scale = own ? Math.max(whole, Math.min(1.15, Math.max(0.68, w / 1000))) : whole;
    const keep = (at, size, view) => (size * scale <= view ? size / 2 : Math.max(view / 2 / scale - 24, Math.min(size - view / 2 / scale + 24, at)));
    const x = keep(own ? own.x : WIDE / 2, WIDE, w);
    const y = keep(own ? own.y : HIGH / 2, HIGH, h);
    const ease = camera.scale === 0 || still.matches ? 1 : 1 - Math.exp(-ms / 90);
    camera.x += (x - camera.x) * ease;
    camera.y += (y - camera.y) * ease;
    camera.scale += (scale - camera.scale) * ease;
    camera.middle += (h / 2 - camera.middle) * ease;
  }

  #floor(scale) {
    const pen = this.#pen;
    pen.strokeStyle = this.#colors.line;
    pen.lineWidth = 1 / scale;
    pen.beginPath();
    for (let y = STAVE / 2; y < HIGH; y += STAVE) {
      for (let line = -2; line <= 2; line++) {
        pen.moveTo(0, y + 16 * line);
        pen.lineTo(WIDE, y + 16 * line);
      }
      for (let x = 480; x < WIDE; x += 480) {
        pen.moveTo(x, y - 32);
        pen.lineTo(x, y + 32);
      }
    }
    pen.stroke();
    pen.strokeStyle = this.#colors.edge;
    pen.lineWidth = 1.5 / scale;
    pen.beginPath();
    pen.roundRect(0, 0, WIDE, HIGH, 10);
    pen.stroke();
  }

  #notes(frame) {
    const pen = this.#pen;
    pen.fillStyle = pen.strokeStyle = this.#colors.ink;
    pen.lineWidth = 1.6;
    pen.beginPath();
    for (let i = SHIPS; i < ROWS; i++) {
      const note = row(frame, i);
      const [x, y] = [note[X] / UNIT, note[Y] / UNIT];
      pen.translate(x, y);
      pen.fill(head);
      pen.translate(-x, -y);
      const up = y % STAVE >= STAVE / 2; // below the middle line, stems point up
      pen.moveTo(up ? x + 8.3 : x - 8.3, y);
      pen.lineTo(up ? x + 8.3 : x - 8.3, up ? y - 40 : y + 40);
    }
    pen.stroke();
  }

  // ships finds where each is, and which ones were knocked out just now.
  #ships(moment, own, now) {
    const sample = now - this.#trailed > TRAIL_EVERY;
    if (sample) this.#trailed = now;
    for (let i = 0; i < SHIPS; i++) {
      const life = row(moment.second, i)[LIFE];
      const last = this.#last[i];
      if (life !== this.#lives[i]) this.#trails[i].length = 0;
      if (life < 0 && this.#lives[i] === -life) this.#bursts.push({ ...last, at: now, own: i === own?.ship });
      this.#lives[i] = life;
      if (life <= 0) continue;
      const { x, y } = i === own?.ship ? { x: own.x * UNIT, y: own.y * UNIT } : between(moment, i, this.#place);
      last.x = x / UNIT;
      last.y = y / UNIT;
      const trail = this.#trails[i];
      if (sample) trail.push({ x: last.x, y: last.y });
      if (trail.length > TRAIL) trail.shift();
    }
  }

  #wakes(now) {
    const pen = this.#pen;
    pen.strokeStyle = this.#colors.edge;
    pen.lineCap = "round";
    for (let part = 0; part < 3; part++) {
      pen.globalAlpha = 0.1 + 0.13 * part;
      pen.lineWidth = 2 + 1.5 * part;
      pen.beginPath();
      for (let i = 0; i < SHIPS; i++) {
        if (this.#lives[i] <= 0) continue;
        const trail = this.#trails[i];
        const [from, to] = [Math.floor((trail.length * part) / 3), Math.floor((trail.length * (part + 1)) / 3)];
        if (from === to) continue;
        pen.moveTo(trail[from].x, trail[from].y);
        for (let k = from + 1; k < to; k++) pen.lineTo(trail[k].x, trail[k].y);
        if (part === 2) pen.lineTo(this.#last[i].x, this.#last[i].y);
        else pen.lineTo(trail[to].x, trail[to].y);
      }
      pen.stroke();
    }
    pen.globalAlpha = 1;
  }

  #hulls(frame, own, scale) {
    const pen = this.#pen;
    const { paper, ink, accent } = this.#colors;
    const size = Math.max(1, 0.26 / scale); // small, but to be seen
    for (let i = 0; i < SHIPS; i++) {
      if (this.#lives[i] <= 0) continue;
      const mine = i === own?.ship;
      const input = mine ? own.input : row(frame, i)[STEER];
      const { x, y } = this.#last[i];
      pen.save();
      pen.translate(x, y);
      pen.rotate(((input % 64) * Math.PI) / 32);
      pen.scale(size, size);
      pen.strokeStyle = mine ? accent : ink;
      pen.fillStyle = mine ? accent : i < PEOPLE ? ink : paper;
      pen.lineWidth = Math.max(1.6, 1.1 / scale) / size;
      pen.fill(hull);
      pen.stroke(hull);
      if (input & THRUST) {
        pen.beginPath();
        pen.moveTo(-15, -3);
        pen.lineTo(-21, 0);
        pen.lineTo(-15, 3);
        pen.stroke();
      }
      pen.restore();
    }
  }

  // ghost is where the server last said that the ship of who looks is.
  #ghost({ x, y }, scale) {
    const pen = this.#pen;
    pen.strokeStyle = this.#colors.accent;
    pen.lineWidth = 1.25 / scale;
    pen.setLineDash([4, 4]);
    pen.beginPath();
    pen.arc(x, y, 18, 0, 7);
    pen.stroke();
    pen.setLineDash([]);
  }

  #burst(now, scale) {
    const pen = this.#pen;
    this.#bursts = this.#bursts.filter(({ at }) => now - at < BURST);
    for (const { x, y, at, own } of this.#bursts) {
      const share = still.matches ? 0.5 : (now - at) / BURST;
      pen.strokeStyle = own ? this.#colors.accent : this.#colors.ink;
      pen.globalAlpha = 1 - share;
      pen.lineWidth = 2 / scale;
      pen.beginPath();
      for (let ray = 0; ray < 8; ray++) {
        const [dx, dy] = [Math.cos((ray * Math.PI) / 4), Math.sin((ray * Math.PI) / 4)];
        pen.moveTo(x + dx * (10 + 24 * share), y + dy * (10 + 24 * share));
        pen.lineTo(x + dx * (18 + 34 * share), y + dy * (18 + 34 * share));
      }
      pen.stroke();
    }
    pen.globalAlpha = 1;
  }

  #labels(frame, own, crew, nameOf) {
    const pen = this.#pen;
    const { w, h } = this.#size;
    pen.font = this.#font;
    pen.textAlign = "center";
    for (let i = 0; i < SHIPS; i++) {
      if (this.#lives[i] <= 0) continue;
      const { x, y } = this.toScreen(this.#last[i]);
      if (x < -60 || x > w + 60 || y < -40 || y > h + 10) continue;
      const worth = row(frame, i)[WORTH];
      const mine = i === own.ship;
      const words = mine ? String(worth) : worth ? `${nameOf(crew, i)} ${worth}` : nameOf(crew, i);
      pen.lineWidth = 3;
      pen.strokeStyle = this.#colors.paper;
      pen.fillStyle = mine ? this.#colors["accent-text"] : i < PEOPLE ? this.#colors.ink : this.#colors.muted;
      pen.strokeText(words, x, y + 32);
      pen.fillText(words, x, y + 32);
    }
  }

  // map is the arena in a corner.
  #map(frame, own) {
    const pen = this.#pen;
    const { w, h } = this.#size;
    const wide = w < 560 ? 96 : 144;
    const scale = wide / WIDE;
    const [left, top] = [16, h - HIGH * scale - 16];
    pen.fillStyle = this.#colors.paper;
    pen.strokeStyle = this.#colors.edge;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.roundRect(left - 0.5, top - 0.5, wide, HIGH * scale, 4);
    pen.fill();
    pen.stroke();
    for (let i = 0; i < SHIPS; i++) {
      if (this.#lives[i] <= 0) continue;
      const mine = i === own.ship;
      pen.fillStyle = mine ? this.#colors.accent : i < PEOPLE ? this.#colors.ink : this.#colors.muted;
      const r = mine ? 3 : 1.5;
      pen.beginPath();
      pen.arc(left + this.#last[i].x * scale, top + this.#last[i].y * scale, r, 0, 7);
      pen.fill();
    }
  }
}
