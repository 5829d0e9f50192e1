// What the page shows: the snapshot that it got, and the orders since, counted in as the server counts them.

const SLOT = 10_000; // ms
const DAY = 24 * 60 * 60 * 1000;
const GROUP = 3; // slots in a bar
const LATEST = 12;
const RETRY = 2000; // ms

export class View {
  constructor(snapshot) {
    Object.assign(this, snapshot);
    this.lead = snapshot.now - Date.now(); // of the server's clock
  }

  // take counts in what is new of a delta, and reports whether it could: false means that something is missing.
  take({ from, orders }) {
    const known = this.version - from;
    if (known < 0) return false;
    for (const order of orders.slice(known)) this.#add(order);
    return true;
  }

  // roll moves on to now: a new day begins at nothing, and the window loses what is too old.
  roll(at = Date.now() + this.lead) {
    const day = Math.floor(at / DAY);
    if (day > this.day) Object.assign(this, { day, count: 0, sums: {} });
    const slot = Math.floor(at / SLOT);
    for (; this.slot < slot; this.slot++) {
      this.slots.push([0, 0]);
      this.slots.shift();
    }
    return this;
  }

  #add(order) {
    this.roll(order.at);
    this.version++;
    if (Math.floor(order.at / DAY) === this.day) {
      this.count++;
      for (const name of [order.product, order.region]) this.sums[name] = (this.sums[name] ?? 0) + order.cents;
    }
    const slot = this.slots[this.slots.length - 1 - (this.slot - Math.floor(order.at / SLOT))];
    if (slot) {
      slot[0] += order.cents;
      slot[1]++;
    }
    this.latest = [order, ...this.latest].slice(0, LATEST);
  }

  // ranking lists names by their revenue today.
  ranking(names) {
    return names.map((name) => ({ name, cents: this.sums[name] ?? 0 })).sort((a, b) => b.cents - a.cents || (a.name < b.name ? -1 : 1));
  }

  get products() {
    return this.ranking(Object.keys(this.prices));
  }

  get cents() {
    return Object.keys(this.prices).reduce((sum, name) => sum + (this.sums[name] ?? 0), 0);
  }

  // rate is orders a minute: those of the last six slots and of the one that runs.
  get rate() {
    const orders = this.slots.slice(-7).reduce((sum, [, n]) => sum + n, 0);
    const time = 6 * SLOT + Math.min(SLOT, Math.max(0, Date.now() + this.lead - this.slot * SLOT));
    return (orders * 60_000) / time;
  }

  // bars are half minutes, oldest first; they begin at :00 and :30.
  get bars() {
    const last = Math.floor(this.slot / GROUP);
    const bars = Array.from({ length: this.slots.length / GROUP - 1 }, () => ({ at: 0, cents: 0, orders: 0 }));
    bars.forEach((bar, i) => (bar.at = (last - bars.length + 1 + i) * GROUP * SLOT));
    this.slots.forEach(([cents, orders], i) => {
      const bar = bars[Math.floor((this.slot - this.slots.length + 1 + i) / GROUP) - last + bars.length - 1];
      if (!bar) return;
      bar.cents += cents;
      bar.orders += orders;
    });
    return bars;
  }
}

const format = (digits) => new Intl.NumberFormat("en", { style: "currency", currency: "EUR", maximumFractionDigits: digits, minimumFractionDigits: digits });
const [exact, whole] = [format(2), format(0)];

// money says cents; in large sums they don't matter.
export const money = (cents) => exact.format(cents / 100);
export const sum = (cents) => whole.format(cents / 100);

// Follow keeps a view of a region: its snapshot, then what changes. changed is called with the view.
export class Follow {
  view;
  region;
  #live;
  #held; // deltas that overtake the snapshot
  #asked = 0;
  #changed;
  #failed;

  constructor(live, region, changed, failed = () => {}) {
    this.#live = live;
    this.#changed = changed;
    this.#failed = failed;
    this.region = region;
    live.socket.on("connect", () => this.watch(this.region));
    live.socket.on("delta", (delta) => {
      if (delta.view !== this.region) return; // of the room that we have left
      if (this.#held) this.#held.push(delta);
      else this.#take(delta);
    });
  }

  async watch(region) {
    const asked = ++this.#asked;
    this.region = region;
    this.#held = [];
    try {
      const view = new View(await this.#live.call("watch", region));
      if (asked !== this.#asked) return; // another one was asked for meanwhile
      this.view = view;
      const held = this.#held;
      this.#held = undefined;
      held.forEach((delta) => this.#take(delta));
      this.#changed(this.view);
    } catch (err) {
      if (asked !== this.#asked || !this.#live.socket.connected) return; // a new connection asks again
      this.#failed(err);
      setTimeout(() => asked === this.#asked && this.watch(this.region), RETRY);
    }
  }

  #take(delta) {
    if (this.#held) this.#held.push(delta);
    else if (this.view.take(delta)) this.#changed(this.view);
    else this.watch(this.region);
  }
}
