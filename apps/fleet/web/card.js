// The fleet's card on the start page: the city, and every vehicle in it.

import { count } from "/shell/dom.js";
import { FREE, Traffic, onePlay, place } from "./traffic.js";
import { fit, inks, loadCity, print } from "./city.js";

const REST = 66; // ms from one drawing to the next, at least

export async function draw(live, { drawing, facts }) {
  onePlay(live.socket);
  const traffic = new Traffic();
  const city = await loadCity();
  const [ground, top] = [document.createElement("canvas"), document.createElement("canvas")];
  const context = top.getContext("2d");
  for (const canvas of [ground, top]) canvas.style.cssText = "position: absolute; inset: 0; width: 100%; height: 100%";
  drawing.style.position = "relative";
  drawing.append(ground, top);
  let told; // the tick of the numbers
  let [view, colours, sharpness, drawn, seen] = [{ scale: 1, x: 0, y: 0 }, {}, 1, 0, true];

  function lay() {
    const { clientWidth: width, clientHeight: height } = drawing;
    if (!width) return;
    colours = inks(drawing);
    const scale = Math.max(width / city.size[0], height / city.size[1]);
    view = { scale, x: (city.size[0] - width / scale) / 2, y: (city.size[1] - height / scale) / 2 };
    fit(top, width, height);
    sharpness = fit(ground, width, height);
    print(ground.getContext("2d"), city, colours, view, { width, height, sharpness, names: false });
  }

  function play(now) {
    requestAnimationFrame(play);
    if (!seen || now - drawn < REST) return;
    drawn = now;
    context.setTransform(sharpness, 0, 0, sharpness, 0, 0);
    context.clearRect(0, 0, top.width, top.height);
    for (const vehicle of traffic.present()) {
      const at = place(vehicle, now);
      context.fillStyle = vehicle.status === FREE ? colours.muted : colours.ink;
      context.beginPath();
      context.arc((at.x - view.x) * view.scale, (at.y - view.y) * view.scale, vehicle.status === FREE ? 1.1 : 1.7, 0, 2 * Math.PI);
      context.fill();
    }
  }

  const watch = () => {
    traffic.forget();
    traffic.watch(city.cells);
    live.call("watch", city.cells).catch(() => {}); // the next connection asks again
  };
  live.socket.on("connect", watch);
  live.socket.on("cell", (frame) => {
    traffic.take(frame, performance.now());
    if (frame.tick === told) return;
    told = frame.tick;
    const vehicles = traffic.present();
    facts.textContent = `${count(vehicles.length, "vehicle")} · ${vehicles.filter(({ status }) => status !== FREE).length} have an order`;
  });
  if (live.socket.connected) watch();
  new ResizeObserver(lay).observe(drawing);
  new MutationObserver(lay).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  new IntersectionObserver(([entry]) => (seen = entry.isIntersecting)).observe(drawing);
  requestAnimationFrame(play);
}
