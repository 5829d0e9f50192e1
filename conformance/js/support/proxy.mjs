// A network between a client and the server under test that fails on demand.
import net from "node:net";

import { base } from "./env.mjs";

export class Proxy {
  #connections = new Set(); // of both sides
  #clients = new Set(); // those of clients
  #held = new Set(); // those on which a GET waits for its answer
  #frozen = new WeakSet();
  #onHeld = () => {};
  #listener = net.createServer((inner) => this.#forward(inner));

  // open returns a proxy that listens at its address.
  static async open() {
    const proxy = new Proxy();
    await new Promise((resolve) => proxy.#listener.listen(0, "127.0.0.1", resolve));
    proxy.address = `http://127.0.0.1:${proxy.#listener.address().port}`;
    return proxy;
  }

  #forward(inner) {
    const { hostname, port } = new URL(base);
    const outer = net.connect(Number(port), hostname);
    this.#clients.add(inner);
    inner.on("close", () => this.#clients.delete(inner));
    this.#pipe(inner, outer, (chunk) => {
      if (!chunk.subarray(0, 4).equals(Buffer.from("GET "))) return;
      this.#held.add(inner);
      this.#onHeld();
    });
    this.#pipe(outer, inner, () => this.#held.delete(inner));
  }

  #pipe(from, to, passed) {
    this.#connections.add(from);
    from.setNoDelay(true);
    from.on("error", () => {}); // "close" follows
    from.on("data", (chunk) => this.#frozen.has(from) || to.write(chunk, () => passed(chunk)));
    from.on("close", () => {
      this.#connections.delete(from);
      this.#held.delete(from);
      if (!this.#frozen.has(from)) to.destroy();
    });
  }

  // held waits until the server has a GET to answer.
  async held() {
    while (this.#held.size === 0) await new Promise((resolve) => (this.#onHeld = resolve));
  }

  // cut breaks every connection there is. New ones may be made.
  cut() {
    for (const connection of this.#connections) connection.destroy();
  }

  // freeze lets nothing through any more on the connections there are: either side
  // hears neither of the other nor of its end.
  freeze() {
    for (const connection of this.#connections) this.#frozen.add(connection);
  }

  // inject sends bytes to the clients, as if they came from the server.
  inject(bytes) {
    for (const connection of this.#clients) connection.write(bytes);
  }

  close() {
    this.#listener.close();
    this.cut();
  }
}
