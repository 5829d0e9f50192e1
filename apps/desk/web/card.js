// The desk's card on the start page: a line for each open ticket, as long as its time, and lit when it is over. Those
// that an agent has are filled, those that wait are hollow.

import { s } from "/shell/dom.js";
import { state, Tickets } from "./tickets.js";

const LINES = 7;
const FULL = 240_000; // ms that are as wide as the card

export function draw(live, { drawing, facts }) {
  const svg = s("svg", { width: "100%", height: "100%" });
  drawing.append(svg);
  const bars = Array.from({ length: LINES }, (_, i) => svg.appendChild(s("rect", { x: 24, y: 26 + i * 27, height: 12, rx: 6, "stroke-width": 1.5 })));
  const tickets = new Tickets(live, show);

  function show() {
    const open = tickets.sorted.filter(({ resolved }) => !resolved);
    const width = drawing.clientWidth - 48;
    let late = 0;
    open.forEach((ticket) => (late += ticket.due < tickets.now ? 1 : 0));
    bars.forEach((bar, i) => {
      const ticket = open[i];
      bar.style.display = ticket ? "" : "none";
      if (!ticket) return;
      const left = ticket.due - tickets.now;
      const color = left < 0 ? "var(--accent)" : "var(--ink)";
      bar.setAttribute("width", left < 0 ? 12 : Math.max(12, Math.min(1, left / FULL) * width));
      bar.style.stroke = color;
      bar.style.fill = state(ticket) === "claimed" ? color : "none";
    });
    const waiting = open.filter((ticket) => state(ticket) === "waiting").length;
    facts.textContent = `${waiting} waiting · ${open.length - waiting} with an agent · ${late} overdue`;
  }

  setInterval(() => live.socket.connected && show(), 1000);
}
