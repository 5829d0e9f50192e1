// The outbox holds what was written until the server has acknowledged it. It sends one message at a time, in order;
// each carries a key, so that one which is sent again after a break is still one message.

import { secret } from "/shell/dom.js";

export class Outbox {
  items = []; // { key, room, text, at, state: waiting, sending or failed, reason }
  #live;
  #sent;
  #changed;
  #busy = false;

  // sent is called with a message the server took, changed after any change.
  constructor(live, { sent, changed }) {
    this.#live = live;
    this.#sent = sent;
    this.#changed = changed;
  }

  get unsent() {
    return this.items.filter((item) => item.state !== "failed").length;
  }

  add(room, text) {
    this.items.push({ key: secret(), room, text, at: Date.now(), state: "waiting" });
    this.#changed();
    this.flush();
  }

  retry(item) {
    item.state = "waiting";
    this.#changed();
    this.flush();
  }

  discard(item) {
    this.items = this.items.filter((other) => other !== item);
    this.#changed();
  }

  // delivered drops a message that is seen to have arrived before its acknowledgement has.
  delivered(key) {
    const item = this.items.find((item) => item.key === key);
    if (item) this.discard(item);
  }

  // flush sends what waits, as long as there is a connection.
  async flush() {
    if (this.#busy) return;
    this.#busy = true;
    let item;
    while (this.#live.socket.connected && (item = this.items.find(({ state }) => state === "waiting"))) {
      await this.#send(item);
    }
    this.#busy = false;
  }

  async #send(item) {
    item.state = "sending";
    this.#changed();
    try {
      const { key, room, text } = item;
      const message = await this.#live.call("say", { key, room, text });
      this.discard(item);
      this.#sent(message);
    } catch (err) {
      if (!this.#live.socket.connected || err.retry) {
        item.state = "waiting";
        if (err.retry) await new Promise((next) => setTimeout(next, err.retry)); // much has waited, and goes bit by bit
      } else {
        item.state = "failed";
        item.reason = err.message;
      }
      this.#changed();
    }
  }
}
