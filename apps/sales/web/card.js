// The dashboard's card on the start page: the revenue of the last half hour as its chart has it, and the best products.

import { h } from "/shell/dom.js";
import { Follow, sum } from "./view.js";

export function draw(live, { drawing, facts }) {
  const bars = h("span", { class: "sales-bars" });
  drawing.append(bars);
  let due = false;
  const follow = new Follow(live, "all", () => {
    if (due) return;
    due = true;
    requestAnimationFrame(show);
  });

  function show() {
    due = false;
    const view = follow.view.roll();
    const data = view.bars.slice(-40);
    const top = Math.max(1, ...data.map(({ cents }) => cents));
    while (bars.childElementCount < data.length) bars.append(style(h("i")));
    data.forEach(({ cents }, i) => {
      const bar = bars.children[i];
      bar.style.height = `max(${(cents / top) * 100}%, 2px)`;
      bar.style.background = i === data.length - 1 ? "var(--accent)" : "var(--ink)";
    });
    facts.textContent = `${sum(view.cents)} today · ${view.rate.toFixed(0)} orders a minute` + (view.count ? ` · best: ${view.products[0].name}` : "");
  }

  setInterval(() => live.socket.connected && follow.view && show(), 5000);
  Object.assign(bars.style, { display: "flex", alignItems: "flex-end", gap: "3px", height: "100%", padding: "24px" });
}

function style(bar) {
  Object.assign(bar.style, { flex: "1", borderRadius: "1px", transition: "height var(--motion)" });
  return bar;
}
