// What the page holds of one room: a run of its messages without a gap, and what may have come beyond it.

export class Room {
  name;
  with; // of a private room
  messages = []; // by number
  older = false; // there are more before
  last = 0; // the newest there is, as far as is known
  loaded = false; // the server has told what there is
  seen; // the newest that was read; undefined: the room was never looked at
  #held = new Map();
  #known = 0; // all up to this one are held, from the first on

  constructor(name) {
    this.name = name;
  }

  get isPrivate() {
    return this.name.startsWith("@");
  }

  // known is where a page that has been away asks to go on.
  get known() {
    return this.#known;
  }

  get unread() {
    return this.seen === undefined ? 0 : Math.max(0, this.last - this.seen);
  }

  // forget is for a server that counts anew.
  forget() {
    this.messages = [];
    this.#held.clear();
    this.#known = this.last = 0;
    this.older = false;
    if (this.seen !== undefined) this.seen = 0;
  }

  // take adds a page of messages that follow on what is held, precede it, or replace it.
  take({ messages, older, reset, with: other }) {
    this.loaded = true;
    this.with = other ?? this.with;
    if (reset) {
      const { last, seen } = this;
      this.forget();
      Object.assign(this, { last, seen });
      this.#known = (messages[0]?.id ?? 1) - 1;
    }
    const earlier = !reset && messages.length > 0 && messages[0].id < (this.messages[0]?.id ?? Infinity);
    if (reset || earlier) this.older = older;
    for (const message of messages) this.add(message);
  }

  // add holds a message, unless it is held already.
  add(message) {
    if (this.#held.has(message.id)) return false;
    this.#held.set(message.id, message);
    const after = this.messages.findLastIndex(({ id }) => id < message.id);
    this.messages.splice(after + 1, 0, message);
    while (this.#held.has(this.#known + 1)) this.#known++;
    this.last = Math.max(this.last, message.id);
    return true;
  }
}

export const privateRoom = (one, other) => `@${[one, other].sort().join("+")}`;
