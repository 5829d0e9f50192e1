// A page's copy of a document. It knows nothing of sockets or elements.
//
// What was typed is in the text at once. One change at a time is under way to the server; what is typed meanwhile is
// gathered, and goes when that one has come back. A change of somebody else is transformed over both, and they over it:
//
//   base ── under way ── gathered ── text
//
// base is the text of the newest revision the page knows. A copy can be kept, and go on from there.

import { between } from "./diff.js";
import { apply, compose, invert, isNothing, move, over } from "./ot.js";

const STEPS = 200; // that can be undone
const PAUSE = 1500; // ms after which one more letter is one more change

export class Copy {
  base = "";
  text = "";
  revision = -1;
  epoch = "";
  seq = 0;
  underWay = null; // { seq, operation, count }
  gathered = null; // { operation, count }
  opened = false; // what comes leads on from base, and what is sent finds its way
  id = ""; // as the server knows it
  #send;
  #undo = []; // operations on the text, the newest last, each on what the one behind it makes
  #redo = [];
  #last = { time: -Infinity, at: -1 };

  // send is called with a change when one is to be sent. kept is what keep returned, of a copy before.
  constructor(name, client, send, kept) {
    this.name = name;
    this.client = client;
    this.#send = send;
    if (!kept) return;
    for (const key of ["base", "revision", "epoch", "seq", "underWay", "gathered"]) this[key] = kept[key];
    this.text = this.#pending.reduce((text, { operation }) => apply(text, operation), this.base);
  }

  // keep returns what is needed to go on later, or null if all has arrived.
  keep() {
    const { base, revision, epoch, seq, underWay, gathered } = this;
    return this.waiting ? { base, revision, epoch, seq, underWay, gathered } : null;
  }

  // waiting is how many changes have not arrived. What was typed in one go is one change.
  get waiting() {
    return this.#pending.reduce((sum, { count }) => sum + count, 0);
  }

  get canUndo() {
    return this.#undo.length > 0;
  }

  get canRedo() {
    return this.#redo.length > 0;
  }

  get #pending() {
    return [this.underWay, this.gathered].filter(Boolean);
  }

  // edit makes a change of the person at the page.
  edit(operation, now = performance.now()) {
    if (isNothing(operation)) return;
    const before = this.text;
    const at = move(operation, operation[0].keep ?? 0);
    const goesOn = now - this.#last.time < PAUSE && Math.abs(at - this.#last.at) <= 2 && this.#undo.length > 0;
    const back = invert(operation, before);
    if (goesOn) this.#undo.push(compose(back, this.#undo.pop()));
    else this.#undo.push(back);
    if (this.#undo.length > STEPS) this.#undo.shift();
    this.#redo = [];
    this.#last = { time: now, at: end(operation) };
    this.#change(operation, goesOn ? 0 : 1);
  }

  // undo takes back what the person at the page changed last, whatever others have changed since. It returns the
  // operation, or null.
  undo() {
    return this.#back(this.#undo, this.#redo);
  }

  redo() {
    return this.#back(this.#redo, this.#undo);
  }

  // receive takes a change from the server, and returns what it does to the text: null if that is nothing, as it was
  // one of ours, or is known. It returns undefined if changes are missing.
  receive({ client, seq, revision, operation }) {
    if (revision <= this.revision) return null;
    if (revision !== this.revision + 1) return undefined;
    this.revision = revision;
    this.base = apply(this.base, operation);
    if (client === this.id && seq === this.underWay?.seq) {
      this.underWay = null;
      this.flush();
      return null;
    }
    return this.#take(operation);
  }

  // open takes the server's snapshot, and returns what others have done to the text since, as a list of operations.
  open({ client, epoch, revision, seq, text, changes }) {
    this.id = client;
    this.opened = false; // nothing is sent in between
    let done;
    if (text === undefined) {
      done = (changes ?? []).map((change) => this.receive(change)).filter(Boolean);
    } else {
      // The server does not know any more how to get from our base to its text. What differs counts as one change of
      // somebody else. If our change under way has arrived, it is in there already.
      if (this.underWay && epoch === this.epoch && this.underWay.seq <= seq) {
        this.base = apply(this.base, this.underWay.operation);
        this.underWay = null;
      }
      const operation = between(this.base, text);
      done = isNothing(operation) ? [] : [this.#take(operation)];
      Object.assign(this, { base: text, revision, epoch });
    }
    this.seq = Math.max(this.seq, seq);
    this.opened = true;
    if (this.underWay) this.#send(this.underWay);
    else this.flush();
    return done;
  }

  // here returns where a place in the server's newest text is in ours.
  here(at) {
    return this.#pending.reduce((at, { operation }) => move(operation, at), at);
  }

  // refused takes a change back from under way: it waits with what comes next.
  refused(seq) {
    if (this.underWay?.seq !== seq) return;
    const { operation, count } = this.underWay;
    this.gathered = this.gathered ? { operation: compose(operation, this.gathered.operation), count: count + this.gathered.count } : { operation, count };
    this.underWay = null;
    this.seq--;
  }

  // flush sends what was gathered, unless something is under way.
  flush() {
    if (!this.opened || this.underWay || !this.gathered) return;
    this.underWay = { seq: ++this.seq, ...this.gathered };
    this.gathered = null;
    this.#send(this.underWay);
  }

  #change(operation, count) {
    this.text = apply(this.text, operation);
    this.gathered = this.gathered
      ? { operation: compose(this.gathered.operation, operation), count: this.gathered.count + count }
      : { operation, count: 1 };
    this.flush();
  }

  #take(operation) {
    for (const mine of this.#pending) {
      const theirs = operation;
      operation = over(theirs, mine.operation, false);
      mine.operation = over(mine.operation, theirs, true);
    }
    this.text = apply(this.text, operation);
    this.#last.at = move(operation, this.#last.at);
    this.#undo = after(this.#undo, operation);
    this.#redo = after(this.#redo, operation);
    return operation;
  }

  #back(from, to) {
    const operation = from.pop();
    if (!operation) return null;
    to.push(invert(operation, this.text));
    this.#last.time = -Infinity;
    this.#change(operation, 1);
    return operation;
  }
}

// after is a stack of operations after one of somebody else. Those of which nothing is left are left out.
function after(stack, operation) {
  const out = [];
  for (const mine of stack.toReversed()) {
    const left = over(mine, operation, true);
    operation = over(operation, mine, false);
    if (!isNothing(left)) out.unshift(left);
  }
  return out;
}

// end is where what an operation did last ends, in the text it has made.
function end(operation) {
  let [at, last] = [0, 0];
  for (const { keep = 0, insert } of operation) {
    if (!keep) last = at + (insert ? [...insert].length : 0);
    at += keep + (insert ? [...insert].length : 0);
  }
  return last;
}
