import assert from "node:assert/strict";
import test from "node:test";
import { io, Manager } from "../brio.js";
import { client, echo, event, proxy, server } from "./support.mjs";

const limit = { timeout: 10000 };

test("namespaces share a connection and do not mix", limit, async (t) => {
  const network = await proxy(t);
  const main = io(network.url);
  const custom = io(network.url + "/custom");
  t.after(() => main.disconnect() && custom.disconnect());
  assert.equal(main.io, custom.io);
  await Promise.all([event(main, "connect"), event(custom, "connect")]);
  assert.notEqual(main.id, custom.id);
  main.on("message-back", () => assert.fail("belongs to the other"));
  assert.deepEqual(await echo(custom, Uint8Array.of(1).length), [1]);
  assert.deepEqual(network.seen, ["websocket"]);

  const gone = event(main, "disconnect");
  main.disconnect();
  assert.deepEqual(await gone, ["io client disconnect", undefined]);
  assert.equal(main.id, undefined);
  assert.deepEqual(await echo(custom, 2), [2]);
});

test("the last socket to leave closes the connection", limit, async (t) => {
  const main = client(t, server());
  const custom = main.io.socket("/custom");
  await event(custom, "connect");
  main.disconnect();
  assert.equal(main.io.readyState, "open");
  const closed = event(main.io, "close");
  custom.disconnect();
  assert.deepEqual((await closed)[0], "forced close");
  assert.equal(main.io.readyState, "closed");
});

test("auth is an object", limit, async (t) => {
  const socket = client(t, server() + "/custom", { auth: { token: "abc" } });
  assert.deepEqual(await event(socket, "auth"), [{ token: "abc" }]);
});

test("auth is a function, asked for each connection", limit, async (t) => {
  const network = await proxy(t);
  let n = 0;
  const socket = client(t, network.url, { auth: (answer) => setTimeout(() => answer({ n: ++n })) });
  assert.deepEqual(await event(socket, "auth"), [{ n: 1 }]);
  network.cut();
  assert.deepEqual(await event(socket, "auth"), [{ n: 2 }]);
});

test("auth may be changed between connections", limit, async (t) => {
  const socket = client(t);
  assert.deepEqual(await event(socket, "auth"), [{}]);
  socket.disconnect().auth = { token: 2 };
  socket.connect();
  assert.deepEqual(await event(socket, "auth"), [{ token: 2 }]);
});

test("auth that answers too late or twice is not heard", limit, async (t) => {
  const network = await proxy(t);
  const answers = [];
  const socket = client(t, network.url, { auth: (answer) => answers.push(answer) });
  await event(socket.io, "open");
  network.cut();
  await event(socket.io, "reconnect");
  answers[0]({ stale: true });
  const connected = event(socket, "connect");
  answers[1]({ fresh: true });
  answers[1]({ twice: true });
  await connected;
  assert.deepEqual(await echo(socket, 1), [1]); // a second CONNECT would have ended the connection
});

test("a refused namespace: connect_error, and no retry by itself", limit, async (t) => {
  const main = client(t);
  await event(main, "connect");
  const unknown = main.io.socket("/unknown");
  unknown.emit("kept");
  const [err] = await event(unknown, "connect_error");
  assert.ok(err instanceof Error);
  assert.equal(err.message, "Invalid namespace");
  assert.equal(unknown.active, false);
  assert.equal(unknown.connected, false);
  unknown.connect();
  assert.equal(unknown.active, true);
  await event(unknown, "connect_error");
  assert.deepEqual(await echo(main, 1), [1]);
});

test("a socket refused alone closes its connection", limit, async (t) => {
  const socket = client(t, server() + "/unknown");
  const closed = event(socket.io, "close");
  await event(socket, "connect_error");
  await closed;
});

test("leaving before the welcome, and coming back, keeps the connection", limit, async (t) => {
  const main = client(t);
  await event(main, "connect");
  main.io.on("close", () => assert.fail("the connection was lost"));
  const custom = main.io.socket("/custom");
  custom.disconnect();
  await echo(main, 1); // welcomed by now, and left
  await echo(main, 2); // the server knows: Node's takes a CONNECT that follows the DISCONNECT too closely for an error
  assert.equal(custom.connected, false);
  custom.connect().disconnect().connect();
  await event(custom, "connect");
  assert.deepEqual(await echo(custom, 2), [2]);
  main.io.off("close");
});

test("connect twice joins once", limit, async (t) => {
  const socket = client(t);
  await event(socket.io, "open");
  socket.connect().connect();
  await event(socket, "connect");
  assert.deepEqual(await echo(socket, 1), [1]);
});

test("a manager by hand", limit, async (t) => {
  const manager = new Manager(server(), { autoConnect: false });
  const socket = manager.socket("/custom");
  t.after(() => manager.close());
  assert.equal(socket.active, false);
  await new Promise((resolve, reject) => manager.open((err) => (err ? reject(err) : resolve())));
  assert.equal(socket.connected, false);
  socket.connect();
  await event(socket, "connect");
  const gone = event(socket, "disconnect");
  manager.close();
  assert.deepEqual(await gone, ["forced close", undefined]);
});
