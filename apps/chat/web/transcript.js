// The transcript draws the messages of the room that is looked at, and below them what is still on its way.

import { $, h } from "/shell/dom.js";

const APART = 5 * 60_000; // ms between two messages of one person that makes the second open anew
const NEAR = 80; // px from the end that still count as reading the newest

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const calendar = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });

export class Transcript {
  #scroll = $("[data-scroll]");
  #log = $("[data-log]");
  #older = $("[data-older]");
  #empty = $("[data-empty]");
  #room;
  #drawn = new Map(); // number → line
  #pending = new Map(); // key → line
  #me;
  #outbox;
  #receipt = h("p", { class: "receipt" }, "Read");
  #following = true; // the newest is in sight and stays in sight

  constructor({ outbox, older, me }) {
    this.#outbox = outbox;
    this.#me = me;
    this.#older.addEventListener("click", older);
    this.#scroll.addEventListener("scroll", () => {
      const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
      this.#following = scrollHeight - scrollTop - clientHeight < NEAR;
    });
    new ResizeObserver(() => this.#following && this.toEnd()).observe(this.#scroll);
  }

  // show turns to a room.
  show(room) {
    this.#room = room;
    this.redraw();
    this.toEnd();
  }

  // redraw is for a room whose messages were replaced.
  redraw() {
    this.#log.setAttribute("aria-live", "off"); // what was there before is not news
    this.#log.replaceChildren();
    this.#drawn.clear();
    this.#pending.clear();
    this.update();
    requestAnimationFrame(() => this.#log.setAttribute("aria-live", "polite"));
  }

  // prepend keeps in place what is read while older messages come in above it.
  prepend() {
    const fromEnd = this.#scroll.scrollHeight - this.#scroll.scrollTop;
    this.redraw();
    this.#scroll.scrollTop = this.#scroll.scrollHeight - fromEnd;
    this.#following = false;
  }

  // update adds what is new and drops what is no longer on its way.
  update() {
    const { messages } = this.#room;
    const first = this.#drawn.size === 0;
    messages.forEach((message, i) => {
      if (this.#drawn.has(message.id)) return;
      const line = this.#line(message, messages[i - 1], !first);
      this.#drawn.set(message.id, line);
      const next = messages[i + 1] && this.#drawn.get(messages[i + 1].id);
      const place = next ?? this.#pending.values().next().value ?? null;
      if (newDay(message, messages[i - 1])) this.#log.insertBefore(day(message.at), place);
      this.#log.insertBefore(line, place);
    });
    this.#drawReceipt();
    this.#drawPending(messages.at(-1));
    this.#older.hidden = !this.#room.older;
    this.#empty.hidden = !this.#room.loaded || this.#log.childElementCount > 0;
    if (this.#following) this.toEnd();
  }

  toEnd() {
    this.#following = true;
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }

  // drawReceipt says below the newest of one's own that the other one has read it.
  #drawReceipt() {
    const { isPrivate, messages, seen } = this.#room;
    const last = isPrivate ? messages.findLast(({ id, from }) => id <= seen && from.id === this.#me().id) : undefined;
    if (last) this.#drawn.get(last.id).append(this.#receipt);
    else this.#receipt.remove();
  }

  #drawPending(previous) {
    for (const line of this.#pending.values()) line.remove();
    this.#pending.clear();
    for (const item of this.#outbox().items) {
      if (item.room !== this.#room.name) continue;
      const message = { from: this.#me(), text: item.text, at: item.at };
      const line = this.#line(message, previous, false);
      line.classList.add(item.state === "failed" ? "is-failed" : "is-pending");
      if (item.state === "failed") line.append(this.#trouble(item));
      else $(".time", line).textContent = item.state === "sending" ? "sending" : "waiting";
      this.#pending.set(item.key, line);
      this.#log.append(line);
      previous = message;
    }
  }

  #trouble(item) {
    const outbox = this.#outbox();
    return h(
      "p",
      { class: "trouble", role: "alert" },
      `Not sent. ${item.reason}`,
      h("button", { class: "text-button", type: "button", onclick: () => outbox.retry(item) }, "Send again"),
      h("button", { class: "text-button", type: "button", onclick: () => outbox.discard(item) }, "Discard"),
    );
  }

  #line(message, previous, isNew) {
    const { from, text, at } = message;
    const opens = previous?.from.id !== from.id || at - previous.at > APART || newDay(message, previous);
    const mine = from.id === this.#me().id;
    return h(
      "li",
      { class: `message${opens ? " opens" : ""}${isNew ? " is-new" : ""}` },
      opens && face(from, mine),
      opens
        ? h("p", { class: "author" }, h("bdi", null, from.name), from.role === "simulated" && h("span", { class: "visually-hidden" }, ", simulated"))
        : h("span", { class: "visually-hidden" }, `${from.name}: `),
      h("p", { class: "text" }, text),
      h("time", { class: "time", datetime: new Date(at).toISOString() }, clock.format(at)),
    );
  }
}

// face is somebody's first letter in a circle: full for yourself, dashed for who is simulated.
export function face({ name, role }, mine) {
  const [letter = "?"] = name.toUpperCase();
  return h("span", { class: `face${mine ? " is-you" : ""}${role === "simulated" ? " is-simulated" : ""}`, "aria-hidden": "true" }, letter);
}

const newDay = (message, previous) => !previous || new Date(message.at).toDateString() !== new Date(previous.at).toDateString();

function day(at) {
  const today = new Date(at).toDateString() === new Date().toDateString();
  return h("li", { class: "day" }, today ? "Today" : calendar.format(at));
}
