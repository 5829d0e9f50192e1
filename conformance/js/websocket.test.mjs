// Messages over an Engine.IO WebSocket: what is echoed, and what ends a session.
// server: --ping-interval 3s --ping-timeout 3s
import assert from "node:assert/strict";

import { attack } from "./support/innocent.mjs";
import { test } from "./support/test.mjs";
import { WebSocket } from "./support/websocket.mjs";

const maxPayload = 1e6;

const echoes = {
  "text": ["4hello"],
  "empty text": ["4"],
  "text with a separator in it": ["4a\x1e4b"],
  "unicode of every width": ["4ñ € 漢字 😀 \u2028 \u0000 \"'\\"],
  "binary": [Buffer.of(1, 2, 3, 4)],
  "one byte": [Buffer.of(0)],
  "binary that looks like a packet": [Buffer.from("4hello"), Buffer.from("2probe")],
  "text and binary in order": ["4a", Buffer.of(1), "4b", Buffer.of(2, 3), "4c"],
  "text of 64 KiB and one": ["4" + "x".repeat(65_536)],
  "text of exactly the maximum": ["4" + "x".repeat(maxPayload - 1)],
  "binary of exactly the maximum": [Buffer.alloc(maxPayload, 7)],
};

for (const [name, packets] of Object.entries(echoes)) {
  test(`${name} is echoed`, async () => {
    const socket = await WebSocket.open();
    socket.send(...packets);
    assert.deepEqual(await socket.collect(packets.length), packets);
    socket.close();
  });
}

test("base64 in a text frame is a binary message", async () => {
  const socket = await WebSocket.open();
  socket.send("bAQIDBA==");
  assert.deepEqual(await socket.next(), Buffer.of(1, 2, 3, 4));
  socket.close();
});

test("a thousand messages arrive once each and in order", async () => {
  const socket = await WebSocket.open();
  const sent = Array.from({ length: 1000 }, (_, i) => `4${i}`);
  socket.send(...sent);
  assert.deepEqual(await socket.collect(sent.length), sent);
  socket.close();
});

for (const [name, packet] of Object.entries({
  "an unknown type": "abc",
  "an empty text frame": "",
  "a type with no meaning": "7",
  "a heartbeat in the wrong direction": "2",
  "a probe of a session that has a WebSocket": "2probe",
  "a goodbye": "1", // at once; Node's server waits for the heartbeat to fail
})) {
  attack(`${name} ends the session`, async () => {
    const socket = await WebSocket.open();
    socket.send(packet);
    await socket.expectClosed();
  });
}

for (const [name, packet] of Object.entries({
  "text": "4" + "x".repeat(maxPayload),
  "binary": Buffer.alloc(maxPayload + 1),
  "much binary": Buffer.alloc(3 * maxPayload),
})) {
  attack(`${name} over the maximum closes with 1009`, async () => {
    const socket = await WebSocket.open();
    socket.send(packet);
    assert.equal((await socket.expectClosed()).code, 1009);
  });
}

attack("a connection that breaks off is nobody else's trouble", async () => {
  const sockets = await Promise.all(Array.from({ length: 20 }, () => WebSocket.open()));
  for (const socket of sockets) {
    socket.send("4" + "x".repeat(10_000));
    socket.close();
  }
});

attack("a client that closes gets its close frame back", async () => {
  const socket = await WebSocket.open();
  socket.ws.close(1000);
  assert.equal((await socket.expectClosed()).code, 1000);
});

attack("a pong that nobody asked for is nothing", async () => {
  const socket = await WebSocket.open();
  socket.send("3", "3");
  await socket.expectEcho("fine");
  socket.close();
});
