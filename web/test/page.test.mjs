// A page's events, before brio.js is loaded: it listens from the start.
import assert from "node:assert/strict";
import test from "node:test";

const page = new EventTarget();
globalThis.addEventListener = page.addEventListener.bind(page);
const happen = (type, more) => page.dispatchEvent(Object.assign(new Event(type), more));

const { client, event, proxy, scripted } = await import("./support.mjs");
const limit = { timeout: 10000 };
const patient = { reconnectionDelay: 3600000, reconnectionDelayMax: 3600000 };

test("offline ends the connection, online makes it anew without waiting", limit, async (t) => {
  const { remote, socket } = await scripted(t, {}, patient);
  await remote.accept();
  await event(socket, "connect");
  const gone = event(socket, "disconnect");
  happen("offline");
  assert.deepEqual(await gone, ["transport close", { description: "network connection lost" }]);
  assert.equal(await remote.next(), "1");
  happen("online");
  await remote.accept();
  await event(socket, "connect");
});

test("offline while connecting", limit, async (t) => {
  const { socket } = await scripted(t, {}, patient);
  const failed = event(socket, "connect_error");
  happen("offline");
  const [err] = await failed;
  assert.ok(err instanceof Error);
  assert.equal(err.message, "network connection lost");
});

test("a page seen again tries at once", limit, async (t) => {
  const network = await proxy(t);
  await network.down();
  const socket = client(t, network.url, patient);
  await event(socket, "connect_error");
  await network.up();
  happen("visibilitychange");
  await event(socket, "connect");
});

test("a page that slept notices the dead connection", limit, async (t) => {
  const { remote, socket } = await scripted(t, {}, patient);
  await remote.accept();
  await event(socket, "connect");
  happen("visibilitychange");
  assert.equal(socket.connected, true);
  const now = Date.now();
  t.mock.method(Date, "now", () => now + 3600000);
  const gone = event(socket, "disconnect");
  happen("visibilitychange");
  assert.equal((await gone)[0], "ping timeout");
});

test("a page that goes says goodbye and tells nobody", limit, async (t) => {
  const { remote, socket } = await scripted(t, {}, patient);
  await remote.accept();
  await event(socket, "connect");
  socket.on("disconnect", () => assert.fail("the page is gone"));
  happen("pagehide", { persisted: false });
  assert.equal(await remote.next(), "1");
  socket.off("disconnect");
});

test("a page that is kept and shown again connects again", limit, async (t) => {
  const { remote, socket } = await scripted(t, {}, patient);
  await remote.accept();
  await event(socket, "connect");
  const gone = event(socket, "disconnect");
  happen("pagehide", { persisted: true });
  assert.equal((await gone)[0], "transport close");
  assert.equal(await remote.next(), "1");
  happen("pageshow", { persisted: true });
  await remote.accept();
  await event(socket, "connect");
});
