// The city as a printed map. It is drawn anew when the view changes, and lies still below the vehicles otherwise.

// Colours are mixed from the tokens of the page, so that they follow its theme.
const mix = (token, part) => `color-mix(in srgb, var(--${token}) ${part}%, var(--paper))`;
const INKS = {
  paper: "var(--paper)",
  ink: "var(--ink)",
  muted: "var(--muted)",
  edge: "var(--edge)",
  accent: "var(--accent)",
  block: mix("edge", 17),
  yard: mix("edge", 8),
  square: mix("warn", 12),
  park: mix("live", 13),
  water: "color-mix(in srgb, var(--live) 6%, color-mix(in srgb, var(--edge) 21%, var(--paper)))",
  depth: mix("edge", 44),
  shore: mix("edge", 66),
  kerb: mix("edge", 42),
  grid: mix("edge", 34),
};

export const DETAIL = 0.5; // pixels a metre from which on small names are legible

export async function loadCity() {
  const answer = await fetch("/fleet/city.json");
  if (!answer.ok) throw new Error("The map could not be loaded. Reload the page.");
  const city = await answer.json();
  const rings = (list) => {
    const path = new Path2D();
    for (const ring of list) {
      trace(path, ring);
      path.closePath();
    }
    return path;
  };
  const lines = (list) => {
    const path = new Path2D();
    for (const line of list) trace(path, line);
    return path;
  };
  const roads = [...city.streets, ...city.stubs];
  city.paths2d = {
    blocks: rings(city.blocks),
    yards: rings(city.yards),
    squares: rings(city.squares),
    parks: rings([...city.parks, ...city.greens]),
    water: rings(city.water),
    ponds: rings(city.ponds),
    walks: lines(city.paths),
    rail: lines([city.rail]),
    bridges: lines(city.bridges),
    great: lines(roads.filter((road) => road[4] === 2).map((road) => road.slice(0, 4))),
  };
  return city;
}

function trace(path, points) {
  path.moveTo(points[0], points[1]);
  for (let i = 2; i < points.length; i += 2) path.lineTo(points[i], points[i + 1]);
}

