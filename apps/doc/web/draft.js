// Drafts are what has not arrived yet, kept in the browser until it has: a copy each, under the name of its client.
//
// Two pages must never go on from one draft, or its changes would count twice. So a page holds a lock named like its
// client as long as it is open, and takes over only drafts whose lock nobody holds. Where there are no locks (a page
// from another machine without https), drafts are those of one tab.

import { secret } from "/shell/dom.js";

const PREFIX = "brio.doc.";
const PATIENCE = 400; // ms for the page that was here before a reload to let go

const shelf = (() => {
  try {
    return navigator.locks ? localStorage : sessionStorage;
  } catch {
    return null; // switched off: drafts last as long as the page
  }
})();

export class Draft {
  #key;
  #release = () => {};

  constructor(name, client, copy) {
    Object.assign(this, { name, client, copy });
    this.#key = `${PREFIX}${name}.${client}`;
  }

  // claim returns a draft of a document that was left behind, or a new one. Close it to leave it behind.
  static async claim(name) {
    for (const key of keys(`${PREFIX}${name}.`)) {
      const draft = new Draft(name, key.split(".").at(-1), read(key));
      if (draft.copy && (await draft.#lock())) {
        draft.copy = read(key); // as it was left in the end
        if (draft.copy) return draft;
        draft.close();
      }
    }
    const draft = new Draft(name, secret(), null);
    await draft.#lock();
    return draft;
  }

  // save keeps a copy, or nothing: null.
  save(copy) {
    try {
      if (copy) shelf?.setItem(this.#key, JSON.stringify(copy));
      else shelf?.removeItem(this.#key);
      return true;
    } catch {
      return false; // no room
    }
  }

  close() {
    this.#release();
  }

  #lock() {
    if (!navigator.locks) return true;
    return new Promise((held) => {
      const hold = () => {
        held(true);
        return new Promise((release) => (this.#release = release));
      };
      navigator.locks.request(this.#key, { signal: AbortSignal.timeout(PATIENCE) }, hold).catch(() => held(false));
    });
  }
}

function keys(prefix) {
  try {
    return Object.keys(shelf ?? {}).filter((key) => key.startsWith(prefix));
  } catch {
    return [];
  }
}

function read(key) {
  try {
    return JSON.parse(shelf.getItem(key));
  } catch {
    return null; // not of our making
  }
}
