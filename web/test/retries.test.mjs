// Option retries: events are sent again until they are acknowledged, one at a time.
import assert from "node:assert/strict";
import test from "node:test";
import { client, event, proxy, scripted, server } from "./support.mjs";

const limit = { timeout: 10000 };
const again = { retries: 2, ackTimeout: 30 };

test("the next event waits for the ack of the one before", limit, async (t) => {
  const { remote, socket } = await scripted(t, {}, { retries: 1 });
  socket.emit("a", 1); // offline, too
  socket.emit("b", Uint8Array.of(1));
  await remote.accept();
  await event(socket, "connect");
  const acked = socket.emitWithAck("c");
  assert.equal(await remote.next(), '420["a",1]');
  while (!socket.io.engine.writable) await new Promise(setImmediate);
  socket.volatile.emit("now");
  assert.equal(await remote.next(), '42["now"]', "volatile events do not queue");
  remote.push("430[]");
  assert.equal(await remote.next(), '451-1["b",{"_placeholder":true,"num":0}]');
  assert.equal(await remote.next(), "bAQ==");
  remote.push("430[]", "431[]"); // an ack that comes twice is not that of another
  assert.equal(await remote.next(), '422["c"]');
  remote.push('432["done"]');
  assert.equal(await acked, "done");
});

test("what is not acknowledged in time is sent again, so many times", limit, async (t) => {
  const { remote, socket } = await scripted(t, {}, again);
  await remote.accept();
  await event(socket, "connect");
  const given = new Promise((resolve) => socket.emit("up", (...args) => resolve(args)));
  const kept = new Promise((resolve) => socket.emit("kept", (...args) => resolve(args)));
  for (let n = 0; n < 3; n++) assert.equal(await remote.next(), '420["up"]');
  const [err] = await given;
  assert.equal(err.message, "operation has timed out");
  for (let n = 0; n < 3; n++) assert.equal(await remote.next(), '421["kept"]');
  remote.push("431[7]");
  assert.deepEqual(await kept, [null, 7]);
});

test("emitWithAck is rejected when it is given up", limit, async (t) => {
  const { remote, socket } = await scripted(t, {}, again);
  await remote.accept();
  await assert.rejects(socket.emitWithAck("up"), { message: "operation has timed out" });
});

test("what was on its way when the connection broke is sent first", limit, async (t) => {
  const { remote, socket } = await scripted(t, {}, { retries: Infinity });
  await remote.accept();
  await event(socket, "connect");
  socket.emit("a");
  socket.emit("b");
  assert.equal(await remote.next(), '420["a"]');
  socket.io.engine.close();
  assert.equal(await remote.next(), "1");
  socket.on("connect", () => socket.volatile.emit("connected"));
  await remote.accept();
  assert.equal(await remote.next(), '420["a"]');
  remote.push("430[]");
  assert.equal(await remote.next(), '421["b"]');
});

test("a disconnection is a try, too", limit, async (t) => {
  const { remote, socket } = await scripted(t, {}, { retries: 1 });
  const given = new Promise((resolve) => socket.emit("a", resolve));
  for (let n = 0; n < 2; n++) {
    await remote.accept();
    assert.equal(await remote.next(), '420["a"]');
    socket.io.engine.close();
    assert.equal(await remote.next(), "1");
  }
  assert.equal((await given).message, "socket has been disconnected");
});

test("all arrives in order, and is told as sent each time, whatever breaks", limit, async (t) => {
  const network = await proxy(t);
  const socket = client(t, network.url, { retries: 50, ackTimeout: 1000 });
  const sent = [];
  socket.onAnyOutgoing((_, n) => sent.push(n));
  const acks = Array.from({ length: 40 }, (_, n) => socket.emitWithAck("message-with-ack", n));
  for (const n of [3, 17, 31]) {
    await acks[n];
    network.cut();
  }
  assert.deepEqual(await Promise.all(acks), [...acks.keys()]);
  assert.deepEqual([...new Set(sent)], [...acks.keys()]);
});

test("without retries nothing is sent twice", limit, async (t) => {
  const socket = client(t, server(), { ackTimeout: 20 });
  const sent = [];
  socket.onAnyOutgoing((name) => sent.push(name));
  await assert.rejects(socket.emitWithAck("nobody answers"));
  assert.deepEqual(sent, ["nobody answers"]);
});
