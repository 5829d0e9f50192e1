// The page of the exchange. What it shows are the newest states, the tape, and what became of its own commands.

import { $, count, h, s, secret, store } from "/shell/dom.js";
import { Live } from "/shell/live.js";
import { Pass } from "/shell/pass.js";
import { Chart, depth, levels, prices, spark } from "./charts.js";
import { cents, change, money, plain, signed } from "./money.js";
import { Tape } from "./tape.js";

const SHOWN = 7; // prices of each side, in the book
const SLOW = 1500; // ms after which one is told that an order is under way

const live = new Live("/trading", new Pass("visitor"));
const { socket } = live;
const quotes = new Map(); // by instrument
const tape = new Tape(live, () => later());
const main = $("main");
const form = $("[data-ticket]");
let account;
let mine = new Set(); // the numbers of one's own trades
let chosen = store.get("brio.trading.symbol") !== null; // or else it is the first of the list
let selected = store.get("brio.trading.symbol") ?? "";

// ---- What comes

socket.on("quote", (quote) => {
  quotes.set(quote.symbol, quote);
  if (!chosen) select([...quotes.keys()].sort()[0]);
  later();
});
socket.on("account", (news) => {
  account = news;
  mine = new Set(account.orders?.flatMap(({ fills }) => fills?.map(([no]) => no) ?? []));
  ownChanged = true;
  later();
});

// ---- What is drawn, at most once a frame

let due = false;
let ownChanged = true;

function later() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    draw();
  });
}

const rows = new Map();
const priceChart = new Chart($("[data-prices]"), (width, height) => prices(tape.of(selected), mine, quotes.get(selected)?.tick ?? 1, width, height));
const depthChart = new Chart($("[data-depth]"), (width, height) => depth(quotes.get(selected)?.book, width, height));

function draw() {
  drawInstruments();
  const quote = quotes.get(selected);
  if (!quote) return;
  $("[data-symbol]").textContent = selected;
  $("[data-name]").textContent = quote.name;
  $("[data-last]").textContent = money(quote.last);
  $("[data-change]").textContent = `${change(quote.begin, quote.last)} since ${money(quote.begin)}`;
  drawBook(quote);
  drawTape();
  drawCost();
  drawWorth();
  if (ownChanged) drawOrders();
  ownChanged = false;
  priceChart.draw();
  depthChart.draw();
}

function drawInstruments() {
  for (const symbol of [...quotes.keys()].sort()) {
    const quote = quotes.get(symbol);
    let row = rows.get(symbol);
    if (!row) {
      row = { last: h("span", { class: "last number" }), change: h("span", { class: "change number" }), line: s("svg", { "aria-hidden": "true" }) };
      const button = h("button", { class: "instrument", type: "button", "data-instrument": symbol, onclick: () => choose(symbol) },
        h("b", null, symbol), h("span", { class: "name" }, quote.name), row.line, row.last, row.change);
      row.button = button;
      rows.set(symbol, row);
      $("[data-instruments]").append(h("li", { "data-order": symbol }, button));
      const sorted = [...$("[data-instruments]").children].sort((a, b) => (a.dataset.order < b.dataset.order ? -1 : 1));
      $("[data-instruments]").append(...sorted);
    }
    row.button.setAttribute("aria-current", String(symbol === selected));
    row.last.textContent = money(quote.last);
    row.change.textContent = change(quote.begin, quote.last);
    const trades = tape.of(symbol);
    if (row.no === trades.at(-1)?.no) continue;
    row.no = trades.at(-1).no;
    row.line.replaceChildren(spark(trades, 56, 20));
  }
}

function drawBook({ book, tick }) {
  const sides = [levels(book, 1), levels(book, -1)].map((side) => side.slice(0, SHOWN));
  const most = Math.max(1, ...sides.flat().map(({ quantity }) => quantity));
  const own = new Set(account?.orders?.filter(({ open, symbol }) => open && symbol === selected).map(({ price }) => price));
  const [bids, asks] = sides;
  for (const [list, side] of [[$("[data-bids]"), bids], [$("[data-asks]"), asks]]) {
    while (list.childElementCount < SHOWN) list.append(h("li", null, h("span", { class: "bar" }), h("span"), h("span", { class: "mine" }), h("span")));
    for (let i = 0; i < SHOWN; i++) {
      const level = side[list.dataset.asks === undefined ? i : SHOWN - 1 - i];
      const [bar, price, yours, quantity] = list.children[i].children;
      bar.style.width = `${level ? (100 * level.quantity) / most : 0}%`;
      price.textContent = level ? money(level.price) : "\u00a0";
      yours.textContent = level && own.has(level.price) ? "yours" : "";
      quantity.textContent = level ? level.quantity : "";
    }
  }
  const spread = bids.length && asks.length ? `${money(asks[0].price - bids[0].price)} between them, in steps of ${money(tick)}` : `In steps of ${money(tick)}`;
  $("[data-spread]").textContent = bids.length || asks.length ? spread : "Nobody waits. Be the first.";
  $("[data-depth-words]").textContent = `Depth: ${bids.length ? `up to ${money(bids[0].price)} is offered` : "nobody buys"}, ${asks.length ? `from ${money(asks[0].price)} it is for sale` : "nobody sells"}.`;
}

