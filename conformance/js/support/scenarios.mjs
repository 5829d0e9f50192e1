// What the official client is put through, the same over each way to connect.
import assert from "node:assert/strict";

import { Client } from "./client.mjs";
import { label, namespaces } from "./env.mjs";
import { test } from "./test.mjs";

const plain = {
  "no argument": [],
  "text": ["hello"],
  "several arguments": [1, "2", { 3: [true, null] }, [], {}, "", 0, -1.5, false],
  "unicode": ["ñ € 漢字 😀 \u2028\u2029 \u0000 \"quoted\" \\ \x1e"],
  "a placeholder of their own": [{ _placeholder: false, num: 0 }],
};

const binary = {
  "one buffer": [Buffer.of(1, 2, 3)],
  "an empty buffer": [Buffer.of()],
  "buffers and text": ["a", Buffer.of(1), "b", Buffer.of(2, 3), { c: 1 }],
  "nested buffers": [{ list: [Buffer.of(1), { deep: { er: Buffer.of(2) } }], text: "x" }],
  "every byte": [Buffer.from(Array.from({ length: 256 }, (_, i) => i))],
  "ten buffers": [Array.from({ length: 10 }, (_, i) => Buffer.of(i))],
};

const large = 100_000;

// scenarios declares the tests for a list of transports, in both namespaces.
// upgrades says whether the connection moves to another transport after a while.
export function scenarios(transports, { upgrades = false } = {}) {
  for (const namespace of namespaces) {
    const create = (options) => new Client(namespace, { transports, ...options });
    const connect = (options) => Client.connect(namespace, { transports, ...options });
    const it = (name, fn) => test(`${label(namespace)}: ${name}`, fn);
    greetings(it, create, connect, { transports, upgrades });
    events(it, connect, upgrades);
    acknowledgements(it, connect);
    farewells(it, connect);
  }
  refusals(transports);
  sharing(transports);
}

function greetings(it, create, connect, { transports, upgrades }) {
  it("connects", async () => {
    const client = await connect();
    const { socket } = client;
    assert.ok(socket.connected);
    assert.match(socket.id, /^[\w-]{20}$/);
    if (upgrades) await client.upgraded();
    assert.equal(socket.io.engine.transport.name, transports.at(-1));
    assert.deepEqual(await client.next("auth"), [{}]);
    client.close();
  });

  it("sends its credentials, as a value or from a function", async () => {
    const auth = { token: "ñ€😀", roles: ["a", { b: 1 }] };
    for (const option of [auth, (give) => give(auth)]) {
      const client = await connect({ auth: option });
      assert.deepEqual(await client.next("auth"), [auth]);
      client.close();
    }
  });

  it("connects with a query", async () => {
    const client = await connect({ query: { room: "a b", x: "ñ&=" } });
    await client.echo("hello");
    client.close();
  });

  it("delivers what it emitted before it was connected", async () => {
    const client = create({ autoConnect: false });
    client.socket.emit("message", "early", Buffer.of(1));
    client.socket.connect();
    assert.deepEqual(await client.next("message-back"), ["early", Buffer.of(1)]);
    client.close();
  });
}

function events(it, connect, upgrades) {
  for (const [name, args] of Object.entries({ ...plain, ...binary })) {
    it(`echoes ${name}`, async () => {
      const client = await connect();
      await client.echo(...args);
      if (upgrades) {
        await client.upgraded();
        await client.echo(...args);
      }
      client.close();
    });
  }

  it("echoes 100 KB of text and of bytes, one way and the other", async () => {
    const client = await connect();
    await client.echo("ñ".repeat(large / 2));
    await client.echo({ image: Buffer.alloc(large, 7), name: "x" });
    client.close();
  });

  it("keeps 1,000 messages in order", async () => {
    const client = await connect();
    const moved = upgrades ? client.upgraded() : null;
    const numbers = Array.from({ length: 1000 }, (_, i) => i);
    for (const i of numbers) {
      client.socket.emit("message", i);
      if (i % 50 === 0) await new Promise(setImmediate); // meanwhile it upgrades
    }
    for (const i of numbers) assert.deepEqual(await client.next("message-back"), [i]);
    await moved;
    client.close();
  });

  it("keeps text and binary in order", async () => {
    const client = await connect();
    const sent = Array.from({ length: 100 }, (_, i) => (i % 3 ? `text ${i}` : Buffer.of(i)));
    for (const arg of sent) client.socket.emit("message", arg);
    for (const arg of sent) assert.deepEqual(await client.next("message-back"), [arg]);
    client.close();
  });

  it("sends volatile and uncompressed events", async () => {
    const client = await connect();
    await client.echo("ready");
    if (upgrades) await client.upgraded();
    client.socket.compress(false).emit("message", "uncompressed");
    assert.deepEqual(await client.next("message-back"), ["uncompressed"]);
    client.socket.volatile.emit("message", "volatile"); // may be dropped
    client.socket.send("sent");
    const [first] = await client.next("message-back");
    if (first === "volatile") assert.deepEqual(await client.next("message-back"), ["sent"]);
    else assert.equal(first, "sent");
    client.close();
  });
}

