// Heartbeats and silence. These tests have to wait for real time to pass, so most of
// them wait side by side.
// server: --ping-interval 300ms --ping-timeout 200ms
import assert from "node:assert/strict";
import { describe } from "node:test";

import { label, paths } from "./support/env.mjs";
import { get } from "./support/http.mjs";
import { Polling } from "./support/polling.mjs";
import { connect, open } from "./support/socketio.mjs";
import { test } from "./support/test.mjs";
import { sleep, within } from "./support/wait.mjs";
import { WebSocket } from "./support/websocket.mjs";

const interval = 300;
const silence = 500; // ping interval and timeout
const slack = 10; // how exact the server's timers have to be
const early = 20; // a timer here may begin this much after the server's
const late = 150; // the machine is shared

const clock = () => {
  const begin = performance.now();
  return () => performance.now() - begin;
};

const between = (low, value, high, what) =>
  assert.ok(low <= value && value <= high, `${what} after ${Math.round(value)} ms`);

for (const path of paths) {
  describe(label(path), { concurrency: true }, () => {
    test("polling is pinged, and lives as long as it answers", async () => {
      const session = await Polling.open(path);
      for (let round = 0; round < 3; round++) {
        const elapsed = clock();
        assert.equal((await session.get()).body, "2");
        between(interval - early, elapsed(), interval + late, "a ping");
        await session.send("3");
      }
    });

    test("a WebSocket is pinged, and lives as long as it answers", async () => {
      const socket = await WebSocket.open(path, { beat: false });
      for (let round = 0; round < 3; round++) {
        const elapsed = clock();
        assert.equal(await socket.next(), "2");
        between(interval - early, elapsed(), interval + late, "a ping");
        socket.send("3");
      }
      socket.close();
    });

    test("polling that takes its ping and says nothing is forgotten", async () => {
      const session = await Polling.open(path);
      const elapsed = clock();
      assert.equal((await session.get()).body, "2");
      const held = await within(1000, session.get(), "the held GET to be released");
      between(silence - early, elapsed(), silence + late, "the end");
      assert.ok(held.status === 400 || ["1", "6"].includes(held.body), held.body);
      await session.expectGone();
    });

    test("a WebSocket that falls silent is closed", async () => {
      const socket = await WebSocket.open(path, { beat: false });
      const elapsed = clock();
      await socket.expectClosed();
      between(silence - early, elapsed(), silence + late, "the end");
      const mismatch = await get(`${path}?EIO=4&transport=polling&sid=${socket.handshake.sid}`);
      assert.equal(JSON.parse(mismatch.body).code, 1);
    });
  });
}

// Alone, for there is hardly any slack.
for (const path of paths) {
  test(`${label(path)}: polling that falls silent is forgotten without delay`, async () => {
    const session = await Polling.open(path);
    await sleep(silence + slack);
    await session.expectGone();
  });
}

describe("traffic", { concurrency: true }, () => {
  test("messages are no pong: polling", async () => {
    const session = await Polling.open();
    const elapsed = clock();
    let answer;
    do {
      await sleep(50);
      answer = await session.post("4busy");
    } while (answer.status === 200 && elapsed() < 2000);
    assert.equal(answer.status, 400);
    between(silence - early, elapsed(), silence + late + 50, "the end");
  });

  test("messages are no pong: WebSocket", async () => {
    const socket = await WebSocket.open("/engine.io/", { beat: false });
    const elapsed = clock();
    const timer = setInterval(() => socket.send("4busy"), 50);
    await socket.expectClosed();
    clearInterval(timer);
    between(silence - early, elapsed(), silence + late, "the end");
  });

  test("a Socket.IO client that answers stays, idle or not", async () => {
    const socket = await connect();
    await sleep(4 * interval);
    socket.send('42["message","still there?"]');
    assert.equal(await socket.next(), '42["message-back","still there?"]');
    socket.close();
  });

  test("after leaving the last namespace there is nothing but pings", async () => {
    const socket = await connect("/", { beat: false });
    socket.send("41");
    assert.equal(await socket.next(), "2");
    socket.close();
  });

  test("a client that joins no namespace is closed in the end", async () => {
    const silent = await open({ beat: false });
    await silent.expectClosed(); // by the heartbeat
    const answering = await open();
    await answering.expectClosed(1500); // by the connect timeout, one second
  });
});
