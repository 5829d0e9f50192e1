// Engine.IO 3 by hand: its payloads, and a session over long-polling.
import assert from "node:assert/strict";

import { request, start } from "./http.mjs";

export const octets = { "content-type": "application/octet-stream" };
export const form = { "content-type": "application/x-www-form-urlencoded" };

// text returns a text payload of packets that are strings.
export const text = (...packets) => packets.map((p) => `${p.length}:${p}`).join("");

// binary returns a binary payload of packets: strings, and buffers that begin with
// their type.
export function binary(...packets) {
  const members = packets.map((packet) => {
    const bytes = Buffer.from(packet);
    const digits = Array.from(String(bytes.length), Number);
    return Buffer.concat([Buffer.of(typeof packet === "string" ? 0 : 1, ...digits, 255), bytes]);
  });
  return Buffer.concat(members);
}

// packetsOf splits a text payload.
export function packetsOf(body) {
  const packets = [];
  while (body.length > 0) {
    const [, digits] = /^(\d+):/.exec(body) ?? assert.fail(`no payload: ${body}`);
    const begin = digits.length + 1;
    const end = begin + Number(digits);
    assert.ok(end <= body.length, `a packet is cut off: ${body}`);
    packets.push(body.slice(begin, end));
    body = body.slice(end);
  }
  return packets;
}

// script returns the payload in an answer to JSONP, which must be a script.
export function script(body, index) {
  const [, found, json] = /^___eio\[(\d*)\]\((".*")\);$/s.exec(body) ?? assert.fail(`no script: ${body}`);
  assert.equal(found, index);
  assert.doesNotMatch(json, /[\u2028\u2029]/);
  return JSON.parse(json);
}

// submitted returns the form in which a browser's client posts a payload.
export const submitted = (payload) =>
  "d=" + encodeURIComponent(payload.replace(/\\n/g, "\\\n").replace(/\n/g, "\\n"));

export class PollingV3 {
  constructor(path, query, packets) {
    this.handshake = JSON.parse(packets[0].slice(1));
    this.sid = this.handshake.sid;
    this.early = packets.slice(1); // what came with the handshake
    this.url = `${path}?EIO=3&transport=polling${query}&sid=${this.sid}`;
  }

  // open starts a session; query is what follows in the URL, such as &b64=1.
  static async open(path = "/engine.io/", query = "", decode = packetsOf) {
    const answer = await request("GET", `${path}?EIO=3&transport=polling${query}`);
    assert.equal(answer.status, 200, answer.body);
    const packets = decode(answer.body);
    assert.equal(packets[0][0], "0");
    return new PollingV3(path, query, packets);
  }

  get() {
    return request("GET", this.url);
  }

  poll() {
    const begun = start("GET", this.url);
    begun.req.end();
    return begun;
  }

  post(body, headers = { "content-type": "text/plain;charset=UTF-8" }) {
    return request("POST", this.url, body, headers);
  }

  async send(...packets) {
    const answer = await this.post(text(...packets));
    assert.deepEqual([answer.status, answer.body], [200, "ok"]);
  }

  // collect reads until n packets have come.
  async collect(n) {
    const packets = this.early.splice(0);
    while (packets.length < n) {
      const answer = await this.get();
      assert.equal(answer.status, 200, `GET: ${answer.status} ${answer.body}`);
      packets.push(...packetsOf(answer.body));
    }
    return packets;
  }

  async expectEcho(text) {
    await this.send("4" + text);
    assert.deepEqual(await this.collect(1), ["4" + text]);
  }

  async expectGone() {
    const answer = await this.get();
    assert.equal(answer.status, 400, `the session lives: GET ${answer.status} ${answer.body}`);
    assert.equal(JSON.parse(answer.body).code, 1);
  }
}
