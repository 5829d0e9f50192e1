// The tape: all trades since the page opened, and some from before, each once and in order. Trades are numbered without a
// gap, so the tape knows what it lacks, and asks for it.

const FIRST = 500; // trades a new page begins with
const KEPT = 240; // of each instrument

export class Tape {
  last = 0; // the number up to which nothing is missing
  received = 0;
  #trades = new Map(); // by instrument, oldest first
  #live;
  #changed;
  #asking = false;

  constructor(live, changed) {
    this.#live = live;
    this.#changed = changed;
    live.socket.on("connect", () => this.#ask());
    live.socket.on("traded", (trades) => this.#take(trades) || this.#ask());
  }

  of(symbol) {
    return this.#trades.get(symbol) ?? [];
  }

  // take takes trades, and reports whether they join what is there. Those that it has are left out.
  #take(trades) {
    const news = trades.filter(({ no }) => no > this.last);
    if (!news.length) return true;
    if (news[0].no !== this.last + 1) return false;
    for (const trade of news) this.#add(trade);
    this.#changed();
    return true;
  }

  #add(trade) {
    if (!this.#trades.has(trade.symbol)) this.#trades.set(trade.symbol, []);
    const list = this.#trades.get(trade.symbol);
    list.push(trade);
    if (list.length > KEPT) list.shift();
    this.last = trade.no;
    this.received++;
  }

  // ask asks for what comes after the last one, until there is nothing more.
  async #ask() {
    if (this.#asking) return;
    this.#asking = true;
    try {
      for (let trades; !trades || trades.length; ) {
        trades = await this.#live.call("tape", this.last || -FIRST);
        if (!trades.length || this.#take(trades)) continue;
        this.#trades.clear(); // too long ago, or of another server: begin anew
        this.last = trades[0].no - 1;
      }
    } catch {
      // It asks again when it is connected, or with the next trade.
    }
    this.#asking = false;
  }
}
