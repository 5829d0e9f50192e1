import assert from "node:assert/strict";
import test from "node:test";
import { caught, client, echo, event, server } from "./support.mjs";

const limit = { timeout: 10000 };
const bytes = (buffer) => (assert.ok(buffer instanceof ArrayBuffer), [...new Uint8Array(buffer)]);

for (const transport of ["websocket", "polling"]) {
  const connected = async (t) => {
    const socket = client(t, server(), { transports: [transport] });
    await event(socket, "connect");
    return socket;
  };

  test(`${transport}: binary goes both ways, wherever it stands`, limit, async (t) => {
    const socket = await connected(t);
    const view = new Uint8Array([9, 1, 2, 9]).subarray(1, 3);
    const [a, { deep }, c, d] = await echo(
      socket,
      new ArrayBuffer(2),
      { deep: [view, { x: Uint16Array.of(258) }] },
      Buffer.from("hi"),
      new DataView(view.buffer, 3),
    );
    assert.deepEqual(bytes(a), [0, 0]);
    assert.deepEqual(bytes(deep[0]), [1, 2]);
    assert.deepEqual(bytes(deep[1].x), [2, 1]);
    assert.deepEqual(bytes(c), [104, 105]);
    assert.deepEqual(bytes(d), [9]);
  });

  test(`${transport}: empty and large binary`, limit, async (t) => {
    const socket = await connected(t);
    const large = new Uint8Array(200000).map((_, i) => i * 31);
    const [empty, back] = await echo(socket, new Uint8Array(0), large);
    assert.deepEqual(bytes(empty), []);
    assert.deepEqual(new Uint8Array(back), large);
  });

  test(`${transport}: binary in acks, both ways`, limit, async (t) => {
    const socket = await connected(t);
    assert.deepEqual(bytes(await socket.emitWithAck("message-with-ack", Uint8Array.of(1))), [1]);
    socket.once("emit-with-ack", (value, ack) => ack(Uint8Array.of(bytes(value)[0] + 1), "text"));
    socket.emit("emit-with-ack", Uint8Array.of(7));
    await event(socket, "emit-with-ack");
    const [value, text] = await event(socket, "emit-with-ack");
    assert.deepEqual(bytes(value), [8]);
    assert.equal(text, "text");
  });

  test(`${transport}: a Blob arrives as bytes, and what follows it stays behind it`, limit, async (t) => {
    const socket = await connected(t);
    const got = [];
    const done = new Promise((resolve) => socket.on("message-back", (...args) => got.push(args) === 5 && resolve()));
    socket.emit("message", 1);
    socket.emit("message", new Blob(["two"]), { also: new File(["file"], "name") });
    socket.emit("message", 3);
    socket.emit("message", Uint8Array.of(4));
    socket.emit("message", new Blob(["five"]));
    await done;
    const text = (value) => (value instanceof ArrayBuffer ? Buffer.from(value).toString() : value);
    assert.deepEqual(
      got.map(([first]) => text(first)),
      [1, "two", 3, "\x04", "five"],
    );
    assert.equal(text(got[1][1].also), "file");
  });
}

test("a Blob that cannot be read is reported, and what follows it is sent", limit, async (t) => {
  const errors = caught(t);
  const socket = client(t);
  await event(socket, "connect");
  const blob = new Blob(["x"]);
  blob.arrayBuffer = () => Promise.reject(new Error("file is gone"));
  socket.emit("message", blob);
  assert.deepEqual(await echo(socket, "next"), ["next"]);
  assert.deepEqual(
    errors.map((err) => err.message),
    ["file is gone"],
  );
});

test("acks by callback, by promise, with several values", limit, async (t) => {
  const socket = client(t);
  assert.equal(await socket.emitWithAck("message-with-ack", "one", "two"), "one");
  assert.deepEqual(
    await new Promise((resolve) => socket.emit("message-with-ack", 1, 2, (...args) => resolve(args))),
    [1, 2],
  );
  assert.deepEqual(
    await new Promise((resolve) => socket.timeout(5000).emit("message-with-ack", 1, 2, (...args) => resolve(args))),
    [null, 1, 2],
  );
  assert.equal(await socket.timeout(5000).emitWithAck("message-with-ack", 3), 3);
});

test("acks to the server", limit, async (t) => {
  const socket = client(t);
  socket.once("emit-with-ack", (a, b, ack) => {
    ack(b, a);
    ack("twice");
  });
  socket.emit("emit-with-ack", "a", "b");
  await event(socket, "emit-with-ack");
  assert.deepEqual(await event(socket, "emit-with-ack"), ["b", "a"]);
});

test("an ack that does not come is an error after the timeout", limit, async (t) => {
  const socket = client(t);
  await event(socket, "connect");
  await assert.rejects(socket.timeout(20).emitWithAck("nobody answers"), { message: "operation has timed out" });
  const [err] = await new Promise((resolve) => socket.timeout(20).emit("nobody answers", (...args) => resolve(args)));
  assert.equal(err.message, "operation has timed out");
});

