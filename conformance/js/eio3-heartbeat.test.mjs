// Heartbeats of Engine.IO 3, which are the client's to send.
// server: --eio3 --ping-interval 300ms --ping-timeout 200ms
import assert from "node:assert/strict";
import { describe } from "node:test";

import { label, paths } from "./support/env.mjs";
import { test } from "./support/test.mjs";
import { PollingV3 } from "./support/v3.mjs";
import { sleep, within } from "./support/wait.mjs";
import { WebSocket } from "./support/websocket.mjs";

const silence = 500; // ping interval and timeout
const early = 20; // a timer here may begin this much after the server's
const late = 150; // the machine is shared

const clock = () => {
  const begin = performance.now();
  return () => performance.now() - begin;
};

const between = (low, value, high, what) =>
  assert.ok(low <= value && value <= high, `${what} after ${Math.round(value)} ms`);

async function open(path) {
  const socket = new WebSocket(`${path}?EIO=3&transport=websocket`, { beat: false });
  assert.equal((await socket.next())[0], "0");
  if (path === "/socket.io/") assert.deepEqual(await socket.collect(2), ["40", '42["auth",{}]']);
  return socket;
}

for (const path of paths) {
  describe(label(path), { concurrency: true }, () => {
    test("a WebSocket that pings lives on, and is not pinged", async () => {
      const socket = await open(path);
      for (let round = 0; round < 4; round++) {
        await sleep(silence - 200);
        socket.send("2");
        assert.equal(await socket.next(), "3");
      }
      assert.deepEqual(socket.unread(), []);
      socket.close();
    });

    test("polling that pings lives on, and is not pinged", async () => {
      const session = await PollingV3.open(path);
      if (path === "/socket.io/") await session.collect(2);
      for (let round = 0; round < 4; round++) {
        await sleep(silence - 200);
        await session.send("2");
        assert.deepEqual(await session.collect(1), ["3"]);
      }
    });

    test("a WebSocket that is silent is closed", async () => {
      const elapsed = clock();
      const socket = await open(path);
      await socket.expectClosed();
      between(silence - early, elapsed(), silence + late, "closed");
    });

    test("a WebSocket that sends anything but pings is closed", async () => {
      const socket = new WebSocket(`/engine.io/?EIO=3&transport=websocket`, { beat: false });
      await socket.next();
      const elapsed = clock();
      const talking = setInterval(() => socket.send("4still here"), 50);
      await socket.expectClosed();
      clearInterval(talking);
      between(silence - 2 * early, elapsed(), silence + late, "closed");
    });

    test("polling that is silent is gone, and its GET comes back", async () => {
      const session = await PollingV3.open(path);
      if (path === "/socket.io/") await session.collect(2);
      const held = await within(silence + 2 * late, session.get(), "the held GET");
      assert.deepEqual([held.status, held.body], [200, "1:1"]);
      await session.expectGone();
    });

    test("the time runs from the last ping", async () => {
      const socket = await open(path);
      await sleep(300);
      const elapsed = clock();
      socket.send("2");
      assert.equal(await socket.next(), "3");
      await socket.expectClosed();
      between(silence - early, elapsed(), silence + late, "closed");
    });
  });
}
