// What the page sees of the others: the frames it holds, and the moment, a little ago, at which it shows them.

import { decode, row } from "./wire.js";
import { BY_X, BY_Y, LIFE, RATE, X, Y } from "./world.js";

const BEHIND = 100; // ms that others are shown late, at least: a snapshot and a half
const MOST = 400;
const FORGET = 0.02; // of how late snapshots came, with each that came sooner

export class Sight {
  frames = []; // oldest first; each has been acknowledged or will be
  bytes = 0; // of the newest snapshot
  arrived = 0; // when it came, ms
  behind = BEHIND;
  #clock; // ms: when tick 0 would have come, on the fastest way
  #late = 0; // ms beyond that, lately

  get newest() {
    return this.frames.at(-1);
  }

  // take decodes a snapshot. One that builds on what the page has not, or that is old, is none.
  take(bytes, now) {
    const frame = decode(bytes, (tick) => this.frames.find((each) => each.tick === tick));
    if (!frame || frame.tick <= (this.newest?.tick ?? 0)) return null;
    this.frames.push(frame);
    while (this.frames[0].tick < frame.base || this.frames.length > 64) this.frames.shift(); // no other can build on them
    this.bytes = bytes.length;
    this.arrived = now;
    const clock = now - (frame.tick * 1000) / RATE;
    if (!(Math.abs(clock - this.#clock) < 1000)) this.#clock = clock; // the first, or after a pause
    this.#clock = Math.min(this.#clock + 0.1, clock); // clocks differ a little
    const late = clock - this.#clock;
    this.#late = Math.max(late, this.#late - (this.#late - late) * FORGET);
    this.behind = Math.min(MOST, Math.max(BEHIND, 70 + this.#late));
    return frame;
  }

  // forget is for a new connection: what it brings may be another game.
  forget() {
    this.frames = [];
    this.#clock = undefined;
    this.#late = 0;
  }

  // tick is which moment of the game the server is at, with what is on the way counted in.
  tick(now) {
    return ((now - this.#clock) * RATE) / 1000;
  }

  // at returns the frames around what is shown now, and how far that is from the first to the second.
  at(now) {
    const tick = this.tick(now - this.behind);
    let after = this.frames.findIndex((frame) => frame.tick >= tick);
    if (after < 0) after = this.frames.length - 1;
    const second = this.frames[after];
    const first = this.frames[Math.max(0, after - 1)];
    const span = second.tick - first.tick;
    return { first, second, share: span ? Math.max(0, Math.min(1.5, (tick - first.tick) / span)) : 1 }; // goes on a little without news
  }
}

// between writes to place where a ship is between two frames. Who was launched anew in between does not glide there.
export function between({ first, second, share }, i, place) {
  const [a, b] = [row(first, i), row(second, i)];
  const same = a[LIFE] === b[LIFE];
  place.x = same ? a[X] + (b[X] - a[X]) * share : b[X];
  place.y = same ? a[Y] + (b[Y] - a[Y]) * share : b[Y];
  place.byX = b[BY_X];
  place.byY = b[BY_Y];
  return place;
}
