import assert from "node:assert/strict";
import test from "node:test";
import { client, event, script, scripted } from "./support.mjs";

const limit = { timeout: 10000 };

test("CONNECT carries auth, and nothing when there is none", limit, async (t) => {
  const plain = await scripted(t);
  assert.equal(await plain.remote.next(), "40");
  const { remote } = await scripted(t, {}, { auth: { token: "x" } });
  assert.equal(await remote.next(), '40{"token":"x"}');
});

test("packets are written as the protocol has them", limit, async (t) => {
  const remote = await script(t);
  const socket = client(t, remote.url + "/custom", { transports: ["polling"], autoConnect: false });
  socket.emit("a", 1, "two");
  socket.emit("b", () => {});
  socket.emit("c", Uint8Array.of(1, 2, 3), { d: Uint8Array.of(4) }, () => {});
  socket.connect();
  assert.equal(await remote.next(), "40/custom,");
  remote.push('40/custom,{"sid":"x"}');
  assert.equal(await remote.next(), '42/custom,["a",1,"two"]');
  assert.equal(await remote.next(), '42/custom,0["b"]');
  assert.equal(
    await remote.next(),
    '452-/custom,1["c",{"_placeholder":true,"num":0},{"d":{"_placeholder":true,"num":1}}]',
  );
  assert.equal(await remote.next(), "bAQID");
  assert.equal(await remote.next(), "bBA==");
  remote.push('42/custom,12["ask"]');
  const [answer] = await event(socket, "ask");
  answer("yes", Uint8Array.of(5));
  assert.equal(await remote.next(), '461-/custom,12["yes",{"_placeholder":true,"num":0}]');
  assert.equal(await remote.next(), "bBQ==");
  socket.disconnect();
  assert.equal(await remote.next(), "41/custom,");
  assert.equal(await remote.next(), "1");
});

test("packets are read as the protocol has them", limit, async (t) => {
  const { remote, socket } = await scripted(t);
  await remote.accept();
  await event(socket, "connect");
  const one = event(socket, "one");
  const four = event(socket, "four");
  remote.push(
    '451-["one",{"_placeholder":true,"num":0}]',
    "bAQID",
    '42["two","a,b/c"]',
    '450-["three"]',
    '42/other,["not ours"]',
    '42["four"]',
  );
  assert.deepEqual(new Uint8Array((await one)[0]), Uint8Array.of(1, 2, 3));
  assert.deepEqual(await four, []);
});

test("events that come before the welcome are kept until it", limit, async (t) => {
  const { remote, socket } = await scripted(t);
  const seen = [];
  socket.onAny((name) => seen.push([name, socket.connected]));
  socket.on("connect", () => seen.push(["connect"]));
  await remote.next();
  remote.push('42["early"]', '42["early too"]', '40{"sid":"x"}', '42["late"]');
  await event(socket, "late");
  assert.deepEqual(seen, [["early", true], ["early too", true], ["connect"], ["late", true]]);
});

test("what waited is sent before connect is told", limit, async (t) => {
  const { remote, socket } = await scripted(t);
  socket.emit("buffered");
  socket.on("connect", () => socket.emit("fresh"));
  await remote.accept();
  assert.equal(await remote.next(), '42["buffered"]');
  assert.equal(await remote.next(), '42["fresh"]');
});

test("a session is recovered by pid and offset", limit, async (t) => {
  const { remote, socket } = await scripted(t, {}, { auth: { token: "x" } });
  assert.equal(await remote.accept({ sid: "a", pid: "p1" }), '40{"token":"x"}');
  await event(socket, "connect");
  assert.equal(socket.recovered, false);
  const last = event(socket, "last");
  remote.push('42["news",1,"offset1"]', '42["last",2]');
  await last;
  socket.io.engine.close();
  assert.equal(await remote.next(), "1");
  const missed = event(socket, "news");
  assert.equal(await remote.next(), '40{"pid":"p1","offset":"offset1","token":"x"}');
  remote.push('42["news",3,"offset2"]', '40{"sid":"a","pid":"p1"}');
  await event(socket, "connect");
  assert.equal(socket.recovered, true);
  assert.deepEqual(await missed, [3, "offset2"]);
  socket.io.engine.close();
  assert.equal(await remote.next(), "1");
  assert.equal(await remote.next(), '40{"pid":"p1","offset":"offset2","token":"x"}');
  remote.push('40{"sid":"b","pid":"p2"}');
  await event(socket, "connect");
  assert.equal(socket.recovered, false);
});

