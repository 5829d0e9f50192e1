// The last minute of the server, and the figures that are made of it.

const KEPT = 60;

export class Minute {
  #ticks = [];

  // begin replaces what is known: after a break, or from a server that has started anew.
  begin(ticks) {
    this.#ticks = ticks.slice(-KEPT);
  }

  add(tick) {
    if (this.last && tick.at <= this.last.at) return; // it was in the history too
    this.#ticks.push(tick);
    if (this.#ticks.length > KEPT) this.#ticks.shift();
  }

  get last() {
    return this.#ticks.at(-1);
  }

  series(of) {
    return this.#ticks.map(of);
  }
}

// size writes a number as short as it can be read: 940, 12.3k, 4.1M.
export function size(n) {
  if (n < 1000) return String(n);
  if (n < 1e6) return `${(n / 1e3).toFixed(n < 1e5 ? 1 : 0)}k`;
  return `${(n / 1e6).toFixed(1)}M`;
}

const megabytes = (n) => [(n / 1e6).toFixed(n < 1e8 ? 1 : 0), "MB"];

export const figures = [
  { name: "Connections", of: (tick) => tick.connections, say: (n) => [size(n), ""] },
  { name: "Events in", of: (tick) => tick.in, say: (n) => [size(n), "a second"] },
  { name: "Events out", of: (tick) => tick.out, say: (n) => [size(n), "a second"] },
  { name: "Heap in use", of: (tick) => tick.heap, say: megabytes },
  { name: "Goroutines", of: (tick) => tick.goroutines, say: (n) => [size(n), ""] },
];
