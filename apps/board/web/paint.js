// How objects look, and where they are. Everything here is in the units of the paper.

export const WIDTH = 1600;
export const HEIGHT = 900;
const SIZES = { 2: 18, 4: 26, 8: 40 }; // of text, by the width of the pen

// INKS are what one draws with: the tokens, and two more that are read well on both papers.
export const INKS = {
  ink: "var(--ink)",
  pencil: "var(--muted)",
  red: "var(--accent-text)",
  green: "var(--live)",
  ochre: "var(--warn)",
  blue: "light-dark(#2b5aa8, #84aef5)",
  violet: "light-dark(#7d3f98, #c792e0)",
};
const COLORS = { ...INKS, paper: "var(--paper)", line: "var(--line)" };
const measure = document.createElement("canvas").getContext("2d");

// palette reads the colours of the theme, and calls changed when there is another one.
export function palette(changed) {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const colors = {};
  const read = () => {
    for (const [name, value] of Object.entries(COLORS)) {
      probe.style.color = value;
      colors[name] = getComputedStyle(probe).color;
    }
    changed();
  };
  new MutationObserver(read).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", read);
  queueMicrotask(read);
  return colors;
}

// paper draws the sheet: a fine grid of dots on plain paper.
export function paper(context, colors, scale) {
  context.fillStyle = colors.paper;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  const step = scale < 0.4 ? 80 : 40;
  const size = 1.5 / scale;
  context.fillStyle = colors.line;
  for (let x = step; x < WIDTH; x += step) for (let y = step; y < HEIGHT; y += step) context.fillRect(x - size / 2, y - size / 2, size, size);
  context.strokeStyle = colors.line;
  context.lineWidth = 1 / scale;
  context.strokeRect(0, 0, WIDTH, HEIGHT);
}

// draw draws an object; what waits to be sent is pale.
export function draw(context, object, colors, waiting = false) {
  context.save();
  context.globalAlpha = waiting ? 0.5 : 1;
  context.fillStyle = context.strokeStyle = colors[object.color] ?? colors.ink;
  context.lineWidth = object.width;
  context.lineCap = context.lineJoin = "round";
  if (waiting && object.kind !== "stroke") context.setLineDash([object.width * 3, object.width * 2.5]);
  if (object.kind === "text") {
    context.font = font(object);
    context.textBaseline = "top";
    context.fillText(object.text, object.points[0][0], object.points[0][1]);
  } else if (object.kind === "stroke") {
    context.fill(outline(object.points));
  } else {
    context.stroke(shape(object));
  }
  context.restore();
}

const outlines = new WeakMap();

// outline is a stroke as an area, wider where it is: a round for each point of a smooth line, and what lies between
// them. All turn the same way round, so that where they overlap stays full.
function outline(points) {
  if (outlines.has(points)) return outlines.get(points);
  const path = new Path2D();
  const line = smooth(points);
  line.forEach(([x, y, radius], i) => {
    path.moveTo(x + radius, y);
    path.arc(x, y, radius, 0, 2 * Math.PI);
    if (i === 0) return;
    const [px, py, before] = line[i - 1];
    const length = Math.hypot(x - px, y - py);
    if (!length) return;
    const [nx, ny] = [(y - py) / length, (px - x) / length];
    path.moveTo(px + nx * before, py + ny * before);
    path.lineTo(x + nx * radius, y + ny * radius);
    path.lineTo(x - nx * radius, y - ny * radius);
    path.lineTo(px - nx * before, py - ny * before);
    path.closePath();
  });
  outlines.set(points, path);
  return path;
}

// smooth goes through the middles between points, bent towards the points: x, y and radius.
function smooth(points) {
  const at = points.map(([x, y, width]) => [x, y, Math.max(width, 4) / 20]);
  if (at.length < 3) return at;
  const middle = (a, b) => a.map((v, i) => (v + b[i]) / 2);
  const line = [at[0]];
  let from = at[0];
  for (let i = 1; i < at.length - 1; i++) {
    const to = i === at.length - 2 ? at[i + 1] : middle(at[i], at[i + 1]);
    const steps = Math.min(8, Math.max(1, Math.round(Math.hypot(to[0] - from[0], to[1] - from[1]) / 4)));
    for (let k = 1; k <= steps; k++) {
      const t = k / steps;
      line.push(from.map((v, j) => (1 - t) ** 2 * v + 2 * t * (1 - t) * at[i][j] + t * t * to[j]));
    }
    from = to;
  }
  return line;
}

