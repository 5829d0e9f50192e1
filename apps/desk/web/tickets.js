// The tickets that one sees: of each the newest version, whatever comes first.

const RETRY = 2000; // ms

export class Tickets {
  lead = 0; // of the server's clock
  #all = new Map();
  #held; // changes that overtake the list
  #live;
  #changed;

  // changed is called with a ticket that changed, or without when all may have.
  constructor(live, changed, failed = () => {}) {
    this.#live = live;
    this.#changed = changed;
    live.socket.on("connect", () => this.#enter(failed));
    live.socket.on("ticket", (ticket) => {
      this.#held?.push(ticket);
      this.take(ticket);
    });
  }

  get(id) {
    return this.#all.get(id);
  }

  // sorted lists those that are due first in front.
  get sorted() {
    return [...this.#all.values()].sort((a, b) => a.due - b.due || a.id - b.id);
  }

  get now() {
    return Date.now() + this.lead;
  }

  take(ticket) {
    if ((this.#all.get(ticket.id)?.version ?? -1) >= ticket.version) return;
    this.#all.set(ticket.id, ticket);
    this.#changed(ticket);
  }

  async #enter(failed) {
    const held = (this.#held = []);
    let list;
    try {
      list = await this.#live.call("enter");
    } catch (err) {
      if (held !== this.#held || !this.#live.socket.connected) return; // a new connection asks again
      failed(err);
      setTimeout(() => held === this.#held && this.#enter(failed), RETRY);
      return;
    }
    if (held !== this.#held) return; // connected anew meanwhile
    this.#held = undefined;
    if (list.length) this.lead = list[0].now - Date.now();
    this.#all = new Map(list.map((ticket) => [ticket.id, ticket]));
    held.forEach((ticket) => this.take(ticket));
    this.#changed();
  }
}

export const state = ({ resolved, agent }) => (resolved ? "resolved" : agent.id || agent.role ? "claimed" : "waiting");

// clock says seconds as 1:05.
export const clock = (ms) => {
  const seconds = Math.floor(Math.abs(ms) / 1000);
  return seconds < 3600 ? `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}` : `${Math.floor(seconds / 3600)} h`;
};
