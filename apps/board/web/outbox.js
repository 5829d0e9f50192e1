// The outbox holds edits until the server has answered them. It sends them one at a time, in order; each has a key, so
// that one which is sent again after a break is still one edit. A page that is reloaded finds them again.

import { secret } from "/shell/dom.js";

const KEPT = "brio.board.outbox"; // of this tab alone
const LATE = 1500; // ms without an answer until an edit shows that it waits

export class Outbox {
  items = []; // { edit, tried, late }
  #live;
  #changed;
  #refused;
  #busy = false;

  // changed is called after any change, refused with an edit and why the server does not take it.
  constructor(live, { changed, refused }) {
    this.#live = live;
    this.#changed = changed;
    this.#refused = refused;
    try {
      this.items = JSON.parse(sessionStorage.getItem(KEPT) ?? "[]").map((edit) => ({ edit, tried: true, late: true }));
    } catch {
      // Nothing is kept where storage is switched off.
    }
  }

  add(edit) {
    const item = { edit: { ...edit, key: secret() }, tried: false, late: !this.#live.socket.connected };
    this.items.push(item);
    setTimeout(() => {
      if (item.late || !this.items.includes(item)) return;
      item.late = true;
      this.#tell();
    }, LATE);
    this.#tell();
    this.flush();
  }

  // take takes back the newest edit, unless the server may have got it.
  take() {
    const item = this.items.at(-1);
    if (!item || item.tried) return undefined;
    this.items.pop();
    this.#tell();
    return item.edit;
  }

  // done drops an edit that is seen to have been done.
  done(key) {
    const rest = this.items.filter((item) => item.edit.key !== key);
    if (rest.length === this.items.length) return;
    this.items = rest;
    this.#tell();
  }

  // broken says that what is here has to wait.
  broken() {
    for (const item of this.items) item.late = true;
    this.#tell();
  }

  async flush() {
    if (this.#busy) return;
    this.#busy = true;
    const { socket } = this.#live;
    while (socket.connected && this.items.length) {
      const [{ edit }] = this.items;
      this.items[0].tried = true;
      try {
        await this.#live.call("edit", edit);
        this.done(edit.key);
      } catch (err) {
        if (!socket.connected) break; // it goes out again when the board is shown
        if (/did not answer/.test(err.message)) continue;
        if (err.retry) {
          await new Promise((next) => setTimeout(next, err.retry)); // much has waited, and goes bit by bit
          continue;
        }
        this.done(edit.key);
        this.#refused(edit, err.message);
      }
    }
    this.#busy = false;
  }

  #tell() {
    try {
      sessionStorage.setItem(KEPT, JSON.stringify(this.items.map(({ edit }) => edit)));
    } catch {
      // Not kept across a reload, but here.
    }
    this.#changed();
  }
}
