// Socket.IO protocol 4, of clients 2.x: they are in the main namespace from the
// start, and bring a query instead of credentials.
// server: --eio3 --ping-interval 3s --ping-timeout 3s --connect-timeout 10s
import assert from "node:assert/strict";

import { label, namespaces } from "./support/env.mjs";
import { attack } from "./support/innocent.mjs";
import { expectServed, prefix } from "./support/socketio.mjs";
import { test } from "./support/test.mjs";
import { PollingV3 } from "./support/v3.mjs";
import { WebSocket } from "./support/websocket.mjs";

const greeting = ["40", '42["auth",{}]'];

async function open() {
  const socket = new WebSocket("/socket.io/?EIO=3&transport=websocket", { beat: false });
  assert.equal((await socket.next())[0], "0");
  assert.deepEqual(await socket.collect(2), greeting);
  return socket;
}

async function connect(namespace = "/", query = "", auth = "{}") {
  const socket = await open();
  if (namespace !== "/") {
    socket.send(`40${namespace}${query},`);
    assert.deepEqual(await socket.collect(2), [`40${namespace},`, `42${namespace},["auth",${auth}]`]);
  }
  return socket;
}

test("polling is in the main namespace from the start", async () => {
  const session = await PollingV3.open("/socket.io/");
  assert.deepEqual(await session.collect(2), greeting);
  await session.send('42["message","hello"]');
  assert.deepEqual(await session.collect(1), ['42["message-back","hello"]']);
});

test("a query is the auth object", async () => {
  const query = "?token=a%20b%2C1&x=%C3%B1%F0%9F%98%80&empty=";
  (await connect("/custom", query, '{"token":"a b,1","x":"ñ😀","empty":""}')).close();
  (await connect("/custom", "?", "{}")).close();
});

for (const namespace of namespaces) {
  const nsp = prefix(namespace);
  const it = (name, fn) => test(`${label(namespace)}: ${name}`, fn);

  it("events and acknowledgements", async () => {
    const socket = await connect(namespace);
    await expectServed(socket, namespace);
    socket.send(`42${nsp}7["message-with-ack",1,"ñ😀"]`);
    assert.equal(await socket.next(), `43${nsp}7[1,"ñ😀"]`);
    socket.send(`42${nsp}["emit-with-ack","x"]`);
    const [, id] = /^42(?:\/custom,)?(\d+)\["emit-with-ack","x"\]$/.exec(await socket.next());
    socket.send(`43${nsp}${id}["y"]`);
    assert.equal(await socket.next(), `42${nsp}["emit-with-ack","y"]`);
    socket.close();
  });

  it("binary", async () => {
    const socket = await connect(namespace);
    socket.send(`451-${nsp}["message",{"_placeholder":true,"num":0}]`, Buffer.of(4, 1, 2, 3));
    const back = [`451-${nsp}["message-back",{"_placeholder":true,"num":0}]`, Buffer.of(4, 1, 2, 3)];
    assert.deepEqual(await socket.collect(2), back);
    socket.close();
  });

  it("leaving", async () => {
    const socket = await connect(namespace);
    socket.send(`41${nsp}`, `42${nsp}["message","late"]`);
    await socket.expectClosed();
  });
}

test("leaving a namespace and coming back, again and again", async () => {
  const socket = await connect("/custom");
  for (let i = 0; i < 20; i++) {
    socket.send("41/custom,", "40/custom,");
    assert.deepEqual(await socket.collect(2), ["40/custom,", '42/custom,["auth",{}]']);
  }
  await expectServed(socket, "/custom");
  await expectServed(socket);
  socket.close();
});

test("an unknown namespace is refused with a bare message, and the connection goes on", async () => {
  const socket = await connect();
  socket.send("40/random?x=1,");
  assert.equal(await socket.next(), '44/random,"Invalid namespace"');
  await expectServed(socket);
  socket.close();
});

for (const [name, packet] of Object.entries({
  "CONNECT of the main namespace": "40",
  "CONNECT of a namespace that is joined": "40/custom?again=1,",
  "an event of a namespace that is not": '42/random,["message"]',
  "a refusal, which is the server's to send": '44"no"',
  "a query that is too long": `40/custom?x=${"x".repeat(10_000)},`,
  "a name that is too long": `40/${"x".repeat(600)},`,
  "an unknown type": "49",
})) {
  attack(`${name}: closed`, async () => {
    const socket = await connect("/custom");
    socket.send(packet);
    await socket.expectClosed();
  });
}
