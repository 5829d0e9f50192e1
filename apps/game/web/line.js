// A line made worse on purpose, to see what prediction and interpolation are for: it delays what comes and goes, and
// loses some of it. As on a real connection, nothing overtakes.

export class Line {
  longer = 0; // ms, there and back
  jitter = 0; // ms at most, each way
  lost = 0; // of what is sent, 0 to 1
  #due = { in: 0, out: 0 };

  carry(way, f) {
    if (Math.random() < this.lost) return;
    if (!this.longer) return f();
    const now = performance.now();
    this.#due[way] = Math.max(this.#due[way], now + this.longer / 2 + Math.random() * this.jitter);
    setTimeout(f, this.#due[way] - now);
  }
}
