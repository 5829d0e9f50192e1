// The list of tickets in groups. Rows are kept, so that focus stays where it is while they change places.

import { $, h } from "/shell/dom.js";
import { clock, state } from "./tickets.js";

const RESOLVED = 12; // listed

export class List {
  #root;
  #rows = new Map();
  #groups = new Map();
  #limits;
  #choose;

  constructor(root, limits, choose) {
    this.#root = root;
    this.#limits = limits;
    this.#choose = choose;
  }

  // draw shows tickets in groups: [[title, tickets], …].
  draw(groups, { now, chosen, unread }) {
    const seen = new Set();
    for (const [title, all] of groups) {
      const group = this.#group(title);
      const tickets = title === "Resolved" ? all.toReversed().slice(0, RESOLVED) : all;
      group.hidden = !tickets.length;
      $(".number", group).textContent = all.length;
      const list = $("ol", group);
      tickets.forEach((ticket, i) => {
        seen.add(ticket.id);
        const row = this.#row(ticket.id);
        if (list.children[i] !== row) place(list, row, i);
        this.#fill(row, ticket, now, unread(ticket));
        row.firstElementChild.setAttribute("aria-current", ticket.id === chosen);
      });
    }
    for (const [id, row] of this.#rows) {
      if (seen.has(id)) continue;
      row.remove();
      this.#rows.delete(id);
    }
  }

  #group(title) {
    if (!this.#groups.has(title)) {
      const group = h("section", { class: "group" }, h("h2", { class: "label" }, title, " ", h("span", { class: "number" })), h("ol"));
      this.#groups.set(title, group);
      this.#root.append(group);
    }
    return this.#groups.get(title);
  }

  #row(id) {
    if (!this.#rows.has(id)) {
      const button = h(
        "button",
        { class: "ticket", type: "button", "data-id": id, onclick: () => this.#choose(id) },
        h("span", { class: "ticket-subject" }),
        h("span", { class: "ticket-due number" }),
        h("span", { class: "ticket-who" }),
        h("span", { class: "ticket-bar", "aria-hidden": "true" }, h("i")),
      );
      this.#rows.set(id, h("li", null, button));
    }
    return this.#rows.get(id);
  }

  #fill(row, ticket, now, unread) {
    const [subject, due, who, bar] = row.firstElementChild.children;
    const left = ticket.due - now;
    const late = left < 0 && !ticket.resolved;
    set(subject, ticket.subject);
    set(due, ticket.resolved ? "" : `${ticket.urgent ? "urgent · " : ""}${late ? "overdue " : ""}${clock(left)}`);
    set(who, this.#words(ticket, unread));
    row.classList.toggle("is-late", late);
    row.classList.toggle("is-unread", unread);
    bar.hidden = ticket.resolved;
    bar.firstElementChild.style.width = `${Math.max(0, Math.min(100, left / 10 / (ticket.urgent ? this.#limits.hurry : this.#limits.calm)))}%`;
  }

  #words(ticket, unread) {
    const { customer, agent } = ticket;
    const answers = { waiting: "waits", claimed: `with ${name(agent)}`, resolved: agent.name ? `by ${name(agent)}` : "no agent" }[state(ticket)];
    return [unread && "new", !this.#limits.own && name(customer), answers].filter(Boolean).join(" · ");
  }
}

// name marks who is simulated.
export const name = (person) => (person.role === "simulated" ? `${person.name} (simulated)` : person.name);

function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// place moves a row, and the focus with it.
function place(list, row, i) {
  const focused = row.contains(document.activeElement);
  list.insertBefore(row, list.children[i] ?? null);
  if (focused) row.firstElementChild.focus({ preventScroll: true });
}
