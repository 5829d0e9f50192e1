// Messages over Engine.IO long-polling: what is echoed, and what ends a session.
// server: --ping-interval 3s --ping-timeout 3s
import assert from "node:assert/strict";

import { request } from "./support/http.mjs";
import { attack } from "./support/innocent.mjs";
import { Polling, separator } from "./support/polling.mjs";
import { test } from "./support/test.mjs";
import { within } from "./support/wait.mjs";

const maxPayload = 1e6;

// settled returns when what was sent before has most likely reached the server,
// which cannot be seen from here: after two answered requests on other connections.
async function settled() {
  for (let i = 0; i < 2; i++) await request("GET", "/engine.io/?EIO=4&transport=abc");
}

const echoes = {
  "one text packet": "4hello",
  "an empty text packet": "4",
  "several text packets": ["4test1", "4test2", "4test3"].join(separator),
  "text that looks like packets": "42probe4b5",
  "text and binary": ["4hello", "bAQIDBA=="].join(separator),
  "binary of one, two and three bytes": ["bAQ==", "bAQI=", "bAQID"].join(separator),
  "the two last letters of base64": "b+/+/",
  "unicode of every width": "4ñ € 漢字 😀 \u2028 \u0000 \"'\\",
};

for (const [name, body] of Object.entries(echoes)) {
  test(`${name}: one POST is echoed in one GET`, async () => {
    const session = await Polling.open();
    const posted = await session.post(body);
    assert.equal(posted.status, 200);
    assert.equal(posted.body, "ok");
    assert.match(posted.headers["content-type"], /^text\/html/);
    assert.equal(posted.headers["content-length"], "2");

    const polled = await session.get();
    assert.equal(polled.status, 200);
    assert.equal(polled.body, body);
    assert.match(polled.headers["content-type"], /^text\/plain; ?charset=utf-8$/i);
    assert.equal(polled.headers["cache-control"], "no-store");
  });
}

test("a GET waits for a message", async () => {
  const session = await Polling.open();
  for (const text of ["4first", "4second", "4third"]) {
    const { answer } = session.poll();
    await session.send(text);
    assert.equal((await answer).body, text);
  }
});

test("a body may come in pieces, with or without a length", async () => {
  const session = await Polling.open();
  const body = Buffer.from("4ñ€😀" + separator + "4more");
  for (const headers of [{ "content-length": body.length }, {}]) {
    const { req, answer } = session.upload(headers);
    for (const byte of body) req.write(Buffer.of(byte));
    req.end();
    assert.equal((await answer).status, 200);
    assert.equal((await session.collect(2)).join(separator), body.toString());
  }
});

test("many messages arrive once each and in order", async () => {
  const session = await Polling.open();
  const sent = Array.from({ length: 500 }, (_, i) => `4${i}`);
  const received = session.collect(sent.length);
  for (let i = 0; i < sent.length; i += 50) await session.send(...sent.slice(i, i + 50));
  assert.deepEqual(await received, sent);
});

test("a body of exactly the announced maximum is taken", async () => {
  const session = await Polling.open();
  assert.equal(session.handshake.maxPayload, maxPayload);
  const packet = "4" + "x".repeat(maxPayload - 1);
  await session.send(packet);
  assert.equal((await session.get()).body, packet);
});

for (const [name, body] of Object.entries({
  "by one byte": "4" + "x".repeat(maxPayload),
  "in bytes, not in characters": "4" + "ñ".repeat(maxPayload / 2),
})) {
  attack(`a body over the maximum ${name} is answered with 413`, async () => {
    const session = await Polling.open();
    const answer = await session.post(body);
    assert.equal(answer.status, 413);
    assert.equal(answer.body, "");
  });
}

attack("a body without a length is counted as it comes", async () => {
  const session = await Polling.open();
  const { req, answer } = session.upload();
  req.write("4" + "x".repeat(maxPayload));
  assert.equal((await within(3000, answer, "413")).status, 413);
  req.destroy();
});

for (const [name, body] of Object.entries({
  "an unknown type": "abc",
  "an empty body": "",
  "an empty packet at the end": "4a" + separator,
  "an empty packet at the beginning": separator + "4a",
  "an empty packet in between": ["4a", "", "4b"].join(separator),
  "a good packet, then a bad one": ["4ok", "abc"].join(separator),
  "a type with no meaning": "7",
  "a NUL": "\u0000",
  "a heartbeat in the wrong direction": "2",
})) {
  attack(`${name} ends the session`, async () => {
    const session = await Polling.open();
    const answer = await session.post(body).catch(() => null); // may be aborted
    if (answer) assert.ok([200, 400].includes(answer.status), `POST: ${answer.status}`);
    await session.expectGone();
  });
}

attack("a binary body is refused with 400 and ends the session", async () => {
  const session = await Polling.open();
  const { req, answer } = session.upload({ "content-type": "application/octet-stream" });
  req.end(Buffer.of(1, 2, 3));
  assert.equal((await within(3000, answer, "the answer")).status, 400);
  await session.expectGone();
});

attack("a second GET ends the session: 1 to the first, 400 to the second", async () => {
  const session = await Polling.open();
  const first = session.poll();
  await settled();
  const [held, second] = await Promise.all([first.answer, session.get()]);
  assert.deepEqual([held.status, held.body], [200, "1"]);
  assert.equal(second.status, 400);
  await session.expectGone();
});

attack("a second POST ends the session", async () => {
  const session = await Polling.open();
  const first = session.upload({ "content-length": 100 });
  first.req.write("4half");
  await settled();
  const second = await within(3000, session.post("4whole"), "the second POST");
  assert.equal(second.status, 400);
  await session.expectGone();
  first.req.destroy();
});

attack("a GET that the client gives up ends the session", async () => {
  const session = await Polling.open();
  const { req } = session.poll();
  await settled();
  req.destroy();
  assert.equal((await session.get()).status, 400); // immediately
  await session.expectGone();
});

attack("a POST that the client gives up ends the session", async () => {
  const session = await Polling.open();
  const { req } = session.upload({ "content-length": 100 });
  req.write("4half");
  await settled();
  req.destroy();
  await within(1000, session.get(), "an answer"); // it may arrive before the news
  await session.expectGone();
});

attack("a method that means nothing is answered with 500", async () => {
  const session = await Polling.open();
  for (const method of ["PUT", "DELETE", "PATCH"]) {
    const answer = await request(method, session.url, "4hello");
    assert.equal(answer.status, 500, method);
  }
  await session.expectEcho("the session lives on");
});

attack("a client that says goodbye ends the session and gets its GET back", async () => {
  const session = await Polling.open();
  const { answer } = session.poll();
  await settled();
  await session.send("1");
  const held = await answer;
  assert.deepEqual([held.status, held.body], [200, "6"]);
  await session.expectGone();
});

// Friendlier than Node, where the order in which two requests arrive decides whether the GET gets its 6 or a 400.
attack("a client that says goodbye before its GET comes gets the answer to that, and the session is gone", async () => {
  const session = await Polling.open();
  await session.send("1");
  const late = await session.poll().answer;
  assert.deepEqual([late.status, late.body], [200, "6"]);
  await session.expectGone();
});

attack("a pong that nobody asked for is nothing", async () => {
  const session = await Polling.open();
  await session.send("3", "3");
  await session.expectEcho("fine");
});
