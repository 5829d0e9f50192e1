import assert from "node:assert/strict";
import test from "node:test";
import { io, connect, Manager, Socket } from "../brio.js";

const closed = { autoConnect: false };

test("the namespace is the path of the address", () => {
  const cases = {
    "http://a.test": "/",
    "http://a.test/": "/",
    "http://a.test/chat": "/chat",
    "http://a.test/zwölf 12": "/zwölf 12",
    "https://a.test:8443/chat/room?token=1": "/chat/room",
    "ws://a.test/chat": "/chat",
  };
  for (const [url, nsp] of Object.entries(cases)) assert.equal(io(url, { ...closed, forceNew: true }).nsp, nsp, url);
});

test("an address on a page is relative to it", (t) => {
  globalThis.location = new URL("https://page.test:8443/some/where");
  t.after(() => delete globalThis.location);
  const here = io(closed);
  assert.equal(here.nsp, "/");
  assert.equal(io("/chat", closed).io, here.io);
  assert.equal(io("//page.test:8443/news", closed).io, here.io);
  assert.equal(io("page.test:8443/more", closed).io, here.io);
  assert.notEqual(io("//page.test/chat", closed).io, here.io);
});

test("an address that leads nowhere throws", () => {
  assert.throws(() => io("ftp://a.test/chat", closed), /cannot connect to ftp:\/\/a\.test\/chat/);
  for (const url of ["/chat", "//a.test", "a.test:3000", "", undefined])
    assert.throws(() => io(url, closed), TypeError, url);
});

test("namespaces of one origin and path share a manager", () => {
  const first = io("http://share.test/a", closed);
  assert.equal(io("http://share.test:80/b", closed).io, first.io);
  assert.equal(io("ws://share.test/c", closed).io, first.io);
  assert.notEqual(io("http://share.test:81/d", closed).io, first.io);
  assert.notEqual(io("https://share.test/d", closed).io, first.io);
  assert.notEqual(io("http://share.test/d", { ...closed, path: "/other" }).io, first.io);
  assert.equal(io("http://share.test/d", { ...closed, path: "socket.io" }).io, first.io);
  assert.notEqual(io("http://share.test/d", { ...closed, addTrailingSlash: false }).io, first.io);
  assert.notEqual(io("http://share.test/e", { ...closed, forceNew: true }).io, first.io);
  assert.notEqual(io("http://share.test/f", { ...closed, multiplex: false }).io, first.io);
});

test("the same namespace twice takes two managers", () => {
  const first = io("http://twice.test/a", closed);
  const second = io("http://twice.test/a", closed);
  assert.notEqual(first, second);
  assert.notEqual(first.io, second.io);
  assert.equal(io("http://twice.test/b", closed).io, first.io);
});

test("a manager gives one socket per namespace", () => {
  const manager = new Manager("http://a.test", closed);
  const socket = manager.socket("/chat", { auth: { token: "x" } });
  assert.ok(socket instanceof Socket);
  assert.deepEqual(socket.auth, { token: "x" });
  assert.equal(manager.socket("/chat"), socket);
  assert.equal(manager.socket("chat"), socket);
  assert.equal(socket.active, false);
  assert.equal(socket.disconnected, true);
});

test("options have defaults, and undefined is none", () => {
  const manager = new Manager("http://a.test/?token=1", { ...closed, timeout: undefined, reconnectionDelay: 5 });
  assert.equal(manager.opts.timeout, 20000);
  assert.equal(manager.opts.reconnectionDelay, 5);
  assert.deepEqual(manager.opts.query, { token: "1" });
});

test("the other names of the official client are there", () => {
  assert.equal(connect, io);
});

test("listeners come and go", () => {
  const socket = io("http://listeners.test", closed);
  const calls = [];
  const first = () => calls.push("first");
  const second = () => calls.push("second");
  socket.on("x", first).on("x", second).once("y", first);
  assert.deepEqual(socket.listeners("x"), [first, second]);
  socket.off("y", first);
  assert.deepEqual(socket.listeners("y"), []);
  socket.off("x", undefined);
  assert.equal(socket.listeners("x").length, 2);
  socket.off("x", first);
  assert.deepEqual(socket.listeners("x"), [second]);
  socket.on("x", second).off("x", second);
  assert.deepEqual(socket.listeners("x"), [second]);
  socket.off("x");
  assert.deepEqual(socket.listeners("x"), []);
  socket.on("x", first).on("z", first).removeAllListeners();
  assert.deepEqual([socket.listeners("x"), socket.listeners("z")], [[], []]);
});

test("reserved events cannot be emitted", () => {
  const socket = io("http://reserved.test", closed);
  for (const name of ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]) {
    assert.throws(() => socket.emit(name), /reserved event name/);
  }
});