let taped = 0;

function drawTape() {
  const trades = tape.of(selected);
  $("[data-tape-none]").hidden = trades.length > 0;
  const newest = trades.at(-1)?.no ?? 0;
  const list = $("[data-tape]");
  list.replaceChildren(...trades.slice(-24).map((trade, i, shown) => {
    const before = shown[i - 1] ?? trades.at(-25);
    const move = !before || before.price === trade.price ? "" : before.price < trade.price ? "↑" : "↓";
    return h("li", { "data-no": trade.no, class: trade.no === newest && newest !== taped && "is-new" },
      h("span", { class: "move" }, move), h("span", { class: "number" }, money(trade.price)), h("span", { class: "number" }, trade.quantity), h("span", { class: "mine" }, mine.has(trade.no) && "you"));
  }).reverse());
  taped = newest;
  const all = trades.map(({ price }) => price);
  $("[data-prices-words]").textContent = all.length ? `Price over the last ${count(all.length, "trade")}: from ${money(Math.min(...all))} to ${money(Math.max(...all))}.` : "";
}

function drawWorth() {
  if (!account) return;
  let worth = account.cash;
  const list = [...quotes.values()].sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
  for (const { symbol, last } of list) worth += (account.shares[symbol] ?? 0) * last;
  $("[data-worth]").textContent = money(worth);
  $("[data-profit]").textContent = signed(worth - account.start);
  $("[data-cash]").textContent = money(account.cash);
  const positions = $("[data-positions]");
  while (positions.childElementCount < list.length) positions.append(h("li", null, h("span"), h("span", { class: "number" })));
  list.forEach(({ symbol, last }, i) => {
    const [what, value] = positions.children[i].children;
    const shares = account.shares[symbol] ?? 0;
    what.textContent = `${shares} ${symbol}`;
    value.textContent = money(shares * last);
  });
}

// ---- Orders

const words = ({ side, quantity, symbol, market, price }) => `${side > 0 ? "Buy" : "Sell"} ${quantity} ${symbol} at ${market ? "market" : money(price)}`;

function paid({ fills, quantity, left }) {
  const traded = quantity - left;
  return traded ? money(Math.round(fills.reduce((sum, [, price, n]) => sum + price * n, 0) / traded)) : "";
}

function became(order) {
  const { quantity, left, open } = order;
  const traded = quantity - left;
  const at = `at ${paid(order)}${order.fills?.length > 1 ? " on average" : ""}`;
  if (!left) return `filled ${at}`;
  if (open) return traded ? `${traded} traded ${at}, ${left} wait` : "waits in the book";
  return traded ? `${traded} traded ${at}, the rest cancelled` : "cancelled";
}

function drawOrders() {
  const orders = [...(account?.orders ?? [])].sort((a, b) => b.open - a.open || b.id - a.id);
  const open = orders.filter((order) => order.open).length;
  $("[data-open]").textContent = open ? `· ${open} open` : "";
  $("[data-orders-none]").hidden = orders.length > 0 || !account;
  const list = $("[data-orders]");
  const focused = list.contains(document.activeElement) && document.activeElement.dataset.cancel;
  list.replaceChildren(...orders.map((order) =>
    h("li", { class: order.open ? "order is-open" : "order", "data-id": order.id },
      h("span", null, words(order), h("span", { class: "state" }, became(order))),
      order.open && h("button", { class: "quiet-button", type: "button", "data-cancel": order.id, "aria-label": `Cancel: ${words(order)}`, onclick: () => cancel(order.id) }, "Cancel"))));
  if (focused) list.querySelector(`[data-cancel="${focused}"]`)?.focus();
}

async function cancel(id) {
  const error = $("[data-orders-error]");
  error.hidden = true;
  try {
    await live.call("cancel", id);
  } catch (err) {
    error.textContent = err.message;
    error.hidden = false;
  }
}

