// The official Socket.IO client, awaited event by event.
import assert from "node:assert/strict";

import { base } from "./env.mjs";
import { lines } from "./lines.mjs";
import { Queue, within } from "./wait.mjs";

// What the client says of itself.
const local = ["connect", "connect_error", "disconnect"];

// Client gathers the events that its tests wait for. Each has a connection of its
// own, see share. Its options are the official client's, and beside them line, one
// of lines, and address, if not that of the server under test.
export class Client {
  #line;
  #events = new Map();

  constructor(namespace, { line = lines.current, address = base, manager, ...options } = {}) {
    this.#line = line;
    this.socket = manager
      ? manager.socket(namespace, options)
      : line.io(address + (namespace === "/" ? "" : namespace), { forceNew: true, ...options });
    for (const name of local) this.socket.on(name, (...args) => this.#queue(name).push(args));
    line.listen(this.socket, (name, ...args) => this.#queue(name).push(args));
    this.socket.on(line.refusalEvent, (error) => this.#queue("refusal").push(line.read(error)));
  }

  // connect returns one that has joined its namespace.
  static async connect(namespace = "/", options = {}) {
    const client = new Client(namespace, options);
    await client.next("connect");
    return client;
  }

  // share returns a client of another namespace on the same connection.
  share(namespace, options) {
    return new Client(namespace, { line: this.#line, manager: this.socket.io, ...options });
  }

  // next returns the arguments of the next event of that name.
  next(name, milliseconds = 5000) {
    return this.#queue(name).next(`the event ${name}`, milliseconds);
  }

  // refusal returns what the client is told of the next refusal.
  refusal() {
    return this.next("refusal");
  }

  // unread returns the events of that name that nobody has asked for.
  unread(name) {
    return this.#queue(name).rest();
  }

  // echo sends a message and asserts that its arguments come back.
  async echo(...args) {
    this.socket.emit("message", ...args);
    assert.deepEqual(await this.next("message-back"), args);
  }

  // ask emits and returns the arguments of the acknowledgement.
  ask(...args) {
    const answer = new Promise((resolve) => this.socket.emit(...args, (...back) => resolve(back)));
    return within(5000, answer, `the acknowledgement of ${args[0]}`);
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
