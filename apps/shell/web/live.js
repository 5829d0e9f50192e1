// A live page: its connection joined to the mark, the state and the score strip that every page has.

import { io } from "/socket.io/brio.js";
import { bindCrowd } from "/shell/crowd.js";
import { $ } from "/shell/dom.js";
import { Mark } from "/shell/mark.js";
import { Pass } from "/shell/pass.js";
import { State } from "/shell/state.js";
import { Strip } from "/shell/strip.js";

const PULSE = 5000; // ms between two measurements of the round trip
const PATIENCE = 10000; // ms for an answer
const SLOWEST = 5000; // ms between two attempts to reconnect

// Each page draws its delay once: pages spread out, and each can tell how long its next wait is.
const DELAY = 700 + Math.random() * 600;

const STREAM = 1000; // ms between two notes of a stream

const strip = new Strip($("[data-strip]"));
const mark = new Mark($("[data-mark]"));
const state = new State($("[data-state]"));

// Live is a socket whose events are seen on the page. The first one of a page shows its state there. It presents a Pass,
// or whatever else is given as auth.
export class Live {
  note; // of the event sent last
  #pulse;
  #attempts = 0;
  #first;
  static #count = 0;

  constructor(namespace, auth, streams = []) {
    const plays = seldom(streams);
    this.#first = Live.#count++ === 0;
    const pass = auth instanceof Pass ? auth : undefined;
    this.socket = io(namespace, { auth: pass?.auth ?? auth, reconnectionDelay: DELAY, reconnectionDelayMax: SLOWEST, randomizationFactor: 0 });
    this.socket.on("probe", (answer) => answer());
    this.socket.onAny((event) => {
      if (event === "probe" || !plays(event)) return;
      strip.play(event, false);
      mark.beat();
    });
    this.socket.onAnyOutgoing((event) => {
      if (event !== "pulse" && plays(event)) this.note = strip.play(event, true);
    });
    if (pass) this.#present(pass);
    if (this.#first) this.#watch();
    bindCrowd(this);
  }

  // call sends an event and returns its answer. What it throws says what to do, in words for the person at the page; where
  // that is to wait, retry says how long.
  async call(event, payload) {
    if (!this.socket.connected) throw new Error("There is no connection. Try again when there is.");
    this.note = undefined;
    const answer = this.socket.timeout(PATIENCE).emitWithAck(event, payload);
    const { note } = this;
    const result = await answer.catch(() => {
      throw new Error("The server did not answer. Try again.");
    });
    if (note) strip.answered(note);
    mark.beat();
    if (result?.error) throw Object.assign(new Error(result.error.message), { retry: result.error.data?.retry }); // ms, if that was too often
    return result;
  }

  // unsent tells the page how many messages have not reached the server.
  set unsent(n) {
    state.unsent = n;
  }

  // present gets a new pass where the old one is refused, and connects anew under a new name.
  #present(pass) {
    this.socket.on("connect_error", (err) => {
      if (err.data?.code !== "pass") return;
      pass.forget();
      this.socket.connect();
    });
    pass.renamed = () => this.socket.disconnect().connect();
  }

  #watch() {
    const { socket } = this;
    const manager = socket.io;
    const transport = () => manager.engine.transport.name;

    socket.on("connect", () => {
      this.#attempts = 0;
      strip.connected = mark.connected = true;
      state.live(transport());
      manager.engine.on("upgrade", () => state.live(transport()));
      this.#measure();
    });
    socket.on("disconnect", (reason) => {
      clearTimeout(this.#pulse);
      strip.connected = mark.connected = false;
      if (reason !== "io client disconnect") this.#wait();
    });
    socket.on("connect_error", (err) => {
      if (socket.active) this.#wait();
      else state.refused(err.message);
    });
    manager.on("reconnect_attempt", () => state.connecting());
    document.addEventListener("visibilitychange", () => this.#measure());
  }

  // wait shows when the next attempt is due. A server that closed the socket is left to ask again by us.
  #wait() {
    const delay = Math.min(DELAY * 2 ** this.#attempts++, SLOWEST);
    state.waiting(delay);
    if (!this.socket.active) setTimeout(() => this.socket.connect(), delay);
  }

  async #measure() {
    clearTimeout(this.#pulse);
    if (!this.socket.connected || document.hidden) return;
    const start = performance.now();
    try {
      await this.socket.timeout(PULSE).emitWithAck("pulse");
      state.latency = performance.now() - start;
    } catch {
      return; // the connection broke; the next one measures anew
    }
    clearTimeout(this.#pulse);
    this.#pulse = setTimeout(() => this.#measure(), PULSE);
  }
}

// seldom tells whether an event is played now: one of a stream is not if another one was a moment ago.
function seldom(streams) {
  const last = new Map(streams.map((event) => [event, -Infinity]));
  return (event) => {
    const now = performance.now();
    if (now - last.get(event) < STREAM) return false;
    if (last.has(event)) last.set(event, now);
    return true;
  };
}
