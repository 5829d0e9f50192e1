import assert from "node:assert/strict";
import test from "node:test";
import { client, echo, event, proxy, server } from "./support.mjs";

const limit = { timeout: 10000 };

for (const transport of ["websocket", "polling"]) {
  test(`${transport}: comes back after the connection broke`, limit, async (t) => {
    const network = await proxy(t);
    const socket = client(t, network.url, { transports: [transport] });
    await event(socket, "connect");
    const { id } = socket;
    const gone = event(socket, "disconnect");
    network.cut();
    const [reason, details] = await gone;
    assert.match(reason, /^transport (close|error)$/);
    assert.ok(details);
    assert.equal(socket.active, true);
    assert.equal(socket.id, undefined);
    const buffered = socket.emitWithAck("message-with-ack", "while offline");
    await event(socket, "connect");
    assert.notEqual(socket.id, id);
    assert.equal(socket.recovered, false);
    assert.equal(await buffered, "while offline");
  });
}

test("comes back after the server was down, and tells the story", limit, async (t) => {
  const network = await proxy(t);
  const socket = client(t, network.url);
  await event(socket, "connect");
  const story = [];
  for (const name of ["close", "error", "reconnect_attempt", "reconnect_error", "open", "reconnect"]) {
    socket.io.on(name, (value) => story.push(typeof value === "number" ? `${name} ${value}` : name));
  }
  socket.on("connect", () => story.push("connect"));
  const failed = event(socket.io, "reconnect_error");
  await network.down();
  await failed;
  await network.up();
  await event(socket, "connect");
  assert.deepEqual(story.slice(0, 4), ["close", "reconnect_attempt 1", "error", "reconnect_error"]);
  assert.equal(story.at(-1), "connect");
  assert.match(story.at(-2), /^reconnect [2-9]$/);
  assert.equal(story.at(-3), "open");
  assert.deepEqual(await echo(socket, 1), [1]);
});

test("a first connection that fails is tried again", limit, async (t) => {
  const network = await proxy(t);
  await network.down();
  const socket = client(t, network.url);
  await event(socket, "connect_error");
  await network.up();
  await event(socket, "connect");
});

test("gives up after so many attempts", limit, async (t) => {
  const network = await proxy(t);
  await network.down();
  const socket = client(t, network.url, { reconnectionAttempts: 2 });
  const attempts = [];
  socket.io.on("reconnect_attempt", (n) => attempts.push(n));
  await event(socket.io, "reconnect_failed");
  assert.deepEqual(attempts, [1, 2]);
  await network.up();
  socket.connect();
  await event(socket, "connect");
});

test("does not come back without option reconnection", limit, async (t) => {
  const network = await proxy(t);
  const socket = client(t, network.url, { reconnection: false });
  await event(socket, "connect");
  socket.io.on("reconnect_attempt", () => assert.fail("must not"));
  network.cut();
  await event(socket, "disconnect");
  assert.equal(socket.io.reconnecting, false);
  socket.connect();
  await event(socket, "connect");
});

test("waits longer each time, up to the limit, give or take the jitter", limit, async (t) => {
  const network = await proxy(t);
  await network.down();
  t.mock.method(Math, "random", () => 1);
  const real = globalThis.setTimeout;
  const delays = [];
  t.mock.method(globalThis, "setTimeout", (task, delay, ...args) => {
    const wait = delay >= 1500 && delay <= 5000 && /attempt/.test(task);
    if (wait) delays.push(delay);
    return real(task, wait ? 0 : delay, ...args);
  });
  const socket = client(t, network.url, {
    reconnectionDelay: 1000,
    reconnectionDelayMax: 5000,
    reconnectionAttempts: 4,
    transports: ["polling"],
  });
  await event(socket.io, "reconnect_failed");
  assert.deepEqual(delays, [1500, 3000, 5000, 5000]);
  await network.up();
});

test("connect while waiting does not hurry the next attempt", limit, async (t) => {
  const network = await proxy(t);
  await network.down();
  const socket = client(t, network.url, { reconnectionDelay: 60000, reconnectionDelayMax: 60000 });
  await event(socket, "connect_error");
  await network.up();
  assert.equal(socket.io.reconnecting, true);
  socket.connect();
  assert.equal(socket.io.readyState, "closed");
});

test("disconnect ends the attempts", limit, async (t) => {
  const network = await proxy(t);
  await network.down();
  const socket = client(t, network.url);
  await event(socket.io, "reconnect_attempt");
  socket.disconnect();
  assert.equal(socket.active, false);
  assert.equal(socket.io.reconnecting, false);
  await network.up();
  socket.connect();
  await event(socket, "connect");
});

test("disconnect inside reconnect_attempt is heeded", limit, async (t) => {
  const network = await proxy(t);
  const socket = client(t, network.url);
  await event(socket, "connect");
  const attempt = event(socket.io, "reconnect_attempt").then(() => socket.disconnect());
  socket.io.on("open", () => assert.fail("must not open"));
  network.cut();
  await attempt;
  assert.equal(socket.io.readyState, "closed");
});

test("acks that cannot come any more: errors for those that take one", limit, async (t) => {
  const network = await proxy(t);
  const socket = client(t, network.url);
  await event(socket, "connect");
  const lost = { message: "socket has been disconnected" };
  const promises = [
    assert.rejects(socket.emitWithAck("nobody answers"), lost),
    assert.rejects(socket.timeout(60000).emitWithAck("nobody answers"), lost),
    new Promise((resolve) => socket.timeout(60000).emit("nobody answers", resolve)).then((err) =>
      assert.equal(err.message, lost.message),
    ),
  ];
  socket.emit("nobody answers", () => assert.fail("takes no error"));
  network.cut();
  await Promise.all(promises);
});

test("engine.close breaks the connection as the network would", limit, async (t) => {
  const socket = client(t);
  await event(socket, "connect");
  const gone = event(socket, "disconnect");
  socket.io.engine.close();
  assert.equal((await gone)[0], "forced close");
  await event(socket, "connect");
});

test("reconnect in the disconnect listener", limit, async (t) => {
  const socket = client(t, server());
  await event(socket, "connect");
  socket.once("disconnect", () => socket.connect());
  socket.disconnect();
  await event(socket, "connect");
  assert.deepEqual(await echo(socket, 1), [1]);
});

test("open by hand while waiting, and failing, goes on with the attempts", limit, async (t) => {
  const network = await proxy(t);
  const socket = client(t, network.url);
  await event(socket, "connect");
  await network.down();
  await event(socket.io, "reconnect_attempt");
  if (socket.io.readyState !== "closed") await event(socket.io, "reconnect_error");
  const err = await new Promise((resolve) => socket.io.open(resolve));
  assert.ok(err instanceof Error);
  await network.up();
  await event(socket, "connect");
  assert.equal(socket.io.reconnecting, false);
});
