// Socket.IO protocol 5, packet by packet: what a server owes to a correct client.
// server: --ping-interval 3s --ping-timeout 3s
import assert from "node:assert/strict";

import { label, namespaces } from "./support/env.mjs";
import { Polling } from "./support/polling.mjs";
import { connect, connected, expectServed, join, open } from "./support/socketio.mjs";
import { placeholder, prefix } from "./support/socketio.mjs";
import { test } from "./support/test.mjs";

const binary = JSON.stringify([placeholder(0), placeholder(1)]).slice(1, -1);

for (const namespace of namespaces) {
  const nsp = prefix(namespace);

  test(`${label(namespace)}: CONNECT is answered with a socket id of its own`, async () => {
    const socket = await open();
    socket.send(`40${nsp}`);
    const sid = connected(await socket.next(), namespace);
    assert.notEqual(sid, socket.handshake.sid);
    assert.equal(await socket.next(), `42${nsp}["auth",{}]`);
    socket.close();
  });

  test(`${label(namespace)}: CONNECT carries a payload`, async () => {
    const socket = await open();
    await join(socket, namespace, '{"token":"123","deep":{"list":[1,null,true]}}');
    socket.close();
  });

  for (const [name, args] of Object.entries({
    "text, numbers and objects": '1,"2",{"3":[true]}',
    "null, booleans and empty things": 'null,true,false,"",{},[]',
    "large and small numbers": "9007199254740991,-0.5,1e-7,1e21",
    "unicode": '"ñ € 漢字 😀","\u2028 \\u0000 \\"quoted\\""',
    "what looks like a placeholder": '{"_placeholder":true,"num":0}',
  })) {
    test(`${label(namespace)}: an event comes back: ${name}`, async () => {
      const socket = await connect(namespace);
      socket.send(`42${nsp}["message",${args}]`);
      const answer = await socket.next();
      const payload = answer.slice(2 + nsp.length);
      assert.ok(answer.startsWith(`42${nsp}["message-back"`), answer);
      assert.deepEqual(JSON.parse(payload), ["message-back", ...JSON.parse(`[${args}]`)]);
      socket.close();
    });
  }

  test(`${label(namespace)}: an event without arguments comes back`, async () => {
    const socket = await connect(namespace);
    socket.send(`42${nsp}["message"]`);
    assert.equal(await socket.next(), `42${nsp}["message-back"]`);
    socket.close();
  });

  test(`${label(namespace)}: an event with two attachments comes back`, async () => {
    const socket = await connect(namespace);
    socket.send(`452-${nsp}["message",${binary}]`, Buffer.of(1, 2, 3), Buffer.of(4, 5, 6));
    assert.deepEqual(await socket.collect(3), [
      `452-${nsp}["message-back",${binary}]`,
      Buffer.of(1, 2, 3),
      Buffer.of(4, 5, 6),
    ]);
    socket.close();
  });

  test(`${label(namespace)}: attachments may lie deep, and be empty`, async () => {
    const socket = await connect(namespace);
    const args = `{"a":[${JSON.stringify(placeholder(0))}],"b":{"c":${JSON.stringify(placeholder(1))}}},7`;
    socket.send(`452-${nsp}["message",${args}]`, Buffer.of(), Buffer.of(9));
    assert.deepEqual(await socket.collect(3), [
      `452-${nsp}["message-back",${args}]`,
      Buffer.of(),
      Buffer.of(9),
    ]);
    socket.close();
  });

  test(`${label(namespace)}: ten attachments are taken`, async () => {
    const socket = await connect(namespace);
    const list = JSON.stringify(Array.from({ length: 10 }, (_, i) => placeholder(i)));
    const buffers = Array.from({ length: 10 }, (_, i) => Buffer.of(i));
    socket.send(`4510-${nsp}["message",${list}]`, ...buffers);
    assert.deepEqual(await socket.collect(11), [`4510-${nsp}["message-back",${list}]`, ...buffers]);
    socket.close();
  });

  test(`${label(namespace)}: an event is acknowledged`, async () => {
    const socket = await connect(namespace);
    for (const id of ["0", "456", "9007199254740991"]) {
      socket.send(`42${nsp}${id}["message-with-ack",1,"2",{"3":[false]}]`);
      assert.equal(await socket.next(), `43${nsp}${id}[1,"2",{"3":[false]}]`);
    }
    socket.send(`42${nsp}7["message-with-ack"]`);
    assert.equal(await socket.next(), `43${nsp}7[]`);
    socket.close();
  });

  test(`${label(namespace)}: an event with attachments is acknowledged with them`, async () => {
    const socket = await connect(namespace);
    socket.send(`452-${nsp}789["message-with-ack",${binary}]`, Buffer.of(1), Buffer.of(2));
    assert.deepEqual(await socket.collect(3), [
      `462-${nsp}789[${binary}]`,
      Buffer.of(1),
      Buffer.of(2),
    ]);
    socket.close();
  });

  test(`${label(namespace)}: the server asks for an acknowledgement, and takes it once`, async () => {
    const socket = await connect(namespace);
    const ids = [];
    for (const text of ["first", "second"]) {
      socket.send(`42${nsp}["emit-with-ack","${text}",{"n":1}]`);
      const asked = await socket.next();
      const [, id] = new RegExp(`^42${nsp}(\\d+)\\["emit-with-ack","${text}",{"n":1}\\]$`).exec(asked);
      ids.push(id);
      socket.send(`43${nsp}${id}["answer",2]`, `43${nsp}${id}["answer again"]`);
      assert.equal(await socket.next(), `42${nsp}["emit-with-ack","answer",2]`);
    }
    assert.notEqual(ids[0], ids[1]);
    await expectServed(socket, namespace);
    socket.close();
  });

  test(`${label(namespace)}: an acknowledgement may bring attachments`, async () => {
    const socket = await connect(namespace);
    const one = JSON.stringify(placeholder(0));
    socket.send(`451-${nsp}["emit-with-ack",${one}]`, Buffer.of(1));
    const asked = await socket.next();
    const id = /(\d+)\["/.exec(asked)[1];
    assert.equal(asked, `451-${nsp}${id}["emit-with-ack",${one}]`);
    assert.deepEqual(await socket.next(), Buffer.of(1));
    socket.send(`461-${nsp}${id}[${one},"x"]`, Buffer.of(2));
    assert.equal(await socket.next(), `451-${nsp}["emit-with-ack",${one},"x"]`);
    assert.deepEqual(await socket.next(), Buffer.of(2));
    socket.close();
  });

  test(`${label(namespace)}: what nobody waits for is ignored`, async () => {
    const socket = await connect(namespace);
    socket.send(`42${nsp}["nobody listens",1]`, `42${nsp}[5,"a number names it"]`);
    socket.send(`43${nsp}999["nobody asked"]`, `42${nsp}["__proto__"]`, `42${nsp}["toString",1]`);
    await expectServed(socket, namespace);
    socket.close();
  });

  // In Node, parsers up to 4.2.6 keep waiting for attachments here, later ones close.
  test(`${label(namespace)}: an announcement of no attachments is a whole packet`, async () => {
    const socket = await connect(namespace);
    socket.send(`450-${nsp}["message","none"]`);
    assert.equal(await socket.next(), `42${nsp}["message-back","none"]`);
    socket.send(`450-${nsp}12["message-with-ack","none"]`);
    assert.equal(await socket.next(), `43${nsp}12["none"]`);
    await expectServed(socket, namespace);
    socket.close();
  });

  test(`${label(namespace)}: a thousand events arrive once each and in order`, async () => {
    const socket = await connect(namespace);
    for (let i = 0; i < 1000; i++) socket.send(`42${nsp}["message",${i}]`);
    const received = await socket.collect(1000);
    assert.deepEqual(received, received.map((_, i) => `42${nsp}["message-back",${i}]`));
    socket.close();
  });

  // In Node, CONNECT may overtake the farewell before it, and closes.
  test(`${label(namespace)}: a namespace left may be joined again, under a new id`, async () => {
    const socket = await open();
    const first = await join(socket, namespace);
    socket.send(`41${nsp}`);
    const second = await join(socket, namespace);
    assert.notEqual(first, second);
    await expectServed(socket, namespace);
    socket.close();
  });
}

test("an unknown namespace is refused and the connection stays", async () => {
  const socket = await open();
  for (const name of ["/random", "/custom/", "/Custom", "/__proto__", "/custom?token=1"]) {
    for (const packet of [`40${name}`, `40${name},`, `40${name},{"token":1}`]) {
      socket.send(packet);
      assert.equal(await socket.next(), `44${name},{"message":"Invalid namespace"}`);
    }
  }
  await join(socket);
  await join(socket, "/custom");
  await expectServed(socket);
  socket.close();
});

test("two namespaces share a connection", async () => {
  const socket = await open();
  const ids = [await join(socket), await join(socket, "/custom", '{"token":"abc"}')];
  assert.notEqual(ids[0], ids[1]);
  await expectServed(socket);
  await expectServed(socket, "/custom");
  socket.close();
});

test("leaving one namespace leaves the other", async () => {
  for (const [left, kept] of [["/custom", "/"], ["/", "/custom"]]) {
    const socket = await connect(kept);
    await join(socket, left);
    socket.send(`41${prefix(left)}`);
    await expectServed(socket, kept);
    socket.close();
  }
});

test("a namespace without a comma is left too", async () => {
  const socket = await connect();
  await join(socket, "/custom");
  socket.send("41/custom");
  await expectServed(socket);
  socket.close();
});

test("the same over long-polling, attachments and all", async () => {
  const session = await Polling.open("/socket.io/");
  await session.send('40{"token":1}');
  const [answer, auth] = await session.collect(2);
  connected(answer);
  assert.equal(auth, '42["auth",{"token":1}]');

  await session.send(`452-3["message-with-ack",${binary}]`, "bAQID", "bBAUG", '42["message","after"]');
  assert.deepEqual(await session.collect(4), [
    `462-3[${binary}]`,
    "bAQID",
    "bBAUG",
    '42["message-back","after"]',
  ]);

  // Attachments may come in a body of their own each.
  for (const packet of [`452-["message",${binary}]`, "bAQID", "bBAUG"]) await session.send(packet);
  assert.deepEqual(await session.collect(3), [`452-["message-back",${binary}]`, "bAQID", "bBAUG"]);
  await session.send("1");
});