function acknowledgements(it, connect) {
  it("is acknowledged, by callback", async () => {
    const client = await connect();
    const args = [1, "2", { 3: [false] }];
    const answer = await new Promise((resolve) =>
      client.socket.emit("message-with-ack", ...args, (...back) => resolve(back)),
    );
    assert.deepEqual(answer, args);
    client.close();
  });

  it("is acknowledged, by promise and within a time", async () => {
    const client = await connect();
    const { socket } = client;
    assert.equal(await socket.emitWithAck("message-with-ack", "now"), "now");
    assert.equal(await socket.timeout(3000).emitWithAck("message-with-ack", "soon"), "soon");
    client.close();
  });

  it("is acknowledged with buffers", async () => {
    const client = await connect();
    const arg = { list: [Buffer.of(1), Buffer.of(2, 3)], text: "x" };
    assert.deepEqual(await client.socket.emitWithAck("message-with-ack", arg), arg);
    client.close();
  });

  it("is acknowledged a hundred times, each its own", async () => {
    const client = await connect();
    const numbers = Array.from({ length: 100 }, (_, i) => i);
    const ask = (i) => client.socket.emitWithAck("message-with-ack", i);
    assert.deepEqual(await Promise.all(numbers.map(ask)), numbers);
    client.close();
  });

  it("gives up when nobody acknowledges in time", async () => {
    const client = await connect();
    const asked = client.socket.timeout(50).emitWithAck("nobody listens");
    await assert.rejects(asked, /timed out/);
    await client.echo("still there");
    client.close();
  });

  for (const [name, args] of Object.entries({
    "text": ["hello", 1],
    "binary": [Buffer.of(1, 2), { deep: Buffer.of(3) }],
  })) {
    it(`answers when the server asks with ${name}`, async () => {
      const client = await connect();
      const asked = new Promise((resolve) =>
        client.socket.once("emit-with-ack", (...list) => {
          const answer = list.pop();
          assert.equal(typeof answer, "function");
          answer(...list, "and more");
          resolve(list);
        }),
      );
      client.socket.emit("emit-with-ack", ...args);
      assert.deepEqual(await asked, args);
      await client.next("emit-with-ack"); // the question, as onAny saw it
      assert.deepEqual(await client.next("emit-with-ack"), [...args, "and more"]);
      client.close();
    });
  }

  it("answers ten questions in the order it likes", async () => {
    const client = await connect();
    const answers = [];
    const asked = new Promise((resolve) =>
      client.socket.on("emit-with-ack", (i, answer) => {
        if (answer) answers.push(() => answer(i));
        else if (i === 9) resolve();
        if (answers.length === 10) for (const give of answers.splice(0)) give();
      }),
    );
    for (let i = 0; i < 10; i++) client.socket.emit("emit-with-ack", i);
    await asked;
    client.close();
  });
}

function farewells(it, connect) {
  it("leaves and comes back under another id", async () => {
    const client = await connect();
    const { id } = client.socket;
    client.socket.disconnect();
    assert.equal((await client.next("disconnect"))[0], "io client disconnect");
    client.socket.connect();
    await client.next("connect");
    assert.notEqual(client.socket.id, id);
    await client.echo("again");
    client.close();
  });

  it("comes back by itself when its connection breaks", async () => {
    const client = await connect({ reconnectionDelay: 10, reconnectionDelayMax: 20 });
    const { id, io: manager } = client.socket;
    manager.engine.close();
    assert.equal((await client.next("disconnect"))[0], "forced close");
    client.socket.emit("message", "meanwhile"); // kept by the client
    await client.next("connect");
    assert.notEqual(client.socket.id, id);
    assert.deepEqual(await client.next("message-back"), ["meanwhile"]);
    client.close();
  });
}

function refusals(transports) {
  test("an unknown namespace is refused", async () => {
    const client = new Client("/random", { transports });
    const [error] = await client.next("connect_error");
    assert.equal(error.message, "Invalid namespace");
    assert.equal(error.data, undefined);
    assert.ok(!client.socket.connected);
    client.close();
  });
}

function sharing(transports) {
  test("two namespaces share a connection, and one may leave", async () => {
    const main = await Client.connect("/", { transports });
    const custom = main.socket.io.socket("/custom", { auth: { second: true } });
    const auth = new Promise((resolve) => custom.once("auth", resolve));
    assert.deepEqual(await auth, { second: true });
    assert.notEqual(custom.id, main.socket.id);
    assert.equal(await custom.emitWithAck("message-with-ack", "x"), "x");
    custom.disconnect();
    await main.echo("still there");
    main.close();
  });
}
