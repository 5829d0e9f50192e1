// The state of a connection, in words: live over WebSocket, 3 ms · reconnecting in 2 s · offline, 4 waiting to be sent.

import { $ } from "/shell/dom.js";

const TRANSPORTS = { websocket: "WebSocket", polling: "long-polling", webtransport: "WebTransport" };

export class State {
  #element;
  #phase = "connecting"; // live, waiting, refused
  #transport = "";
  #reason = "";
  #next = 0; // when the next attempt is due
  #latency;
  #unsent = 0;
  #said = "";
  #clock;

  constructor(element) {
    this.#element = element;
    this.#show();
  }

  live(transport) {
    this.#transport = transport;
    this.#latency = undefined;
    this.#enter("live");
  }

  connecting() {
    this.#enter("connecting");
  }

  waiting(ms) {
    this.#next = performance.now() + ms;
    this.#enter("waiting");
  }

  refused(reason) {
    this.#reason = reason;
    this.#enter("refused");
  }

  set latency(ms) {
    this.#latency = ms;
    this.#show();
  }

  // unsent is how many messages have not reached the server.
  set unsent(n) {
    this.#unsent = n;
    this.#show();
  }

  #enter(phase) {
    this.#phase = phase;
    clearInterval(this.#clock);
    if (phase === "waiting") this.#clock = setInterval(() => this.#show(), 250);
    this.#show();
  }

  #show() {
    this.#element.dataset.state = this.#phase;
    $("[data-state-words]", this.#element).textContent = this.#words();
    const said = this.#phase === "live" ? "live" : this.#phase === "refused" ? this.#words() : `${this.#offline()}reconnecting`;
    if (said === this.#said) return;
    this.#said = said; // what is read out has no numbers that run
    $("[data-state-said]", this.#element).textContent = said;
  }

  #words() {
    switch (this.#phase) {
      case "live":
        return `live over ${TRANSPORTS[this.#transport] ?? this.#transport}` + (this.#latency === undefined ? "" : `, ${milliseconds(this.#latency)}`);
      case "waiting":
        return `${this.#offline()}reconnecting in ${Math.max(1, Math.ceil((this.#next - performance.now()) / 1000))} s`;
      case "refused":
        return `not connected: ${this.#reason}`;
    }
    return this.#offline() + (this.#unsent || this.#transport ? "reconnecting now" : "connecting");
  }

  #offline() {
    return this.#unsent ? `offline, ${this.#unsent} waiting to be sent · ` : "";
  }
}

const milliseconds = (ms) => `${Math.max(1, Math.round(ms))} ms`;
