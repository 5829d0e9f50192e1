// An Engine.IO session over long-polling, driven request by request.
import assert from "node:assert/strict";

import { request, start } from "./http.mjs";

export const separator = "\x1e";

export class Polling {
  constructor(path, handshake) {
    this.handshake = handshake;
    this.sid = handshake.sid;
    this.url = `${path}?EIO=4&transport=polling&sid=${this.sid}`;
  }

  static async open(path = "/engine.io/", headers = {}) {
    const answer = await request("GET", `${path}?EIO=4&transport=polling`, undefined, headers);
    assert.equal(answer.status, 200, answer.body);
    assert.equal(answer.body[0], "0");
    return new Polling(path, JSON.parse(answer.body.slice(1)));
  }

  get() {
    return request("GET", this.url);
  }

  post(body, headers = { "content-type": "text/plain;charset=UTF-8" }) {
    return request("POST", this.url, body, headers);
  }

  // poll begins a GET that the server can hold: { req, answer }.
  poll() {
    const begun = start("GET", this.url);
    begun.req.end();
    return begun;
  }

  // upload begins a POST whose body the caller writes: { req, answer }.
  upload(headers = { "content-type": "text/plain;charset=UTF-8" }) {
    return start("POST", this.url, headers);
  }

  async send(...packets) {
    const answer = await this.post(packets.join(separator));
    assert.equal(answer.status, 200);
    assert.equal(answer.body, "ok");
  }

  // read returns the next packets, answering pings on the way.
  async read() {
    for (;;) {
      const answer = await this.get();
      assert.equal(answer.status, 200, `GET: ${answer.status} ${answer.body}`);
      const packets = answer.body.split(separator);
      if (packets.includes("2")) await this.send("3");
      const others = packets.filter((p) => p !== "2");
      if (others.length > 0) return others;
    }
  }

  // collect reads until n packets have come.
  async collect(n) {
    const packets = [];
    while (packets.length < n) packets.push(...(await this.read()));
    return packets;
  }

  // expectGone asserts that the server has forgotten the session.
  async expectGone() {
    const answer = await this.get();
    assert.equal(answer.status, 400, `the session lives: GET ${answer.status} ${answer.body}`);
    assert.equal(JSON.parse(answer.body).code, 1);
  }

  async expectEcho(text) {
    await this.send("4" + text);
    assert.deepEqual(await this.read(), ["4" + text]);
  }
}
