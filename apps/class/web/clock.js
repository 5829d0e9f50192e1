// The server's clock, as far as a page can know it: its answer is taken to be as old as half the round trip, and of a
// few answers the one that came fastest is the best.

const SAMPLES = 4;

export class Clock {
  #ahead; // ms that the server's clock shows more than performance.now()

  get known() {
    return this.#ahead !== undefined;
  }

  now() {
    return performance.now() + this.#ahead;
  }

  async measure(live) {
    let fastest = Infinity;
    for (let i = 0; i < SAMPLES; i++) {
      const start = performance.now();
      const time = await live.call("clock").catch(() => undefined);
      const trip = performance.now() - start;
      if (time === undefined) return; // the connection broke; the next one measures anew
      if (trip > fastest) continue;
      fastest = trip;
      this.#ahead = time - start - trip / 2;
    }
  }
}
