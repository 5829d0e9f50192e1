// The page of the dashboard: figures, charts and the newest orders of a region or of all, and a form to order.

import { $, count, h, pause, secret } from "/shell/dom.js";
import { Live } from "/shell/live.js";
import { Pass } from "/shell/pass.js";
import { Chart } from "./chart.js";
import { Follow, money, sum } from "./view.js";

const pass = new Pass("visitor");
const live = new Live("/sales", pass);
const chart = new Chart($("[data-chart]"));
const tabs = [...document.querySelectorAll("[data-view]")];
const regions = tabs.map((tab) => tab.dataset.view).filter((view) => view !== "all");
const follow = new Follow(live, wanted(), changed, (err) => say(err.message));

let due = false; // a drawing
let shown; // the newest order that the list shows

// ---- Which region

function wanted() {
  return regions.find((view) => location.hash === `#${view}`) ?? "all";
}

function choose(view) {
  history.replaceState(null, "", view === "all" ? location.pathname : `#${view}`);
  shown = undefined;
  mark();
  follow.watch(view);
}

function mark() {
  for (const tab of tabs) tab.setAttribute("aria-pressed", tab.dataset.view === wanted());
  if (wanted() !== "all") form.elements.region.value = wanted();
}

for (const tab of tabs) tab.addEventListener("click", () => choose(tab.dataset.view));
addEventListener("hashchange", () => choose(wanted()));

// ---- What it shows

function changed() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    draw(follow.view.roll());
  });
}

function draw(view) {
  say("");
  const { cents, count: orders, products } = view;
  set("[data-revenue]", sum(cents));
  set("[data-count]", `${count(orders, "order")} since 0:00 UTC`.replace(/\d{4,}/, (n) => Number(n).toLocaleString("en")));
  set("[data-rate]", view.rate.toFixed(1));
  set("[data-average]", orders ? money(cents / orders) : "–");
  set("[data-best]", orders ? products[0].name : "–");
  set("[data-share]", orders ? `${Math.round((products[0].cents / cents) * 100)} % of the revenue` : "no orders today");
  chart.draw(view.bars);
  rank($("[data-products]"), products, cents);
  $("[data-by-region]").hidden = follow.region !== "all";
  rank($("[data-regions]"), view.ranking(regions), cents);
  list(view.latest);
  price();
}

function set(selector, text) {
  const element = $(selector);
  if (element.textContent !== text) element.textContent = text;
}

// rank shows names by revenue: rows are kept, and change places when their ranks do.
function rank(root, ranking, total) {
  const most = Math.max(1, ranking[0].cents);
  ranking.forEach(({ name, cents }, i) => {
    let row = [...root.children].find((each) => each.dataset.name === name);
    row ??= h("li", { "data-name": name }, h("span", { class: "rank-name" }, name), h("span", { class: "rank-bar" }, h("i")), h("span", { class: "number" }), h("span", { class: "number share" }));
    if (root.children[i] !== row) root.insertBefore(row, root.children[i] ?? null);
    $("i", row).style.width = `${(cents / most) * 100}%`;
    row.children[2].textContent = sum(cents);
    row.children[3].textContent = total ? `${Math.round((cents / total) * 100)} %` : "";
  });
}

// list shows the newest orders; only those that are new appear.
function list(latest) {
  const root = $("[data-latest]");
  $("[data-none]").hidden = latest.length > 0;
  const known = latest.indexOf(shown);
  if (known === 0) return;
  const fresh = known < 0 ? latest : latest.slice(0, known);
  if (known < 0) root.replaceChildren();
  root.prepend(...fresh.map((order) => line(order, known >= 0)));
  while (root.childElementCount > latest.length) root.lastElementChild.remove();
  shown = latest[0];
}

function line({ at, product, quantity, region, cents, by, key }, fresh) {
  const mine = by && key?.startsWith(`${pass.person.id} `);
  return h(
    "li",
    { class: fresh ? "is-new" : "" },
    h("time", null, new Date(at).toLocaleTimeString("en-GB")),
    h("span", { class: "what" }, quantity > 1 ? `${quantity} × ${product}` : product),
    h("span", { class: "number" }, money(cents)),
    h("span", { class: by ? "who is-person" : "who" }, `${region} · ${mine ? "you" : by || "simulated"}`),
  );
}

// say tells what is wrong with what is shown.
function say(words) {
  $("[data-trouble]").hidden = !words;
  set("[data-trouble]", words);
}

live.socket.on("disconnect", () => say(follow.view ? `As of ${new Date().toLocaleTimeString("en-GB")}. It goes on when the connection is back.` : ""));
setInterval(() => live.socket.connected && follow.view && changed(), 1000); // time passes without orders, too

// ---- To order

const form = $("[data-order]");
const answer = $("[data-answer]");
let key; // of the order as the form has it, until it is placed

form.addEventListener("input", () => {
  key = undefined;
  price();
});
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { product, region, quantity } = form.elements;
  key ??= secret();
  const button = $("button", form);
  const go = pause(button);
  try {
    const order = await live.call("order", { product: product.value, region: region.value, quantity: Math.trunc(Number(quantity.value)), key });
    key = undefined;
    tell(`Placed: ${order.quantity} × ${order.product} to ${order.region}, ${money(order.cents)}.`, false);
  } catch (err) {
    tell(err.message, true);
  }
  go();
});

function tell(words, refused) {
  answer.textContent = words;
  answer.className = refused ? "error" : "note";
  form.elements.quantity.setAttribute("aria-invalid", refused && words.includes("pieces"));
}

function price() {
  const cents = (follow.view?.prices[form.elements.product.value] ?? 0) * Number(form.elements.quantity.value);
  set("[data-price]", cents > 0 ? money(cents) : "");
}

mark();
