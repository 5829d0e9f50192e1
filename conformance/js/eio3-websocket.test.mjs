// WebSocket of Engine.IO 3, from the start and after an upgrade.
// server: --eio3 --ping-interval 3s --ping-timeout 3s
import assert from "node:assert/strict";

import { attack } from "./support/innocent.mjs";
import { test } from "./support/test.mjs";
import { PollingV3, text } from "./support/v3.mjs";
import { within } from "./support/wait.mjs";
import { WebSocket } from "./support/websocket.mjs";

// open starts a session on a WebSocket.
async function open(query = "") {
  const socket = new WebSocket(`/engine.io/?EIO=3&transport=websocket${query}`, { beat: false });
  const packet = await socket.next();
  assert.equal(packet[0], "0");
  assert.deepEqual(JSON.parse(packet.slice(1)).upgrades, []);
  return socket;
}

// upgraded returns a session that has moved to the returned WebSocket.
async function upgraded(query = "") {
  const session = await PollingV3.open();
  const socket = await WebSocket.join({ url: session.url + query }, { beat: false });
  socket.send("2probe");
  assert.equal(await socket.next(), "3probe");
  socket.send("5");
  await socket.expectEcho("moved");
  return socket;
}

const packets = ["4ñ € 漢字 😀", Buffer.of(4, 1, 2, 3), "4", Buffer.of(4), Buffer.of(4, 4), "4end"];
const base64 = ["4ñ € 漢字 😀", "b4AQID", "4", "b4", "b4BA==", "4end"];

for (const [name, begin] of Object.entries({ "from the start": open, "after an upgrade": upgraded })) {
  test(`${name}: text and binary are echoed, binary behind its type`, async () => {
    const socket = await begin();
    socket.send(...packets);
    assert.deepEqual(await socket.collect(packets.length), packets);
    socket.close();
  });

  test(`${name}: who asks for base64 gets it`, async () => {
    const socket = await begin("&b64=1");
    socket.send(...packets);
    assert.deepEqual(await socket.collect(packets.length), base64);
    socket.close();
  });

  test(`${name}: base64 is binary`, async () => {
    const socket = await begin();
    socket.send(...base64);
    assert.deepEqual(await socket.collect(packets.length), packets);
    socket.close();
  });

  test(`${name}: pings are answered`, async () => {
    const socket = await begin();
    for (let i = 0; i < 3; i++) {
      socket.send("2");
      assert.equal(await socket.next(), "3");
    }
    socket.close();
  });

  for (const [what, packet] of Object.entries({
    "a binary frame without a type": Buffer.of(),
    "a ping in binary": Buffer.of(2),
    "a type in ASCII": Buffer.from("4hello"),
    "base64 of revision 4": "bAQID",
    "an unknown type": "7",
    "an empty frame": "",
    "a pong": "3",
  })) {
    attack(`${name}: ${what} ends the session`, async () => {
      const socket = await begin();
      socket.send(packet);
      await socket.expectClosed();
    });
  }
}

test("base64 for a client of revision 4 has no type", async () => {
  const socket = await WebSocket.open("/engine.io/");
  socket.close();
  const asking = new WebSocket("/engine.io/?EIO=4&transport=websocket&b64=1");
  assert.equal((await asking.next())[0], "0");
  asking.send(Buffer.of(1, 2, 3), "bAQID");
  assert.deepEqual(await asking.collect(2), ["bAQID", "bAQID"]);
  asking.close();
});

test("a GET is released while the session upgrades, and pings go either way", async () => {
  const session = await PollingV3.open();
  const { answer } = session.poll();
  const socket = await WebSocket.join(session, { beat: false });
  socket.send("2probe");
  assert.equal(await socket.next(), "3probe");
  assert.equal((await within(1000, answer, "the held GET")).body, text("6"));
  await session.send("2");
  const polled = [];
  while (!polled.includes("3")) polled.push(...(await session.collect(1)));
  socket.send("5", "2");
  assert.equal(await socket.next(), "3");
  socket.close();
});

attack("another word than probe ends the WebSocket only", async () => {
  for (const packet of ["2", "2other", "3probe", "5", Buffer.of(4, 1)]) {
    const session = await PollingV3.open();
    const socket = await WebSocket.join(session, { beat: false });
    socket.send(packet);
    await socket.expectClosed();
    await session.expectEcho("polling goes on");
  }
});
