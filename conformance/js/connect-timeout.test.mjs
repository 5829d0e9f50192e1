// Who joins no namespace in time is shown the door.
// server: --ping-interval 10s --ping-timeout 10s --connect-timeout 300ms
import assert from "node:assert/strict";
import { describe } from "node:test";

import { Polling } from "./support/polling.mjs";
import { expectServed, join, open } from "./support/socketio.mjs";
import { test } from "./support/test.mjs";
import { sleep, within } from "./support/wait.mjs";

const connectTimeout = 300;

describe("within the connect timeout", { concurrency: true }, () => {
  test("a WebSocket that joins nothing is closed", async () => {
    const begin = performance.now();
    const socket = await open();
    await socket.expectClosed();
    assert.ok(performance.now() - begin >= connectTimeout - 20, "closed too early");
  });

  test("polling that joins nothing is closed", async () => {
    const session = await Polling.open("/socket.io/");
    const held = await within(1500, session.get(), "the held GET to be released");
    assert.deepEqual([held.status, held.body], [200, "1"]);
    await session.expectGone();
  });

  test("a namespace that was refused does not count", async () => {
    const socket = await open();
    socket.send("40/random");
    assert.equal(await socket.next(), '44/random,{"message":"Invalid namespace"}');
    await socket.expectClosed();
  });

  test("who has joined may stay", async () => {
    const socket = await open();
    await join(socket);
    await sleep(2 * connectTimeout);
    await expectServed(socket);
    socket.close();
  });

  test("who has joined and left may stay", async () => {
    const socket = await open();
    await join(socket);
    socket.send("41");
    await sleep(2 * connectTimeout);
    await join(socket, "/custom");
    await expectServed(socket, "/custom");
    socket.close();
  });
});