// ---- The ticket

const field = (name) => form.elements[name];

// typed is the ticket as it stands. At market, the worst price is a tenth off the last one.
function typed() {
  const { last, tick } = quotes.get(selected);
  const side = Number(field("side").value);
  const market = field("kind").value === "market";
  const price = market ? Math.round((last * (10 + side)) / 10 / tick) * tick : cents(field("price").value);
  const quantity = /^\d+$/.test(field("quantity").value.trim()) ? Number(field("quantity").value) : NaN;
  return { symbol: selected, side, market, price, quantity };
}

function choose(symbol) {
  chosen = true;
  store.set("brio.trading.symbol", symbol);
  select(symbol);
  say();
  if (main.dataset.view === "market") show("trade");
  draw();
}

function select(symbol) {
  if (symbol === selected) return;
  selected = symbol;
  field("price").value = "";
  taped = tape.of(symbol).at(-1)?.no ?? 0;
}

function drawCost() {
  const quote = quotes.get(selected);
  const side = Number(field("side").value);
  if (field("price").value === "" && document.activeElement !== field("price")) {
    const best = levels(quote.book, -side)[0]; // as it is now; it does not move under somebody's hand
    field("price").value = plain(best?.price ?? quote.last);
  }
  const { market, price, quantity } = typed();
  const button = $("[data-place]");
  button.textContent = pending ? "Sending…" : `${side > 0 ? "Buy" : "Sell"} ${quantity || ""} ${selected}`;
  button.setAttribute("aria-disabled", Boolean(pending)); // not disabled, or keys would lose it
  field("price").disabled = market;
  const sum = quantity * (market ? quote.last : price);
  const free = side > 0 ? `you have ${money(account?.cash ?? 0)}` : `you have ${account?.shares[selected] ?? 0} shares`;
  $("[data-cost]").textContent = !Number.isFinite(sum) ? `${free[0].toUpperCase()}${free.slice(1)}.` : `${market ? "About" : side > 0 ? "At most" : "At least"} ${money(sum)}; ${free}.`;
}

let pending; // the ticket whose answer is not there
let unanswered; // the one before: the same again is still the same order

function say(error = "", result = "") {
  for (const [selector, text] of [["[data-error]", error], ["[data-result]", result]]) {
    $(selector).textContent = text;
    $(selector).hidden = !text;
  }
  for (const name of ["quantity", "price"]) field(name).setAttribute("aria-invalid", "false");
}

function refuse(name, text) {
  say(text);
  field(name).setAttribute("aria-invalid", "true");
  field(name).focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (pending || !quotes.has(selected)) return;
  const ticket = typed();
  if (!Number.isFinite(ticket.quantity)) return refuse("quantity", "Type a whole number of shares, such as 10.");
  if (!Number.isFinite(ticket.price)) return refuse("price", "Type a price with at most two decimals, such as 42.05.");
  if (!socket.connected) return say("There is no connection. Prices move: order when it is back.");
  const same = unanswered && Object.keys(ticket).every((key) => ticket[key] === unanswered[key]);
  send(same ? unanswered : { key: secret(), ...ticket });
});

// send sends a ticket until it is answered: where the connection broke, again when it is back. Its key makes it one order.
async function send(ticket) {
  pending = ticket;
  say();
  later();
  const slow = setTimeout(() => say("", "Under way. The server has not answered yet."), SLOW);
  try {
    const order = await live.call("place", ticket);
    pending = unanswered = undefined;
    say("", `Order ${order.id}: ${words(order)}, ${became(order)}.`);
  } catch (err) {
    if (!socket.connected) {
      say("", "The connection broke before the answer came. It is asked for when there is one again; the order counts once.");
    } else {
      unanswered = err.message.startsWith("The server did not answer") ? ticket : undefined;
      pending = undefined;
      say(err.message);
    }
  }
  clearTimeout(slow);
  live.unsent = pending ? 1 : 0;
  later();
}

socket.on("connect", () => pending && send(pending));
form.addEventListener("input", (event) => {
  if (event.target.name === "side") field("price").value = "";
  later();
});

// ---- On a phone, one part at a time

function show(view) {
  main.dataset.view = view;
  for (const button of document.querySelectorAll("[data-show]")) button.setAttribute("aria-pressed", String(button.dataset.show === view));
}
for (const button of document.querySelectorAll("[data-show]")) button.addEventListener("click", () => show(button.dataset.show));
