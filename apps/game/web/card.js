// The game's card on the start page: the whole arena as it is, its notes and its ships.

import { count, h } from "/shell/dom.js";
import { Scene } from "./scene.js";
import { Sight } from "./sight.js";
import { encode, row } from "./wire.js";
import { LIFE, PEOPLE, SHIPS, WORTH } from "./world.js";

const PAUSE = 50; // ms from one drawing to the next: a card is small
const ACKNOWLEDGED = 3; // one of so many snapshots

export const streams = ["snapshot", "steer"];

export function draw(live, { drawing, facts }) {
  const canvas = h("canvas", { class: "game-card" });
  Object.assign(canvas.style, { display: "block", width: "100%", height: "100%" });
  drawing.append(canvas);
  const scene = new Scene(canvas);
  const sight = new Sight();
  let came = 0;
  let drawn = 0;
  let seen = true;
  new IntersectionObserver(([{ isIntersecting }]) => (seen = isIntersecting)).observe(canvas);

  live.socket.on("connect", () => sight.forget());
  live.socket.on("snapshot", (data) => {
    const frame = sight.take(new Uint8Array(data), performance.now());
    if (!frame || came++ % ACKNOWLEDGED === 0) live.socket.volatile.emit("steer", encode(sight.newest?.tick ?? 0, 0, []));
    if (frame && came % 8 === 1) tell(frame);
  });

  function tell(frame) {
    let [ships, people, most] = [0, 0, 0];
    for (let i = 0; i < SHIPS; i++) {
      const ship = row(frame, i);
      if (!ship[LIFE]) continue;
      ships++;
      if (i < PEOPLE) people++;
      most = Math.max(most, ship[WORTH]);
    }
    facts.textContent = [count(ships, "ship"), count(people, "person", "people"), `the best has ${count(most, "note")}`].join(" · ");
  }

  function turn(now) {
    requestAnimationFrame(turn);
    if (!seen || !sight.newest || now - drawn < PAUSE) return;
    scene.draw(sight.at(now), { ms: now - drawn, now });
    drawn = now;
  }
  requestAnimationFrame(turn);
}
