// What else the official client has, and its options.
import assert from "node:assert/strict";
import test from "node:test";
import { io, Manager, protocol } from "../brio.js";
import { client, event, proxy, script, server, upgraded } from "./support.mjs";

const limit = { timeout: 10000 };
const closed = { autoConnect: false };

test("each option of a manager is a method", () => {
  const manager = new Manager("http://a.test", closed);
  assert.equal(manager.reconnectionDelay(), 1000);
  assert.equal(manager.reconnectionDelay(7).reconnectionDelayMax(8).reconnectionAttempts(9), manager);
  assert.equal(manager.randomizationFactor(0).timeout(false).reconnection(false), manager);
  const { opts } = manager;
  assert.deepEqual([opts.reconnectionDelay, opts.reconnectionDelayMax, opts.reconnectionAttempts], [7, 8, 9]);
  assert.deepEqual([manager.randomizationFactor(), manager.timeout(), manager.reconnection()], [0, false, false]);
  assert.equal(protocol, 5);
});

test("reconnection(false) ends the attempts", limit, async (t) => {
  const network = await proxy(t);
  await network.down();
  const socket = client(t, network.url, { reconnectionDelay: 60000, reconnectionDelayMax: 60000 });
  await event(socket, "connect_error");
  assert.equal(socket.io.reconnecting, true);
  socket.io.reconnection(false);
  assert.equal(socket.io.reconnecting, false);
  await network.up();
  socket.connect();
  await event(socket, "connect");
});

test("catch-all listeners: first, listed, and not removed with the others", () => {
  const socket = io("http://any.test", closed);
  const [a, b, c] = [() => {}, () => {}, () => {}];
  socket.onAny(a).prependAny(b).onAnyOutgoing(b).prependAnyOutgoing(c);
  assert.deepEqual([socket.listenersAny(), socket.listenersAnyOutgoing()], [[b, a], [c, b]]);
  socket.on("x", a).on("y", a).off();
  assert.deepEqual([socket.hasListeners("x"), socket.hasListeners("y")], [false, false]);
  assert.deepEqual([socket.listenersAny(), socket.listenersAnyOutgoing()], [[b, a], [c, b]]);
  socket.offAny(a).offAnyOutgoing();
  assert.deepEqual([socket.listenersAny(), socket.listenersAnyOutgoing()], [[b], []]);
  socket.on("x", a);
  assert.equal(socket.hasListeners("x"), true);
  assert.equal(socket.removeListener("x", a).hasListeners("x"), false);
});

test("a view has all that sends, and its own flags", limit, async (t) => {
  const socket = client(t);
  await event(socket, "connect");
  const view = socket.timeout(5000).compress(false);
  assert.equal(view.connected, true);
  assert.equal(await view.volatile.timeout(4000).emitWithAck("message-with-ack", 1), 1);
  assert.equal(socket.compress(true), socket);
  const back = event(socket, "message-back");
  view.send("by view");
  assert.deepEqual(await back, ["by view"]);
});

test("the manager hears packets", limit, async (t) => {
  const socket = client(t);
  const [packet] = await event(socket.io, "packet");
  assert.deepEqual([packet.type, packet.nsp], [0, "/"]);
  assert.equal(socket.io.connect(), socket.io);
});

test("tryAllTransports: false tries the first only", limit, async (t) => {
  const network = await proxy(t);
  network.webSockets = "refuse";
  const socket = client(t, network.url, { tryAllTransports: false, reconnection: false });
  const [err] = await event(socket, "connect_error");
  assert.match(err.message, /\(websocket: [^;]+\)$/);
  assert.deepEqual(network.seen, ["websocket"]);
});

test("tryAllTransports: false upgrades nevertheless", limit, async (t) => {
  const socket = client(t, server(), { tryAllTransports: false, transports: ["polling", "websocket"] });
  await upgraded(socket);
  assert.equal(socket.io.engine.transport.name, "websocket");
});

test("rememberUpgrade starts with what the last upgrade led to, unless it failed since", limit, async (t) => {
  const network = await proxy(t);
  const socket = client(t, network.url, { transports: ["polling", "websocket"], rememberUpgrade: true });
  await upgraded(socket);
  network.seen.length = 0;
  network.cut();
  await event(socket, "connect");
  assert.deepEqual(network.seen, ["websocket"]);
  network.webSockets = "refuse";
  network.cut();
  await event(socket, "connect");
  network.seen.length = 0;
  network.cut();
  await event(socket, "connect");
  assert.equal(network.seen[0], "polling");
});

test("WebTransport is passed over where there is none", limit, async (t) => {
  const socket = client(t, server(), { transports: ["webtransport", "websocket"] });
  await event(socket, "connect");
  assert.equal(socket.io.engine.transport.name, "websocket");
  const alone = client(t, server(), { transports: ["webtransport"], reconnection: false });
  const [err] = await event(alone, "connect_error");
  assert.match(err.message, /webtransport: WebTransport is not defined/);
});

test("an upgrade that fails is followed by the next one", limit, async (t) => {
  const remote = await script(t, { upgrades: ["websocket", "webtransport"] });
  const real = globalThis.WebSocket;
  t.after(() => (globalThis.WebSocket = real));
  globalThis.WebSocket = class {
    constructor() {
      setTimeout(() => this.onerror({}));
    }
    close() {}
  };
  const socket = client(t, remote.url, { transports: ["polling", "websocket", "webtransport"] });
  const errors = [];
  const both = new Promise((resolve) =>
    socket.io.engine.on("upgradeError", (err) => errors.push(err.message) === 2 && resolve()),
  );
  await remote.accept();
  await both;
  assert.match(errors[0], /WebTransport is not defined/);
  assert.match(errors[1], /connection failed/);
  assert.equal(socket.io.engine.transport.name, "polling");
});

test("extraHeaders go with polling", limit, async (t) => {
  const remote = await script(t);
  const real = globalThis.fetch;
  const seen = [];
  t.mock.method(globalThis, "fetch", (url, init) => {
    seen.push(init.headers);
    return real(url, init);
  });
  client(t, remote.url, { transports: ["polling"], extraHeaders: { authorization: "Bearer x" } });
  await remote.accept();
  assert.deepEqual(seen[0], { authorization: "Bearer x" });
});
