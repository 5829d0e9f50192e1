// The official Socket.IO client, awaited event by event.
import assert from "node:assert/strict";
import { io } from "socket.io-client";

import { base } from "./env.mjs";
import { Queue, within } from "./wait.mjs";

// The options of every client of a script.
export const defaults = {};

// Client gathers the events that its tests wait for. Each has its own connection.
export class Client {
  #events = new Map();

  constructor(namespace, options) {
    this.socket = io(base + (namespace === "/" ? "" : namespace), { forceNew: true, ...defaults, ...options });
    for (const name of ["connect", "connect_error", "disconnect"]) {
      this.socket.on(name, (...args) => this.#queue(name).push(args));
    }
    this.socket.onAny((name, ...args) => this.#queue(name).push(args));
  }

  // connect returns a client that has joined its namespace.
  static async connect(namespace = "/", options = {}) {
    const client = new Client(namespace, options);
    await client.next("connect");
    return client;
  }

  // next returns the arguments of the next event of that name.
  next(name, milliseconds = 5000) {
    return this.#queue(name).next(`the event ${name}`, milliseconds);
  }

  // echo sends a message and asserts that its arguments come back.
  async echo(...args) {
    this.socket.emit("message", ...args);
    assert.deepEqual(await this.next("message-back"), args);
  }

  // upgraded waits until the connection has become a WebSocket.
  async upgraded() {
    const { engine } = this.socket.io;
    if (engine.transport.name === "websocket") return;
    await within(5000, new Promise((resolve) => engine.once("upgrade", resolve)), "the upgrade");
  }

  close() {
    this.socket.disconnect();
  }

  #queue(name) {
    if (!this.#events.has(name)) this.#events.set(name, new Queue());
    return this.#events.get(name);
  }
}
