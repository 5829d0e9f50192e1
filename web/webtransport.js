// What brio.js loads when it tries the transport "webtransport": Engine.IO on one stream of a WebTransport session.
// Before each packet stands a frame's head: a bit that tells bytes from text, and the length, which is in the 2 bytes
// that follow if it is 126, in the 8 that follow if it is 127.

const BINARY = 128;

export class Stream {
  #session;
  #writer;

  // A packet that is written at once waits for none.
  get writable() {
    return this.#writer.desiredSize > 0;
  }

  // open resolves or rejects when the session is gone: it knows more about the why than its stream.
  async open(link) {
    const url = link.url();
    url.protocol = "https";
    this.#session = new WebTransport(url, link.opts.transportOptions?.webtransport);
    await this.#talk(link, url.searchParams.get("sid")).catch(() => this.#session.close());
    return this.#session.closed;
  }

  send(queue) {
    for (const packet of queue.splice(0)) {
      const binary = packet.byteLength > 0; // no frame is empty: no bytes are sent as base64 of none
      const bytes = binary ? view(packet) : new TextEncoder().encode(packet.byteLength === 0 ? "b" : packet);
      const { length } = bytes;
      const head = length < 126 ? [length] : [127, 0, 0, 0, 0, length >> 24, length >> 16, length >> 8, length];
      if (binary) head[0] |= BINARY;
      for (const part of [Uint8Array.from(head), bytes]) this.#writer.write(part).catch(() => {}); // open tells
    }
  }

  // close waits until what was sent has left: a session that ends takes its stream with it.
  async close(queue) {
    if (queue) this.send(queue);
    await this.#writer?.close().catch(() => {});
    this.#session?.close();
  }

  async #talk(link, sid) {
    await this.#session.ready;
    const { readable, writable } = await this.#session.createBidirectionalStream();
    this.#writer = writable.getWriter();
    this.send(["0" + (sid ? JSON.stringify({ sid }) : "")]); // a new connection, or the upgrade of one
    link.open();

    const read = exactly(readable.getReader({ mode: "byob" }));
    for (;;) {
      const [head] = await read(1);
      let length = head & ~BINARY;
      if (length > 125) length = (await read(length === 126 ? 2 : 8)).reduce((number, byte) => number * 256 + byte);
      const bytes = await read(length);
      link.packet(head & BINARY ? bytes.buffer : new TextDecoder().decode(bytes));
    }
  }
}

// exactly returns a function that reads so many bytes.
function exactly(reader) {
  return async (size) => {
    let bytes = new Uint8Array(size);
    for (let at = 0; at < size; ) {
      const { done, value } = await reader.read(bytes.subarray(at));
      if (done) throw new Error("the stream has ended");
      at += value.length;
      bytes = new Uint8Array(value.buffer); // reading moves it
    }
    return bytes;
  };
}

function view(data) {
  return new Uint8Array(data.buffer ?? data, data.byteOffset, data.byteLength);
}
