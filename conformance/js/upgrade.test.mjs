// Moving a session from long-polling to a WebSocket, and every way to fail at it.
// server: --ping-interval 3s --ping-timeout 3s
import assert from "node:assert/strict";

import { upgrade } from "./support/http.mjs";
import { attack } from "./support/innocent.mjs";
import { Polling, separator } from "./support/polling.mjs";
import { test } from "./support/test.mjs";
import { within } from "./support/wait.mjs";
import { WebSocket } from "./support/websocket.mjs";

const noop = "6";

// upgraded returns a session that has moved to the returned WebSocket.
async function upgraded() {
  const session = await Polling.open();
  const socket = await WebSocket.probe(session);
  socket.send("5");
  await socket.expectEcho("moved");
  return { session, socket };
}

test("probe, noop, upgrade, message", async () => {
  const session = await Polling.open();
  const socket = await WebSocket.probe(session);
  const polled = await session.get();
  assert.deepEqual([polled.status, polled.body], [200, noop]);
  socket.send("5", "4hello");
  assert.equal(await socket.next(), "4hello");
  socket.close();
});

test("a GET that is held when the probe comes is released", async () => {
  const session = await Polling.open();
  const { answer } = session.poll();
  const socket = await WebSocket.probe(session);
  assert.equal((await within(1000, answer, "the held GET")).body, noop);
  socket.send("5");
  await socket.expectEcho("hello");
  socket.close();
});

test("every GET during the upgrade is released, not only the first", async () => {
  const session = await Polling.open();
  const socket = await WebSocket.probe(session);
  for (let i = 0; i < 4; i++) {
    assert.equal((await within(1000, session.get(), "a GET")).body, noop);
  }
  socket.send("5");
  await socket.expectEcho("hello");
  socket.close();
});

test("what was sent by POST during the upgrade is lost nowhere", async () => {
  const session = await Polling.open();
  const socket = await WebSocket.probe(session);
  const sent = ["4one", "bAQIDBA==", "4two"];
  for (const packet of sent) await session.send(packet);
  const polled = (await session.get()).body.split(separator).filter((p) => p !== noop);
  socket.send("5", "4three");
  const rest = await socket.collect(sent.length + 1 - polled.length);
  const received = polled.concat(rest.map((p) => (p instanceof Buffer ? "b" + p.toString("base64") : p)));
  assert.deepEqual(received, [...sent, "4three"]);
  socket.close();
});

test("what waits when the upgrade comes is flushed to the WebSocket, in order", async () => {
  const session = await Polling.open();
  const socket = await WebSocket.probe(session);
  await session.send("4one", "4two", "4three");
  socket.send("5", "4four");
  assert.deepEqual(await socket.collect(4), ["4one", "4two", "4three", "4four"]);
  socket.close();
});

test("binary goes both ways after the upgrade", async () => {
  const { socket } = await upgraded();
  socket.send(Buffer.of(1, 2, 3));
  assert.deepEqual(await socket.next(), Buffer.of(1, 2, 3));
  socket.close();
});

attack("GET and POST of an upgraded session are refused, and it lives on", async () => {
  const { session, socket } = await upgraded();
  for (const answer of [await session.get(), await session.post("4late")]) {
    assert.equal(answer.status, 400);
    assert.deepEqual(JSON.parse(answer.body), { code: 3, message: "Bad request" });
  }
  await socket.expectEcho("mine still works");
  socket.close();
});

attack("a second WebSocket of an upgraded session is closed, and the first lives on", async () => {
  const { session, socket } = await upgraded();
  const second = await WebSocket.join(session);
  await second.expectClosed();
  await socket.expectEcho("mine still works");
  socket.close();
});

attack("a second WebSocket during the upgrade is closed, and the first goes on", async () => {
  const session = await Polling.open();
  const socket = await WebSocket.probe(session);
  const second = await WebSocket.join(session);
  await second.expectClosed();
  socket.send("5");
  await socket.expectEcho("mine still works");
  socket.close();
});

for (const [name, packets] of Object.entries({
  "a message": ["4hello"],
  "a ping without the word": ["2"],
  "another word": ["2other"],
  "a pong": ["3probe"],
  "an upgrade without a probe": ["5"], // which Node's server accepts
  "garbage": ["abc"],
  "binary": [Buffer.of(1, 2, 3)],
  "an empty frame": [""],
})) {
  attack(`${name} in place of the probe ends the WebSocket only`, async () => {
    const session = await Polling.open();
    const socket = await WebSocket.join(session);
    socket.send(...packets);
    await socket.expectClosed();
    await session.expectEcho("polling goes on");
  });
}

for (const [name, packet] of Object.entries({ "a message": "4hello", "garbage": "abc" })) {
  attack(`${name} in place of the upgrade ends the WebSocket only`, async () => {
    const session = await Polling.open();
    const socket = await WebSocket.probe(session);
    socket.send(packet);
    await socket.expectClosed();
    await expectPollingGoesOn(session);
  });
}

attack("a WebSocket that breaks off after the probe ends nothing", async () => {
  const session = await Polling.open();
  const socket = await WebSocket.probe(session);
  socket.close();
  await expectPollingGoesOn(session);
});

attack("a WebSocket that breaks off before the probe ends nothing", async () => {
  const session = await Polling.open();
  const socket = await WebSocket.join(session);
  socket.close();
  await session.expectEcho("polling goes on");
});

attack("an upgrade that failed may be tried again", async () => {
  const session = await Polling.open();
  const first = await WebSocket.probe(session);
  first.ws.close();
  await first.expectClosed();
  await expectPollingGoesOn(session);
  const second = await WebSocket.probe(session);
  second.send("5");
  await second.expectEcho("at last");
  second.close();
});

attack("a goodbye by POST during the upgrade closes the WebSocket too", async () => {
  const session = await Polling.open();
  const socket = await WebSocket.probe(session);
  await session.send("1");
  await socket.expectClosed();
  await session.poll().answer; // the goodbye's
  await session.expectGone();
});

attack("an upgrade request of an unknown session is refused before it is made", async () => {
  const answer = await upgrade("/engine.io/?EIO=4&transport=websocket&sid=abcdefghijklmnopqrst");
  assert.deepEqual([answer.status, answer.body], [400, "Session ID unknown"]);
});

// expectPollingGoesOn is expectEcho, with noops of the failed upgrade in between.
async function expectPollingGoesOn(session) {
  await session.send("4polling goes on");
  for (;;) {
    const packets = (await session.read()).filter((p) => p !== noop);
    if (packets.length === 0) continue;
    assert.deepEqual(packets, ["4polling goes on"]);
    return;
  }
}
