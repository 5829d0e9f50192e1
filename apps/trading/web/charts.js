// The charts, drawn by hand as SVG.

import { s } from "/shell/dom.js";
import { money } from "./money.js";

const LEVELS = 14; // prices of each side in the depth, so that one far away does not press the others together

// levels adds up what waits on one side at each price, the best first.
export function levels(book, side) {
  const sums = [];
  for (const [which, price, quantity] of book ?? []) {
    if (which !== side) continue;
    if (sums.at(-1)?.price === price) sums.at(-1).quantity += quantity;
    else sums.push({ price, quantity });
  }
  return sums;
}

// Chart is an SVG as large as its figure; paint(width, height) returns what is in it.
export class Chart {
  #svg = s("svg", { "aria-hidden": "true" });
  #paint;
  #width = 0;
  #height = 0;

  constructor(figure, paint) {
    this.#paint = paint;
    figure.append(this.#svg);
    new ResizeObserver(([{ contentRect }]) => {
      this.#width = contentRect.width;
      this.#height = contentRect.height;
      this.draw();
    }).observe(figure);
  }

  draw() {
    if (this.#width > 0 && this.#height > 0) this.#svg.replaceChildren(...this.#paint(this.#width, this.#height));
  }
}

// steps is the path of values that hold until the next one.
const steps = (points) => points.map(([x, y], i) => (i ? `H${x.toFixed(1)}V${y.toFixed(1)}` : `M${x.toFixed(1)} ${y.toFixed(1)}`)).join("");

const scale = (low, high, from, to) => (value) => from + ((value - low) / (high - low || 1)) * (to - from);

export function spark(trades, width, height) {
  const prices = trades.slice(-48).map(({ price }) => price);
  const y = scale(Math.min(...prices), Math.max(...prices), height - 3, 3);
  const x = scale(0, prices.length - 1, 1, width - 1);
  return s("path", { class: "spark", d: steps(prices.map((price, i) => [x(i), y(price)])) });
}

// prices draws a price trade by trade; a ring is a trade of one's own.
export function prices(trades, mine, tick, width, height) {
  const shown = trades.slice(-Math.round(width / 5));
  if (shown.length < 2) return [s("text", { x: 0, y: height / 2 }, "There is no line before two trades.")];
  const all = shown.map(({ price }) => price);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const [bottom, top] = [low - tick, high + tick];
  const right = width - 56;
  const x = scale(0, shown.length - 1, 0, right - 8);
  const y = scale(bottom, top, height - 8, 12);
  const last = shown.at(-1).price;
  const marks = [high, low].filter((price) => Math.abs(y(price) - y(last)) > 16);
  return [
    ...[high, (high + low) / 2, low].map((price) => s("line", { class: "grid", x1: 0, x2: right, y1: Math.round(y(price)) + 0.5, y2: Math.round(y(price)) + 0.5 })),
    s("path", { class: "line", d: steps(shown.map(({ price }, i) => [x(i), y(price)])) }),
    ...shown.map(({ no, price }, i) => mine.has(no) && s("circle", { class: "own", cx: x(i), cy: y(price), r: 4 })).filter(Boolean),
    s("circle", { class: "now", cx: x(shown.length - 1), cy: y(last), r: 4 }),
    ...marks.map((price) => s("text", { x: width, y: y(price) + 4, "text-anchor": "end" }, money(price))),
    s("text", { class: "now-price", x: width, y: y(last) + 4, "text-anchor": "end" }, money(last)),
  ];
}

// depth draws how much waits up to each price: who buys on the left, who sells on the right.
export function depth(book, width, height, bare = false) {
  const sides = [1, -1].map((side) => {
    let sum = 0;
    return levels(book, side).slice(0, LEVELS).map(({ price, quantity }) => ({ price, sum: (sum += quantity) }));
  });
  const [bids, asks] = sides;
  if (!bids.length && !asks.length) return bare ? [] : [s("text", { x: 0, y: height / 2 }, "Nobody waits in the book.")];
  const best = [bids[0] ?? asks[0], asks[0] ?? bids[0]].map(({ price }) => price);
  const mid = (best[0] + best[1]) / 2;
  const far = sides.map((side) => Math.abs((side.at(-1)?.price ?? mid) - mid));
  const near = Math.min(...far.filter((distance) => distance > 0));
  const reach = Math.max(1, Math.min(Math.max(...far), 2 * near));
  const base = bare ? height : height - 20;
  const x = scale(mid - reach, mid + reach, 0, width);
  const y = scale(0, Math.max(...sides.map((side) => side.at(-1)?.sum ?? 0)), base, 8);
  const area = (side, edge) => {
    if (!side.length) return "";
    const path = side.filter(({ price }) => Math.abs(price - mid) <= reach).map(({ price, sum }) => `H${x(price).toFixed(1)}V${y(sum).toFixed(1)}`).join("");
    return `M${x(side[0].price).toFixed(1)} ${base}${path}H${edge}V${base}`;
  };
  const shapes = [
    s("path", { class: "bids", d: area(bids, 0) }),
    s("path", { class: "asks", d: area(asks, width) }),
    s("line", { class: "mid", x1: x(mid), x2: x(mid), y1: bare ? 16 : 4, y2: base }),
  ];
  if (bare) return shapes;
  return [
    ...shapes,
    s("line", { class: "grid", x1: 0, x2: width, y1: base + 0.5, y2: base + 0.5 }),
    s("text", { x: 0, y: height - 3 }, `${money(Math.round(mid - reach))} wanted`),
    s("text", { x: width / 2, y: height - 3, "text-anchor": "middle" }, money(Math.round(mid))),
    s("text", { x: width, y: height - 3, "text-anchor": "end" }, `for sale ${money(Math.round(mid + reach))}`),
  ];
}
