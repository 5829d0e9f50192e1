// An Engine.IO session over WebSocket, driven packet by packet.
import assert from "node:assert/strict";
import { WebSocket as Client } from "ws";

import { base } from "./env.mjs";
import { Queue, within } from "./wait.mjs";

export class WebSocket {
  #frames = new Queue();

  // beat says whether pings are answered here and hidden from next; the other
  // options are those of the ws package.
  constructor(path, { beat = true, ...options } = {}) {
    this.beat = beat;
    this.ws = new Client(base.replace("http", "ws") + path, options);
    this.ws.on("error", () => {}); // "close" follows
    this.ws.on("message", (data, binary) => this.#receive(binary ? data : data.toString()));
    this.opened = new Promise((resolve) => this.ws.on("open", resolve));
    this.closed = new Promise((resolve) =>
      this.ws.on("close", (code, reason) => {
        this.#frames.fail(new Error(`the WebSocket is closed: ${code} ${reason}`));
        resolve({ code, reason: reason.toString() });
      }),
    );
  }

  // open starts a session; it is returned after its handshake.
  static async open(path = "/engine.io/", options = {}) {
    const socket = new WebSocket(`${path}?EIO=4&transport=websocket`, options);
    const open = await socket.next();
    assert.equal(open[0], "0");
    socket.handshake = JSON.parse(open.slice(1));
    return socket;
  }

  // probe brings a WebSocket to a polling session, up to the answered probe.
  static async probe(session, options = {}) {
    const socket = await WebSocket.join(session, options);
    socket.send("2probe");
    assert.equal(await socket.next(), "3probe");
    return socket;
  }

  // join brings a WebSocket to a session and says nothing on it.
  static async join(session, options = {}) {
    const socket = new WebSocket(session.url.replace("polling", "websocket"), options);
    await within(3000, Promise.race([socket.opened, socket.closed]), "the WebSocket to open");
    return socket;
  }

  #receive(packet) {
    if (packet === "2" && this.beat) this.ws.send("3");
    else this.#frames.push(packet);
  }

  // send sends a string as a text frame, anything else as a binary one.
  send(...packets) {
    for (const packet of packets) this.ws.send(packet);
  }

  // next returns the next packet: a string or a Buffer.
  next(milliseconds) {
    return this.#frames.next("a packet", milliseconds);
  }

  async collect(n) {
    const packets = [];
    while (packets.length < n) packets.push(await this.next());
    return packets;
  }

  // unread returns the packets that came and nobody asked for.
  unread() {
    return this.#frames.rest();
  }

  async expectEcho(text) {
    this.send("4" + text);
    assert.equal(await this.next(), "4" + text);
  }

  // expectClosed waits for the server to close and returns { code, reason }.
  expectClosed(milliseconds = 1500) {
    return within(milliseconds, this.closed, "the WebSocket to be closed");
  }

  close() {
    this.ws.terminate();
  }
}