test("option ackTimeout is the timeout of all acks", limit, async (t) => {
  const socket = client(t, server(), { ackTimeout: 20 });
  await event(socket, "connect");
  const [err] = await new Promise((resolve) => socket.emit("nobody answers", (...args) => resolve(args)));
  assert.equal(err.message, "operation has timed out");
  assert.deepEqual(await new Promise((resolve) => socket.emit("message-with-ack", 1, (...args) => resolve(args))), [
    null,
    1,
  ]);
});

test("what timed out in the buffer is never sent", limit, async (t) => {
  const socket = client(t, server(), { autoConnect: false });
  await assert.rejects(socket.timeout(10).emitWithAck("message-with-ack", 1), { message: "operation has timed out" });
  assert.equal(socket.sendBuffer.length, 0);
});

test("a view does not change its socket, and can be kept", limit, async (t) => {
  const socket = client(t);
  const hasty = socket.timeout(5000);
  assert.equal(await hasty.emitWithAck("message-with-ack", 1), 1);
  assert.equal(await hasty.emitWithAck("message-with-ack", 2), 2);
  assert.deepEqual(await new Promise((resolve) => socket.emit("message-with-ack", 3, (...args) => resolve(args))), [3]);
});

test("events wait for the connection, in order, and as they were emitted", limit, async (t) => {
  const socket = client(t, server(), { autoConnect: false });
  const mutable = { n: 1 };
  socket.emit("message", mutable);
  mutable.n = 2;
  socket.send(mutable);
  const acked = socket.emitWithAck("message-with-ack", "later");
  assert.equal(socket.sendBuffer.length, 3);
  const got = [];
  socket.on("message-back", (value) => got.push(value.n));
  socket.connect();
  assert.equal(await acked, "later");
  assert.deepEqual(got, [1, 2]);
  assert.equal(socket.sendBuffer.length, 0);
});

test("volatile events are dropped when they cannot leave at once", limit, async (t) => {
  const socket = client(t, server(), { transports: ["polling"], autoConnect: false });
  const got = [];
  socket.on("message-back", (value) => got.push(value));
  socket.volatile.emit("message", "offline");
  assert.equal(socket.sendBuffer.length, 0);
  socket.connect();
  await event(socket, "connect");
  while (!socket.io.engine.writable) await new Promise(setImmediate);
  socket.volatile.emit("message", "first");
  socket.volatile.emit("message", "second");
  socket.emit("message", "third");
  socket.timeout(1000).volatile.emit("message", "fourth");
  await socket.emitWithAck("message-with-ack");
  assert.deepEqual(got, ["first", "third"]);
});

test("volatile events leave on an idle WebSocket", limit, async (t) => {
  const socket = client(t);
  await event(socket, "connect");
  await echo(socket, 1);
  const back = event(socket, "message-back");
  socket.volatile.emit("message", 2);
  assert.deepEqual(await back, [2]);
});

test("catch-all listeners see what comes and goes", limit, async (t) => {
  const socket = client(t);
  const seen = [];
  const never = () => assert.fail("was removed");
  socket.onAny((...args) => seen.push(["in", ...args]));
  socket.onAnyOutgoing((...args) => seen.push(["out", ...args]));
  socket.onAny(never).offAny(never).onAnyOutgoing(never).offAnyOutgoing(never);
  socket.emit("message", 1); // offline: told when it is sent
  await event(socket, "message-back");
  assert.deepEqual(seen, [
    ["out", "message", 1],
    ["in", "auth", {}],
    ["in", "message-back", 1],
  ]);
  socket.off().offAny().offAnyOutgoing();
  await echo(socket, 2);
  assert.equal(seen.length, 3);
});

test("a listener that throws disturbs neither the others nor the connection", limit, async (t) => {
  const errors = caught(t);
  const socket = client(t);
  const boom = () => {
    throw new Error("boom");
  };
  socket.onAny(boom).on("connect", boom).on("message-back", boom);
  assert.deepEqual(await echo(socket, 1), [1]);
  assert.deepEqual(await echo(socket, 2), [2]);
  await new Promise((resolve) =>
    socket.emit("message-with-ack", () => {
      resolve();
      boom();
    }),
  );
  await socket.emitWithAck("message-with-ack");
  assert.equal(errors.length, 1 + 2 * 2 + 1 + 1); // connect; twice onAny and message-back; onAny for auth; the ack
});

test("what cannot be encoded throws at its emit and leaves nothing behind", limit, async (t) => {
  const socket = client(t);
  await event(socket, "connect");
  const loop = {};
  loop.loop = loop;
  assert.throws(() => socket.emit("message", loop), TypeError);
  assert.throws(() => socket.emit("message", 1n), TypeError);
  assert.deepEqual(await echo(socket, new Date(0), undefined, { toJSON: () => "json" }), [
    "1970-01-01T00:00:00.000Z",
    null,
    "json",
  ]);
});
