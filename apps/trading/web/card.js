// The card on the start page: the depth of a book as it is, and its price below.

import { count, h } from "/shell/dom.js";
import { Chart, depth } from "./charts.js";
import { change, money } from "./money.js";

const TURN = "OTTR";

export function draw(live, { drawing, facts }) {
  document.head.append(h("link", { rel: "stylesheet", href: "/trading/card.css" }));
  const box = h("span", { class: "card-depth" });
  drawing.append(box);
  const quotes = new Map();
  const chart = new Chart(box, (width, height) => depth(quotes.get(TURN)?.book, width, height, true));
  let due = false;

  live.socket.on("quote", (quote) => {
    quotes.set(quote.symbol, quote);
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      chart.draw();
      const { last, begin, book } = quotes.get(TURN) ?? quote;
      facts.textContent = `${TURN} ${money(last)} · ${change(begin, last)} · ${count(book?.length ?? 0, "order")} waiting`;
    });
  });
}
