import assert from "node:assert/strict";
import test from "node:test";
import { client, echo, event, proxy, script, server, upgraded } from "./support.mjs";

const limit = { timeout: 10000 };

for (const transport of ["websocket", "polling"]) {
  test(`${transport} alone carries text and binary`, limit, async (t) => {
    const socket = client(t, server(), { transports: [transport] });
    await event(socket, "connect");
    assert.equal(socket.io.engine.transport.name, transport);
    assert.deepEqual(await echo(socket, 1, "zwölf €", { a: [null, true] }), [1, "zwölf €", { a: [null, true] }]);
    const [bytes] = await echo(socket, Uint8Array.of(0, 255, 30));
    assert.deepEqual(new Uint8Array(bytes), Uint8Array.of(0, 255, 30));
  });
}

test("a WebSocket comes first", limit, async (t) => {
  const network = await proxy(t);
  const socket = client(t, network.url);
  await event(socket, "connect");
  assert.equal(socket.io.engine.transport.name, "websocket");
  assert.deepEqual(network.seen, ["websocket"]);
});

test("polling starts, then upgrades without losing or reordering anything", limit, async (t) => {
  const socket = client(t, server(), { transports: ["polling", "websocket"] });
  const got = [];
  const done = new Promise((resolve) => socket.on("message-back", (n) => got.push(n) === 60 && resolve()));
  socket.on("connect", () => assert.equal(socket.io.engine.transport.name, "polling"));
  const upgrade = upgraded(socket);
  for (let n = 0; n < 20; n++) socket.emit("message", n);
  await event(socket, "connect");
  for (let n = 20; n < 40; n++) socket.emit("message", n);
  await upgrade;
  for (let n = 40; n < 60; n++) socket.emit("message", n);
  await done;
  assert.deepEqual(
    got,
    Array.from({ length: 60 }, (_, n) => n),
  );
  assert.equal(socket.io.engine.transport.name, "websocket");
});

test("no upgrade without the option", limit, async (t) => {
  const network = await proxy(t);
  const socket = client(t, network.url, { transports: ["polling", "websocket"], upgrade: false });
  await event(socket, "connect");
  await echo(socket, 1);
  assert.ok(!network.seen.includes("websocket"));
});

test("polling takes over when WebSockets are refused", limit, async (t) => {
  const network = await proxy(t);
  network.webSockets = "refuse";
  const socket = client(t, network.url);
  await event(socket, "connect");
  assert.equal(socket.io.engine.transport.name, "polling");
  assert.deepEqual(await echo(socket, "still here"), ["still here"]);
});

test("polling takes over when WebSockets get no answer", limit, async (t) => {
  const network = await proxy(t);
  network.webSockets = "swallow";
  const socket = client(t, network.url, { timeout: 800 });
  await event(socket, "connect");
  assert.equal(socket.io.engine.transport.name, "polling");
});

test(
  "after a fallback the next connection starts with polling and upgrades again when that works",
  limit,
  async (t) => {
    const network = await proxy(t);
    network.webSockets = "refuse";
    const socket = client(t, network.url);
    await event(socket, "connect");

    network.webSockets = "pass";
    network.seen.length = 0;
    network.cut();
    await event(socket, "connect");
    assert.equal(network.seen[0], "polling");
    await upgraded(socket);

    network.seen.length = 0;
    network.cut();
    await event(socket, "connect");
    assert.deepEqual(network.seen, ["websocket"]);
  },
);

test("a refused upgrade leaves polling as it was", limit, async (t) => {
  const network = await proxy(t);
  network.webSockets = "refuse";
  const socket = client(t, network.url, { transports: ["polling", "websocket"] });
  const [err] = await event(socket.io.engine, "upgradeError");
  assert.ok(err instanceof Error);
  assert.equal(socket.io.engine.transport.name, "polling");
  assert.deepEqual(await echo(socket, 1), [1]);
});

test("a WebSocket lost during the upgrade leaves polling as it was", limit, async (t) => {
  const real = globalThis.WebSocket;
  t.after(() => (globalThis.WebSocket = real));
  // Answers the probe, then closes at once: while polling comes to rest.
  globalThis.WebSocket = class {
    readyState = 1;
    bufferedAmount = 0;
    constructor() {
      setTimeout(() => this.onopen());
    }
    send() {
      this.onmessage({ data: "3probe" });
      this.onclose({});
    }
    close() {}
  };
  const socket = client(t, server(), { transports: ["polling", "websocket"] });
  await event(socket.io.engine, "upgradeError");
  assert.equal(socket.io.engine.transport.name, "polling");
  assert.deepEqual(await echo(socket, 1), [1]);
  assert.deepEqual(await echo(socket, 2), [2]);
});

test("disconnecting while upgrading still says goodbye", limit, async (t) => {
  const remote = await script(t, { upgrades: ["websocket"] });
  const real = globalThis.WebSocket;
  t.after(() => (globalThis.WebSocket = real));
  let probe;
  globalThis.WebSocket = class {
    readyState = 1;
    bufferedAmount = 0;
    constructor() {
      probe = this;
    }
    send() {}
    close() {}
  };
  const socket = client(t, remote.url, { transports: ["polling", "websocket"] });
  await remote.accept();
  await event(socket, "connect");
  probe.onopen();
  probe.onmessage({ data: "3probe" });
  socket.emit("bye").disconnect();
  assert.equal(await remote.next(), '42["bye"]');
  assert.equal(await remote.next(), "41");
  assert.equal(await remote.next(), "1");
});

test("nothing to connect to: the error names the address and what each transport met", limit, async (t) => {
  const network = await proxy(t);
  await network.down();
  const socket = client(t, network.url, { reconnection: false });
  const [err] = await event(socket, "connect_error");
  assert.match(err.message, new RegExp(`cannot connect to ${network.url}/socket.io/ \\(websocket: .+; polling: .+\\)`));
  assert.equal(socket.active, true);
  await network.up();
});

test("a server that is not Socket.IO is told apart", limit, async (t) => {
  const remote = await script(t);
  const why = async (status, body) => {
    remote.refuse = [status, body];
    const [err] = await event(client(t, remote.url, { transports: ["polling"], reconnection: false }), "connect_error");
    return err.message;
  };
  assert.match(await why(404, "<h1>no</h1>"), /polling: HTTP 404 <h1>no/);
  assert.match(await why(400, '{"code":1,"message":"Session ID unknown"}'), /polling: HTTP 400 .*Session ID unknown/);
  assert.match(await why(200, "<!doctype html>"), /not a Socket\.IO server/);
  assert.match(await why(200, "0{"), /polling: /);
});

test("a handshake that never comes ends by the timeout", limit, async (t) => {
  const network = await proxy(t);
  network.webSockets = "swallow";
  const socket = client(t, network.url, { transports: ["websocket"], timeout: 50, reconnection: false });
  const [err] = await event(socket, "connect_error");
  assert.match(err.message, /timeout/);
});

test("no known transport", limit, async (t) => {
  const socket = client(t, server(), { transports: ["pigeon"], reconnection: false });
  const [err] = await event(socket, "connect_error");
  assert.match(err.message, /no transport available/);
});

test("query and path are sent", limit, async (t) => {
  const remote = await script(t);
  client(t, remote.url + "/chat?a=1", { transports: ["polling"], path: "/my/path" });
  await remote.next();
  const [url] = remote.handshakes;
  assert.equal(url.pathname, "/my/path/");
  assert.equal(url.searchParams.get("a"), "1");
  assert.equal(url.searchParams.get("EIO"), "4");
});
