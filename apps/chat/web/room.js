// What the page holds of one room: a run of its messages without a gap, and what may have come beyond it.

export class Room {
  name;
  with; // of a private room
  messages = []; // by number
  older = false; // there are more before
  people = 0; // are there
  last = 0; // the newest there is, as far as is known
  loaded = false; // the server has told what there is
  read; // how far one has read; undefined: the room was never looked at
  seen = 0; // how far the other one of a private room has read
  epoch = ""; // in which the numbers count
  marking; // the timer of a mark that is on its way
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
    return this.read === undefined ? 0 : Math.max(0, this.last - this.read);
  }

  // learn takes a line of the list of rooms.
  learn({ epoch, last, people, read, with: other, seen = 0 }) {
    this.#enter(epoch);
    this.people = people ?? this.people;
    this.with = other ?? this.with;
    this.last = Math.max(this.last, last);
    this.read = read ?? this.read;
    this.seen = Math.max(this.seen, seen);
  }

  // enter forgets what counts for nothing in another epoch.
  #enter(epoch) {
    if (this.epoch && this.epoch !== epoch) {
      this.#forget();
      this.last = this.seen = 0;
      if (this.read !== undefined) this.read = 0;
    }
    this.epoch = epoch;
  }

  #forget() {
    this.messages = [];
    this.#held.clear();
    this.#known = 0;
    this.older = false;
  }

  // take adds a page of messages that follow on what is held, precede it, or replace it.
  take({ epoch, messages, older, reset }) {
    this.loaded = true;
    this.#enter(epoch);
    if (reset) {
      this.#forget();
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