test("the server disconnects a socket: no retry by itself", limit, async (t) => {
  const { remote, socket } = await scripted(t);
  await remote.accept();
  await event(socket, "connect");
  const lost = socket.emitWithAck("x").catch((err) => err.message);
  remote.push("41");
  assert.deepEqual(await event(socket, "disconnect"), ["io server disconnect", undefined]);
  assert.equal(await lost, "socket has been disconnected");
  assert.equal(socket.active, false);
  assert.equal(socket.io.readyState, "closed");
  assert.equal(await remote.next(), '420["x"]');
  assert.equal(await remote.next(), "1");
  socket.connect();
  await remote.accept();
  await event(socket, "connect");
});

test("connect_error brings the server's message and data", limit, async (t) => {
  const { remote, socket } = await scripted(t);
  await remote.next();
  remote.push('44{"message":"no entry","data":{"retryAfter":5}}');
  const [err] = await event(socket, "connect_error");
  assert.equal(err.message, "no entry");
  assert.deepEqual(err.data, { retryAfter: 5 });
  assert.equal(socket.active, false);
});

test("a server of protocol 2 is told apart", limit, async (t) => {
  const { remote, socket } = await scripted(t);
  await remote.next();
  remote.push("40");
  const [err] = await event(socket, "connect_error");
  assert.match(err.message, /Socket\.IO 2/);
});

test("the engine closing before the welcome is a connect_error", limit, async (t) => {
  const { remote, socket } = await scripted(t);
  socket.on("disconnect", () => assert.fail("was never connected"));
  await remote.next();
  remote.push("1");
  const [err] = await event(socket, "connect_error");
  assert.equal(err.message, "transport closed by the server");
  await remote.accept();
  await event(socket, "connect");
  socket.off("disconnect");
});

for (const [what, ...packets] of [
  ["an unknown type", "49"],
  ["bad JSON", '42["a"'],
  ["an event that is no array", "42{}"],
  ["a reserved event", '42["connect"]'],
  ["a binary event without count", '45["a"]'],
  ["an unexpected attachment", "bAQID"],
  ["text where an attachment was due", '451-["a",{"_placeholder":true,"num":0}]', '42["a"]'],
  ["a placeholder without attachment", '451-["a",{"_placeholder":true,"num":1}]', "bAQID"],
  ["bad base64", "b!"],
  ["an empty packet", ""],
]) {
  test(`${what} ends the connection, which is made anew`, limit, async (t) => {
    const { remote, socket } = await scripted(t);
    await remote.accept();
    await event(socket, "connect");
    remote.push(...packets);
    const [reason] = await event(socket, "disconnect");
    assert.equal(reason, "parse error");
    assert.equal(socket.active, true);
    await event(socket.io, "reconnect");
  });
}

test("a close packet is a transport close", limit, async (t) => {
  const { remote, socket } = await scripted(t);
  await remote.accept();
  await event(socket, "connect");
  remote.push("1");
  const [reason, details] = await event(socket, "disconnect");
  assert.equal(reason, "transport close");
  assert.equal(details.description, "transport closed by the server");
});

test("pings are answered and told", limit, async (t) => {
  const { remote, socket } = await scripted(t);
  await remote.accept();
  await event(socket, "connect");
  const ping = event(socket.io, "ping");
  remote.push("2", "6");
  await ping;
  await new Promise((resolve) => socket.emit("x", resolve) && remote.next().then(() => remote.push("430[]")));
  assert.ok(remote.bodies.some((body) => body.split("\x1e").includes("3")));
});

test("no ping in time is a ping timeout", limit, async (t) => {
  const { remote, socket } = await scripted(t, { pingInterval: 30, pingTimeout: 20 }, { reconnection: false });
  await remote.accept();
  await event(socket, "connect");
  const ping = event(socket.io, "ping");
  remote.push("2");
  await ping;
  assert.deepEqual(await event(socket, "disconnect"), ["ping timeout", undefined]);
});

