// The ship of the person at the page: it obeys at once, and is set right by what the server says.

import { row } from "./wire.js";
import { glide, HEARD, LIFE, RATE, X, Y } from "./world.js";

const SETTLE = 120; // ms in which most of an error is gone from view
const WAITING = 24; // inputs of a message

export class Pilot {
  ship = -1; // none
  predicts = true;
  wishes = []; // inputs that the server has not applied yet
  row = null; // the ship once it will have applied them
  wrong = 0; // px that the last prediction was off
  #number = 0; // of the newest input
  #sent = new Map(); // when inputs were made, by number
  #error = { x: 0, y: 0 };
  roundTrip; // ms from an input to the snapshot that has it

  get flies() {
    return this.row?.[LIFE] > 0;
  }

  // wish makes the input of a step, and glides on.
  wish(input, now) {
    this.#number++;
    this.wishes.push(input);
    this.#sent.set(this.#number, now);
    if (this.wishes.length > 3 * RATE) this.wishes.shift(); // nobody hears them
    if (this.flies && this.predicts) glide(this.row, input, ++this.tick);
  }

  // message is what has to be sent: the number of the first input, and the inputs that may not have come.
  get message() {
    const inputs = this.wishes.slice(-WAITING);
    return { first: this.#number - inputs.length + 1, inputs };
  }

  // hear takes a frame: it goes back to what the server says, and from there over all that this has not heard yet.
  hear(frame, now) {
    const said = row(frame, this.ship);
    const before = this.flies && [this.row[X], this.row[Y]];
    const reborn = this.row?.[LIFE] !== said[LIFE];
    this.#time(said[HEARD], now);
    const waiting = Math.max(0, this.#number - said[HEARD]);
    this.wishes = this.wishes.slice(Math.max(0, this.wishes.length - waiting));
    this.row = said.slice();
    this.tick = frame.tick;
    if (this.flies && this.predicts) for (const input of this.wishes) glide(this.row, input, ++this.tick);
    if (!before || reborn) {
      this.#error = { x: 0, y: 0 };
      return;
    }
    const off = { x: before[0] - this.row[X], y: before[1] - this.row[Y] };
    this.wrong = Math.hypot(off.x, off.y) / 64;
    if (!this.predicts) return;
    this.#error.x += off.x;
    this.#error.y += off.y;
  }

  // place is where the ship is shown: what it was off fades instead of jumping.
  place(ms, into) {
    const left = Math.exp(-ms / SETTLE);
    this.#error.x *= left;
    this.#error.y *= left;
    into.x = this.row[X] + this.#error.x;
    into.y = this.row[Y] + this.#error.y;
    return into;
  }

  leave() {
    this.ship = -1;
    this.row = null;
    this.wishes = [];
    this.#sent.clear();
  }

  #time(heard, now) {
    const made = this.#sent.get(heard);
    if (made !== undefined) this.roundTrip = this.roundTrip === undefined ? now - made : this.roundTrip * 0.9 + (now - made) * 0.1;
    for (const number of this.#sent.keys()) {
      if (number > heard) break;
      this.#sent.delete(number);
    }
  }
}