function shape({ kind, points: [[x1, y1], [x2, y2]], width }) {
  const path = new Path2D();
  if (kind === "rect") {
    path.roundRect(Math.min(x1, x2), Math.min(y1, y2), Math.abs(x2 - x1), Math.abs(y2 - y1), 4);
  } else if (kind === "ellipse") {
    path.ellipse((x1 + x2) / 2, (y1 + y2) / 2, Math.abs(x2 - x1) / 2, Math.abs(y2 - y1) / 2, 0, 0, 2 * Math.PI);
  } else {
    path.moveTo(x1, y1);
    path.lineTo(x2, y2);
  }
  if (kind === "arrow") {
    const length = Math.min(10 + width * 2, Math.hypot(x2 - x1, y2 - y1) / 2);
    const angle = Math.atan2(y2 - y1, x2 - x1);
    for (const turn of [-0.5, 0.5]) {
      path.moveTo(x2, y2);
      path.lineTo(x2 - length * Math.cos(angle + turn), y2 - length * Math.sin(angle + turn));
    }
  }
  return path;
}

const font = ({ width }) => `${SIZES[width] ?? 26}px system-ui, sans-serif`;

// bounds is the smallest box around an object: left, top, right, bottom.
export function bounds(object) {
  const xs = object.points.map(([x]) => x);
  const ys = object.points.map(([, y]) => y);
  const box = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  if (object.kind === "text") {
    measure.font = font(object);
    box[2] += measure.measureText(object.text).width;
    box[3] += (SIZES[object.width] ?? 26) * 1.2;
  }
  return box;
}

// fit shortens a way so that objects stay on the paper, as the server has it: by their points.
export function fit(objects, [dx, dy]) {
  for (const { points } of objects) {
    for (const [x, y] of points) {
      dx = Math.max(-x, Math.min(WIDTH - x, dx));
      dy = Math.max(-y, Math.min(HEIGHT - y, dy));
    }
  }
  return [Math.round(dx), Math.round(dy)];
}

export const moved = (object, [dx, dy]) => ({ ...object, points: object.points.map(([x, y, w]) => [x + dx, y + dy, w]) });

// find returns the topmost object at a point: one whose line is near, or else one that has the point within.
export function find(objects, x, y, near) {
  const top = [...objects].reverse();
  return top.find((object) => touches(object, x, y, near)) ?? top.find((object) => contains(object, x, y));
}

const contains = (object, x, y) => {
  const [left, top, right, bottom] = bounds(object);
  return (object.kind === "rect" || object.kind === "ellipse") && x > left && x < right && y > top && y < bottom;
};

export function touches(object, x, y, near) {
  const { kind, points, width } = object;
  const [left, top, right, bottom] = bounds(object);
  const reach = near + width / 2;
  if (x < left - reach || x > right + reach || y < top - reach || y > bottom + reach) return false;
  if (kind === "text") return true;
  if (kind === "rect") return x < left + reach || x > right - reach || y < top + reach || y > bottom - reach;
  if (kind === "ellipse") {
    const [rx, ry] = [Math.max(1, (right - left) / 2), Math.max(1, (bottom - top) / 2)];
    return Math.abs(Math.hypot((x - left - rx) / rx, (y - top - ry) / ry) - 1) * Math.min(rx, ry) < reach;
  }
  return points.some((point, i) => distance(x, y, points[Math.max(0, i - 1)], point) < reach);
}

function distance(x, y, [ax, ay], [bx, by]) {
  const length = (bx - ax) ** 2 + (by - ay) ** 2;
  const t = length ? Math.max(0, Math.min(1, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length)) : 0;
  return Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay));
}
