// The panel's card on the start page: a line for each application, on which its seconds are played, as tall as what
// went out in them.

import { count, s } from "/shell/dom.js";
import { Minute, size } from "./minute.js";

const WIDTH = 320;
const HEIGHT = 232;
const EDGE = 24;

export function draw(live, { drawing, facts }) {
  const minute = new Minute();
  const svg = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", width: "100%", height: "100%" });
  const lines = s("path", { fill: "none", stroke: "var(--line)", "vector-effect": "non-scaling-stroke" });
  const past = s("path", { fill: "none", stroke: "var(--ink)", "stroke-width": 1.25, "vector-effect": "non-scaling-stroke" });
  const now = s("path", { fill: "none", stroke: "var(--accent)", "stroke-width": 2, "vector-effect": "non-scaling-stroke" });
  svg.append(lines, past, now);
  drawing.append(svg);

  live.socket.on("history", (ticks) => {
    minute.begin(ticks);
    show();
  });
  live.socket.on("tick", (tick) => {
    minute.add(tick);
    show();
  });

  function show() {
    const { last } = minute;
    if (!last) return;
    const gap = (HEIGHT - 2 * EDGE) / last.apps.length;
    const [all, before, newest] = [[], [], []];
    last.apps.forEach(({ name }, i) => {
      const y = Math.round(EDGE + gap * (i + 0.75)) + 0.5;
      all.push(`M${EDGE} ${y}H${WIDTH - EDGE}`);
      const series = minute.series((tick) => tick.apps.find((app) => app.name === name)?.out ?? 0);
      const most = Math.max(1, ...series);
      series.forEach((value, j) => {
        const x = WIDTH - EDGE - (series.length - 1 - j) * ((WIDTH - 2 * EDGE) / 60);
        if (value) (j === series.length - 1 ? newest : before).push(`M${x.toFixed(1)} ${y}v${(-value / most) * gap * 0.7}`);
      });
    });
    lines.setAttribute("d", all.join(""));
    past.setAttribute("d", before.join(""));
    now.setAttribute("d", newest.join(""));
    facts.textContent = [count(last.connections, "connection"), `${size(last.in)} in and ${size(last.out)} out a second`].join(" · ");
  }
}
