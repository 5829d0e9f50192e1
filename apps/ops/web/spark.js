// A sparkline: a series on a small axis that begins at zero, the newest value lit.

import { s } from "/shell/dom.js";

const WIDTH = 60;

export class Spark {
  svg = s("svg", { class: "spark", viewBox: `0 0 ${WIDTH} 20`, preserveAspectRatio: "none", "aria-hidden": "true" });
  #line = s("path");
  #now = s("path", { class: "now" });

  constructor() {
    this.svg.append(this.#line, this.#now);
  }

  draw(series) {
    const most = Math.max(1, ...series);
    const at = (value, i) => `${(WIDTH - series.length + i).toFixed(0)} ${(18 - (value / most) * 16).toFixed(2)}`;
    this.#line.setAttribute("d", series.length > 1 ? `M${series.map(at).join("L")}` : "");
    this.#now.setAttribute("d", series.length ? `M${at(series.at(-1), series.length - 1)}h0` : "");
  }
}
