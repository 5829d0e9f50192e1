// The official Engine.IO client, without Socket.IO on top.
// server: --ping-interval 300ms --ping-timeout 200ms
import assert from "node:assert/strict";
import { Socket } from "engine.io-client";

import { base } from "./support/env.mjs";
import { test } from "./support/test.mjs";
import { Queue, within } from "./support/wait.mjs";

// open returns a socket with a queue of its messages.
async function open(transports) {
  const socket = new Socket(base, { transports, path: "/engine.io/" });
  socket.binaryType = "nodebuffer";
  socket.queue = new Queue();
  socket.on("message", (message) => socket.queue.push(message));
  socket.gone = new Promise((resolve) => socket.on("close", resolve));
  await within(3000, once(socket, "open"), "open");
  return socket;
}

const once = (socket, event) => new Promise((resolve) => socket.once(event, resolve));

const ways = {
  "polling": ["polling"],
  "websocket": ["websocket"],
  "polling, then websocket": ["polling", "websocket"],
};

for (const [way, transports] of Object.entries(ways)) {
  test(`${way}: messages come back, text and binary, before and after`, async () => {
    const socket = await open(transports);
    const messages = ["hello", "ñ€😀", Buffer.of(1, 2, 3), Buffer.of(), "end"];
    for (const message of messages) socket.send(message);
    for (const message of messages) assert.deepEqual(await socket.queue.next(), message);
    if (transports.length > 1 && socket.transport.name === "polling") {
      await within(3000, once(socket, "upgrade"), "the upgrade");
    }
    assert.equal(socket.transport.name, transports.at(-1));
    for (const message of messages) socket.send(message);
    for (const message of messages) assert.deepEqual(await socket.queue.next(), message);
    socket.close();
    await socket.gone;
  });

  test(`${way}: it lives through heartbeats`, async () => {
    const socket = await open(transports);
    for (let pings = 0; pings < 3; pings++) await within(1000, once(socket, "ping"), "a ping");
    assert.equal(socket.readyState, "open");
    socket.send("still there?");
    assert.equal(await socket.queue.next(), "still there?");
    socket.close();
  });
}

test("polling: what is over the maximum together goes in several bodies", async () => {
  const socket = await open(["polling"]);
  const messages = Array.from({ length: 5 }, (_, i) => `${i}`.repeat(300_000));
  for (const message of messages) socket.send(message);
  for (const message of messages) assert.equal(await socket.queue.next(), message);
  socket.close();
});
