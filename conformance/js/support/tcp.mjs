// A WebSocket client over bare TCP, which can send what no client would.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import net from "node:net";

import { base } from "./env.mjs";
import { Queue, within } from "./wait.mjs";

export const continuation = 0x0;
export const text = 0x1;
export const binary = 0x2;
export const close = 0x8;
export const ping = 0x9;
export const pong = 0xa;

// frame encodes one frame; with mask false as only a server may.
export function frame(opcode, payload = "", { fin = true, rsv = 0, mask = true } = {}) {
  const data = Buffer.from(payload);
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
  const bit = mask ? 0x80 : 0;
  if (data.length < 126) head.push(bit | data.length);
  else if (data.length < 65_536) head.push(bit | 126, data.length >> 8, data.length & 0xff);
  else head.push(bit | 127, 0, 0, 0, 0, ...uint32(data.length));
  if (!mask) return Buffer.concat([Buffer.from(head), data]);
  const key = randomBytes(4);
  const masked = data.map((byte, i) => byte ^ key[i % 4]);
  return Buffer.concat([Buffer.from(head), key, masked]);
}

const uint32 = (n) => [n >>> 24, (n >>> 16) & 0xff, (n >>> 8) & 0xff, n & 0xff];

export const closePayload = (code, reason = "") =>
  Buffer.concat([Buffer.of(code >> 8, code & 0xff), Buffer.from(reason)]);

// Connection is a TCP connection on which the server's frames are read.
export class Connection {
  #frames = new Queue();
  #buffer = Buffer.alloc(0);
  #upgraded = false;

  constructor() {
    const { hostname, port } = new URL(base);
    this.socket = net.connect(port, hostname);
    this.socket.setNoDelay(true);
    this.socket.on("error", () => {}); // "close" follows
    this.socket.on("data", (chunk) => this.#receive(chunk));
    this.answer = new Promise((resolve) => (this.answered = resolve));
    this.ended = new Promise((resolve) => this.socket.on("close", resolve));
    this.ended.then(() => {
      this.answered({ status: 0 });
      this.#frames.fail(new Error("the connection has ended"));
    });
  }

  // open makes a WebSocket and reads the Engine.IO handshake from it.
  static async open(path = "/engine.io/", pipelined = "", headers = {}) {
    const connection = new Connection();
    connection.write(Connection.request({ path, headers }), pipelined);
    const { status } = await within(3000, connection.answer, "the answer");
    assert.equal(status, 101);
    connection.handshake = await connection.next();
    assert.equal(connection.handshake.payload[0], "0".charCodeAt(0));
    return connection;
  }

  // request returns the upgrade request, with headers replaced or (by null) left out.
  static request({ method = "GET", path = "/engine.io/", headers = {} } = {}) {
    const all = {
      Host: new URL(base).host,
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
      ...headers,
    };
    const lines = Object.entries(all)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => `${name}: ${value}\r\n`);
    return `${method} ${path}?EIO=4&transport=websocket HTTP/1.1\r\n${lines.join("")}\r\n`;
  }

  static accept(key) {
    const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455, section 1.3
    return createHash("sha1").update(key + guid).digest("base64");
  }

  #receive(chunk) {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    if (!this.#upgraded && !this.#readHead()) return;
    for (let f = this.#readFrame(); f; f = this.#readFrame()) this.#frames.push(f);
  }

  #readHead() {
    const end = this.#buffer.indexOf("\r\n\r\n");
    if (end < 0) return false;
    const [line, ...lines] = this.#buffer.subarray(0, end).toString().split("\r\n");
    const headers = {};
    for (const l of lines) headers[l.slice(0, l.indexOf(":")).toLowerCase()] = l.slice(l.indexOf(":") + 1).trim();
    const status = Number(line.split(" ")[1]);
    this.#buffer = this.#buffer.subarray(end + 4);
    this.#upgraded = status === 101;
    this.answered({ status, headers });
    return this.#upgraded;
  }

  #readFrame() {
    const b = this.#buffer;
    if (b.length < 2) return null;
    assert.equal(b[1] & 0x80, 0, "a server masks nothing");
    let length = b[1];
    let at = 2;
    if (length === 126) [length, at] = [b.length < 4 ? Infinity : b.readUInt16BE(2), 4];
    else if (length === 127) [length, at] = [b.length < 10 ? Infinity : Number(b.readBigUInt64BE(2)), 10];
    if (b.length < at + length) return null;
    this.#buffer = b.subarray(at + length);
    const payload = b.subarray(at, at + length);
    return { fin: b[0] >> 7 === 1, rsv: (b[0] >> 4) & 7, opcode: b[0] & 0xf, payload };
  }

  // write sends bytes as they are, all in one piece.
  write(...pieces) {
    this.socket.write(Buffer.concat(pieces.map((p) => Buffer.from(p))));
  }

  next() {
    return this.#frames.next("a frame");
  }

  async expectText(expected) {
    const { fin, rsv, opcode, payload } = await this.next();
    assert.deepEqual([fin, rsv, opcode, payload.toString()], [true, 0, text, expected]);
  }

  // expectClose waits for a close frame with one of the codes, answers it, and
  // waits for the server to end the connection.
  async expectClose(...codes) {
    let f;
    do f = await this.next();
    while (f.opcode !== close);
    const code = f.payload.length >= 2 ? f.payload.readUInt16BE(0) : undefined;
    assert.ok(codes.includes(code), `closed with ${code}, not ${codes}`);
    this.write(frame(close, f.payload.subarray(0, 2)));
    await within(3000, this.ended, "the end of the connection");
  }

  destroy() {
    this.socket.destroy();
  }
}