// inks returns the colours of the theme that the page is in.
export function inks(within) {
  const probe = document.createElement("i");
  within.append(probe);
  const colours = {};
  for (const [name, value] of Object.entries(INKS)) {
    probe.style.color = value;
    colours[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return colours;
}

// fit gives a canvas the pixels that its place on the screen has.
export function fit(canvas, width, height) {
  const sharpness = Math.min(devicePixelRatio || 1, 3);
  canvas.width = Math.round(width * sharpness);
  canvas.height = Math.round(height * sharpness);
  return sharpness;
}

// print draws the map. A view has the scale in pixels a metre and the place x, y of the city at the upper left corner.
export function print(context, city, colours, view, { width, height, sharpness, names = true }) {
  const { paths2d } = city;
  const { scale } = view;
  const zoom = scale * sharpness;
  const hair = 1 / scale; // a pixel, in metres
  const fill = (path, colour) => {
    context.fillStyle = colour;
    context.fill(path, "evenodd");
  };
  const stroke = (path, colour, wide, dash = []) => {
    context.strokeStyle = colour;
    context.lineWidth = wide;
    context.setLineDash(dash);
    context.stroke(path);
  };

  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = colours.paper;
  context.fillRect(0, 0, context.canvas.width, context.canvas.height);
  context.setTransform(zoom, 0, 0, zoom, -view.x * zoom, -view.y * zoom);
  context.lineJoin = context.lineCap = "round";

  fill(paths2d.parks, colours.park);
  stroke(paths2d.walks, colours.paper, Math.max(3, 1.2 * hair));
  fill(paths2d.blocks, colours.block);
  if (scale > 0.2) fill(paths2d.yards, colours.yard);
  fill(paths2d.squares, colours.square);

  for (const path of [paths2d.water, paths2d.ponds]) {
    fill(path, colours.water);
    context.save();
    context.clip(path, "evenodd");
    for (const depth of scale > 0.22 ? [21, 12, 5.5] : []) { // as an engraver draws the depth along the shore
      stroke(path, colours.depth, 2 * depth + 0.6 * hair);
      stroke(path, colours.water, 2 * depth - 0.6 * hair);
    }
    context.restore();
    stroke(path, colours.shore, 0.9 * hair);
  }

  context.lineCap = "butt";
  stroke(paths2d.rail, colours.shore, Math.max(5, 2.6 * hair));
  stroke(paths2d.rail, colours.paper, Math.max(3.4, 1.4 * hair), [14, 14]);
  stroke(paths2d.bridges, colours.shore, Math.max(21, 3 * hair) + 2 * hair);
  context.lineCap = "round";
  stroke(paths2d.great, colours.kerb, 17 + 1.4 * hair);
  stroke(paths2d.great, colours.paper, 17);
  context.setLineDash([]);

  context.setTransform(sharpness, 0, 0, sharpness, 0, 0);
  context.textBaseline = "middle";
  if (!names) return;
  printGrid(context, city, colours, view, width, height);
  printNames(context, city, colours, view, width, height);
  printEdge(context, city, colours, view, width, height);
}

function printGrid(context, city, colours, view, width, height) {
  const [east, south] = city.size;
  context.strokeStyle = colours.grid;
  context.lineWidth = 1;
  context.beginPath();
  for (let x = city.cell; x < east; x += city.cell) {
    const at = Math.round((x - view.x) * view.scale) + 0.5;
    context.moveTo(at, 0);
    context.lineTo(at, height);
  }
  for (let y = city.cell; y < south; y += city.cell) {
    const at = Math.round((y - view.y) * view.scale) + 0.5;
    context.moveTo(0, at);
    context.lineTo(width, at);
  }
  context.stroke();
}

// printEdge writes the letters and numbers of the cells at the edge of what is seen.
function printEdge(context, city, colours, view, width, height) {
  const [east, south] = city.size;
  context.font = "600 11px system-ui, sans-serif";
  context.textAlign = "center";
  const side = city.cell * view.scale;
  const letter = (i, from, end, say) => {
    const [begin, stop] = [Math.max(0, i * side - from * view.scale), Math.min(end, (i + 1) * side - from * view.scale)];
    if (stop - begin > 36) say((begin + stop) / 2); // in the middle of what is seen of the cell
  };
  for (let i = 0; i * city.cell < east; i++) letter(i, view.x, width, (x) => halo(context, colours, String.fromCharCode(65 + i), x, 13, colours.ink, 6));
  for (let i = 0; i * city.cell < south; i++) letter(i, view.y, height, (y) => halo(context, colours, String(i + 1), 13, y, colours.ink, 6));
}

function halo(context, colours, text, x, y, colour = colours.muted, wide = 4) {
  context.strokeStyle = colours.paper;
  context.lineWidth = wide;
  context.strokeText(text, x, y);
  context.fillStyle = colour;
  context.fillText(text, x, y);
}

function printNames(context, city, colours, view, width, height) {
  const { scale } = view;
  const onScreen = (x, y) => [(x - view.x) * scale, (y - view.y) * scale];
  const seen = ([x, y]) => x > -200 && y > -200 && x < width + 200 && y < height + 200;
  context.textAlign = "left";
  for (const { kind, text, path } of city.labels) {
    const points = [];
    for (let i = 0; i < path.length; i += 2) points.push(onScreen(path[i], path[i + 1]));
    if (!points.some(seen)) continue;
    if (kind === "street" && scale > 0.36) along(context, text, points, colours.muted, colours.paper, 11, 0.4);
    else if (kind === "lane" && scale > 1) along(context, text, points, colours.muted, colours.paper, 10.5, 0.3);
    else if (kind === "water") along(context, text, points, colours.muted, colours.water, Math.min(17, 9 + 14 * scale), 2.5, "italic ");
    else if (kind === "park" && scale > 0.3) along(context, text, points, colours.muted, colours.park, 11, 0.6, "italic ");
    else if (kind === "district" && scale < 1.2) {
      context.font = `600 ${Math.min(14, 9.5 + 4 * scale)}px system-ui, sans-serif`;
      context.letterSpacing = "0.22em";
      context.textAlign = "center";
      halo(context, colours, text.toUpperCase(), ...points[0]);
      context.textAlign = "left";
      context.letterSpacing = "0px";
    }
  }
  if (scale < 0.32) return;
  context.font = `${scale < DETAIL ? 11 : 12}px system-ui, sans-serif`;
  for (const { name, x, y } of city.places) {
    const [px, py] = onScreen(x, y);
    context.fillStyle = colours.paper;
    context.fillRect(px - 4.5, py - 4.5, 9, 9);
    context.fillStyle = colours.ink;
    context.fillRect(px - 3, py - 3, 6, 6);
    halo(context, colours, name, px + 9, py, colours.ink);
  }
}

// along writes a name on the middle of a line, letter by letter, never upside down.
function along(context, text, line, colour, ground, size, spacing, style = "") {
  context.font = `${style}${size}px system-ui, sans-serif`;
  const points = line.at(-1)[0] < line[0][0] ? [...line].reverse() : line;
  const length = points.reduce((sum, point, i) => sum + (i ? Math.hypot(point[0] - points[i - 1][0], point[1] - points[i - 1][1]) : 0), 0);
  const widths = [...text].map((letter) => context.measureText(letter).width + spacing);
  const wide = widths.reduce((sum, width) => sum + width, 0);
  if (wide > length) return;
  let [at, i, done] = [(length - wide) / 2, 1, 0];
  const letters = [...text].map((letter, k) => {
    const middle = at + widths[k] / 2;
    at += widths[k];
    for (;;) {
      const [a, b] = [points[i - 1], points[i]];
      const long = Math.hypot(b[0] - a[0], b[1] - a[1]);
      if (middle <= done + long || i === points.length - 1) {
        const part = long ? (middle - done) / long : 0;
        return { letter, x: a[0] + (b[0] - a[0]) * part, y: a[1] + (b[1] - a[1]) * part, angle: Math.atan2(b[1] - a[1], b[0] - a[0]) };
      }
      done += long;
      i++;
    }
  });
  context.textAlign = "center";
  for (const pass of ["strokeText", "fillText"]) {
    context.strokeStyle = ground;
    context.fillStyle = colour;
    context.lineWidth = 3.5;
    for (const { letter, x, y, angle } of letters) {
      context.save();
      context.translate(x, y);
      context.rotate(angle);
      context[pass](letter, 0, 0);
      context.restore();
    }
  }
  context.textAlign = "left";
}