test("an emit after a sleep notices that the connection is dead", limit, async (t) => {
  const { remote, socket } = await scripted(t);
  await remote.accept();
  await event(socket, "connect");
  const now = Date.now();
  t.mock.method(Date, "now", () => now + 3600000);
  const gone = event(socket, "disconnect");
  socket.emit("kept");
  assert.equal(socket.sendBuffer.length, 1);
  assert.equal((await gone)[0], "ping timeout");
  t.mock.restoreAll();
  assert.equal(await remote.next(), "1");
  await remote.accept({ sid: "new" });
  assert.equal(await remote.next(), '42["kept"]');
});

test("a POST holds no more than maxPayload, unless one packet alone does", limit, async (t) => {
  const { remote, socket } = await scripted(t, { maxPayload: 60 });
  for (let n = 0; n < 10; n++) socket.emit("m", "ü".repeat(5));
  socket.emit("m", "x".repeat(100));
  socket.emit("m", new Uint8Array(20));
  await remote.accept();
  for (let n = 0; n < 13; n++) await remote.next();
  const sizes = remote.bodies.map((body) => Buffer.byteLength(body));
  assert.equal(sizes.filter((size) => size > 60).length, 1);
  assert.ok(remote.bodies.filter((body) => body.includes("\x1e")).length >= 4, "packets travel together");
});

test("a refused POST is a transport error that says why", limit, async (t) => {
  const { remote, socket } = await scripted(t);
  await remote.accept();
  await event(socket, "connect");
  const real = globalThis.fetch;
  t.mock.method(globalThis, "fetch", (url, init) =>
    init.method === "POST" ? Promise.resolve(new Response("too much", { status: 413 })) : real(url, init),
  );
  socket.emit("x");
  const [reason, details] = await event(socket, "disconnect");
  assert.equal(reason, "transport error");
  assert.match(details.message, /HTTP 413 too much/);
  assert.equal(details.description, 413);
});

test("an ack belongs to the session that asked", limit, async (t) => {
  const { remote, socket } = await scripted(t);
  await remote.accept({ sid: "a" });
  await event(socket, "connect");
  remote.push('420["ask"]', "43999[]");
  const [answer] = await event(socket, "ask");
  socket.io.engine.close();
  assert.equal(await remote.next(), "1");
  await remote.accept({ sid: "b" });
  await event(socket, "connect");
  answer("late");
  socket.emit("next");
  assert.equal(await remote.next(), '42["next"]');
});

test("what comes after disconnect is not told", limit, async (t) => {
  const { remote, socket } = await scripted(t);
  const other = socket.io.socket("/other");
  await remote.accept();
  assert.equal(await remote.next(), "40/other,");
  remote.push('40/other,{"sid":"y"}');
  await event(other, "connect");
  socket.onAny(() => assert.fail("was disconnected"));
  socket.disconnect();
  remote.push('42["late"]', '42/other,["after"]');
  await event(other, "after");
});

test("what was emitted before disconnect is sent, Blobs too", limit, async (t) => {
  const { remote, socket } = await scripted(t);
  await remote.accept();
  await event(socket, "connect");
  socket.emit("a", new Blob(["hi"]));
  socket.emit("b");
  socket.disconnect();
  assert.equal(socket.connected, false);
  assert.equal(await remote.next(), '451-["a",{"_placeholder":true,"num":0}]');
  assert.equal(await remote.next(), "baGk=");
  assert.equal(await remote.next(), '42["b"]');
  assert.equal(await remote.next(), "41");
  assert.equal(await remote.next(), "1");
});

test("disconnect by a listener of an early event keeps what waited", limit, async (t) => {
  const { remote, socket } = await scripted(t);
  socket.on("connect", () => assert.fail("was disconnected"));
  socket.on("early", () => socket.disconnect());
  socket.emit("waited");
  await remote.next();
  remote.push('42["early"]', '40{"sid":"x"}');
  assert.equal(await remote.next(), "41");
  assert.equal(await remote.next(), "1");
  assert.equal(socket.sendBuffer.length, 1);
});
