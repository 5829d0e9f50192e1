// The card on the start page: the first board as it is being drawn.

import { count, h } from "/shell/dom.js";
import { Model } from "./model.js";
import { draw as paint, HEIGHT, palette, WIDTH } from "./paint.js";

const FIRST = "studio";
const IDLE = 8000; // ms until a pen that does not move is forgotten

export function draw(live, { drawing, facts }) {
  const { socket } = live;
  const model = new Model();
  const pens = new Map(); // person → what they are drawing
  const canvas = h("canvas", { "aria-hidden": "true" });
  canvas.style.cssText = "display: block; width: 100%; height: 100%";
  drawing.append(canvas);
  let frame;
  const all = () => (frame ??= requestAnimationFrame(show));
  const colors = palette(all);
  new ResizeObserver(all).observe(canvas);

  const open = () => live.call("open", FIRST).catch(() => {});
  socket.on("connect", open);
  socket.on("board", (snapshot) => {
    model.show(snapshot);
    pens.clear();
    all();
  });
  socket.on("delta", (delta) => {
    if (!model.take(delta)) return open();
    const ids = new Set([...(delta.put ?? []).map(({ id }) => id), ...(delta.drop ?? [])]);
    for (const [who, { object }] of pens) if (ids.has(object?.id)) pens.set(who, { ...pens.get(who), object: undefined });
    all();
  });
  socket.on("hint", ({ who, at, object, from }) => {
    const before = pens.get(who.id)?.object;
    const points = object && [...(before?.id === object.id ? before.points.slice(0, from) : []), ...object.points];
    pens.set(who.id, { at, time: performance.now(), object: object && { ...object, points } });
    all();
  });
  setInterval(() => {
    for (const [id, { time }] of pens) if (performance.now() - time > IDLE) pens.delete(id);
  }, IDLE);

  function show() {
    frame = undefined;
    const ratio = devicePixelRatio;
    const [width, height] = [canvas.clientWidth * ratio, canvas.clientHeight * ratio];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const scale = Math.max(width / WIDTH, height / HEIGHT);
    const context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    context.setTransform(scale, 0, 0, scale, (width - WIDTH * scale) / 2, (height - HEIGHT * scale) / 2);
    for (const object of model.seen([])) paint(context, object, colors);
    for (const { at, object } of pens.values()) {
      if (object) paint(context, object, colors);
      context.fillStyle = colors.ink;
      context.beginPath();
      context.arc(...at, 9, 0, 2 * Math.PI);
      context.fill();
    }
    facts.textContent = `${count(model.objects.size, "object")} · ${count(pens.size, "pen")} · change ${Math.max(0, model.version)}`;
  }
}
