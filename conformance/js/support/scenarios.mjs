// What every row of the matrix is put through: each line of the official client,
// over each way to connect, in each namespace, in each codec.
import assert from "node:assert/strict";
import { describe } from "node:test";

import { Client } from "./client.mjs";
import { label, namespaces } from "./env.mjs";
import { lines } from "./lines.mjs";
import { Proxy } from "./proxy.mjs";
import { reasonOf } from "./reason.mjs";
import { test } from "./test.mjs";
import { sleep } from "./wait.mjs";

const ways = {
  "polling": ["polling"],
  "websocket": ["websocket"],
  "polling then websocket": ["polling", "websocket"],
};

// A server that gives up after this time, in milliseconds, gives up who has not
// answered its heartbeats: see the flags of the scripts.
const patience = 2500;

// How soon a client comes back, in milliseconds.
const quick = { reconnectionDelay: 10, reconnectionDelayMax: 20 };

// Row is one combination.
class Row {
  constructor(name, way, namespace, codec) {
    this.name = `${name}, ${way}, ${label(namespace)}`;
    this.line = lines[name];
    this.transports = ways[way];
    this.moves = this.transports.length > 1; // to another transport after a while
    this.namespace = namespace;
    this.codec = codec;
  }

  // refusal returns what a client reads from a refusal.
  refusal(message, data) {
    return this.line.refusal(this.codec, message, data);
  }

  create(options, namespace = this.namespace) {
    const parser = this.codec === "msgpack" ? { parser: this.line.parser } : {};
    return new Client(namespace, { line: this.line, transports: this.transports, ...parser, ...options });
  }

  // connect returns a client that has joined.
  async connect(options, namespace) {
    const client = this.create(options, namespace);
    await client.next("connect");
    return client;
  }

  // settled returns one whose transport does not change any more.
  async settled(options, namespace) {
    const client = await this.connect(options, namespace);
    if (this.moves) await client.upgraded();
    return client;
  }
}

// matrix declares the tests for some lines, by name, in one codec.
export function matrix(names, codec) {
  const rows = names.flatMap((name) =>
    Object.keys(ways).flatMap((way) => namespaces.map((namespace) => new Row(name, way, namespace, codec))),
  );
  for (const row of rows) {
    describe(row.name, () => {
      for (const [name, run] of Object.entries(scenarios)) test(name, () => run(row));
    });
  }
  describe("lives through heartbeats", { concurrency: true }, () => {
    for (const row of rows) test(row.name, () => heartbeats(row));
  });
}

async function heartbeats(row) {
  const client = await row.settled();
  await sleep(patience + 200);
  assert.deepEqual(client.unread("disconnect"), []);
  await client.echo("still there");
  client.close();
}

const nested = [1, "2", { 3: [true, null, { "ñ": "€ 漢字 😀" }] }];
const nestedBinary = [{ list: [Buffer.of(1), { deep: { er: Buffer.of(2, 3) } }], text: "ñ" }, Buffer.of()];

const echoed = {
  "no argument": [],
  "text": ["hello"],
  "several arguments": [1, "2", { 3: [true, null] }, [], {}, "", 0, -1.5, false],
  "unicode": ["ñ € 漢字 😀 \u2028\u2029 \u0000 \"quoted\" \\ \x1e"],
  "a placeholder of their own": [{ _placeholder: false, num: 0 }],
  "one buffer": [Buffer.of(1, 2, 3)],
  "an empty buffer": [Buffer.of()],
  "buffers and text": ["a", Buffer.of(1), "b", Buffer.of(2, 3), { c: 1 }],
  "nested buffers": nestedBinary,
  "every byte": [Buffer.from(Array.from({ length: 256 }, (_, i) => i))],
  "ten buffers": [Array.from({ length: 10 }, (_, i) => Buffer.of(i))],
};

const large = 100_000;

const numbers = (n) => Array.from({ length: n }, (_, i) => i);

const scenarios = {
  "it connects": async (row) => {
    const client = await row.settled();
    assert.ok(client.socket.connected);
    assert.match(client.socket.id, row.line.id(row.namespace));
    assert.equal(client.socket.io.engine.transport.name, row.transports.at(-1));
    assert.deepEqual(await client.next("auth"), [{}]);
    client.close();
  },

  "it sends its credentials": async (row) => {
    const credentials = { token: "ñ€😀 &=", role: "x" };
    const client = await row.connect(row.line.credentials(credentials));
    assert.deepEqual(await client.next("auth"), [row.line.told(credentials, row.namespace)]);
    client.close();
  },

  "it connects with a query": async (row) => {
    const client = await row.connect({ query: { room: "a b", x: "ñ&=" } });
    assert.deepEqual(await client.ask("query", "room"), ["a b"]);
    assert.deepEqual(await client.ask("query", "x"), ["ñ&="]);
    client.close();
  },

  "it is refused": async (row) => {
    const client = row.create(row.line.credentials({ refuse: "plainly" }));
    assert.deepEqual(await client.refusal(), row.refusal("refused on request"));
    assert.ok(!client.socket.connected);
    client.close();
  },

  "it is refused, with data": async (row) => {
    const client = row.create(row.line.credentials({ refuse: "with data" }));
    assert.deepEqual(await client.refusal(), row.refusal("refused on request", { code: 7, why: ["ñ€😀"] }));
    assert.ok(!client.socket.connected);
    client.close();
  },

  "it is refused a namespace that is unknown": async (row) => {
    const client = row.create({}, "/random");
    assert.deepEqual(await client.refusal(), row.refusal("Invalid namespace"));
    assert.ok(!client.socket.connected);
    client.close();
  },

  "what it emitted before it was connected arrives": async (row) => {
    const client = row.create({ autoConnect: false });
    client.socket.emit("message", "early", Buffer.of(1));
    client.socket.connect();
    assert.deepEqual(await client.next("message-back"), ["early", Buffer.of(1)]);
    client.close();
  },

  ...Object.fromEntries(
    Object.entries(echoed).map(([name, args]) => [
      `an event comes back with ${name}`,
      async (row) => {
        const client = await row.connect();
        await client.echo(...args);
        if (row.moves) {
          await client.upgraded();
          await client.echo(...args);
        }
        client.close();
      },
    ]),
  ),

  "100 KB of text and of bytes come back": async (row) => {
    const client = await row.connect();
    await client.echo("ñ".repeat(large / 2));
    await client.echo({ image: Buffer.alloc(large, 7), name: "x" });
    client.close();
  },

  "1,000 events stay in order": async (row) => {
    const client = await row.connect();
    const moved = row.moves ? client.upgraded() : null;
    for (const i of numbers(1000)) {
      client.socket.emit("message", i);
      if (i % 50 === 0) await new Promise(setImmediate); // meanwhile it moves
    }
    for (const i of numbers(1000)) assert.deepEqual(await client.next("message-back"), [i]);
    await moved;
    client.close();
  },

  "text and binary stay in order": async (row) => {
    const client = await row.connect();
    const sent = numbers(100).map((i) => (i % 3 ? `text ${i}` : Buffer.of(i)));
    for (const arg of sent) client.socket.emit("message", arg);
    for (const arg of sent) assert.deepEqual(await client.next("message-back"), [arg]);
    client.close();
  },

  "it is acknowledged": async (row) => {
    const client = await row.connect();
    for (const args of [[], nested, nestedBinary]) {
      assert.deepEqual(await client.ask("message-with-ack", ...args), args);
    }
    client.close();
  },

  "it is acknowledged a hundred times, each its own": async (row) => {
    const client = await row.connect();
    const asked = numbers(100).map((i) => client.ask("message-with-ack", i));
    assert.deepEqual(await Promise.all(asked), numbers(100).map((i) => [i]));
    client.close();
  },

  "it acknowledges": async (row) => {
    const client = await row.connect();
    for (const args of [[], nested, nestedBinary]) {
      client.socket.emit("emit-with-ack", ...args);
      const asked = await client.next("emit-with-ack");
      const answer = asked.pop();
      assert.deepEqual(asked, args);
      answer(...args, "and more");
      assert.deepEqual(await client.next("emit-with-ack"), [...args, "and more"]);
    }
    client.close();
  },

  "it acknowledges ten in the order it likes": async (row) => {
    const client = await row.connect();
    for (const i of numbers(10)) client.socket.emit("emit-with-ack", i);
    const asked = [];
    while (asked.length < 10) asked.push(await client.next("emit-with-ack"));
    for (const [i, answer] of asked.reverse()) {
      answer(`answer ${i}`);
      assert.deepEqual(await client.next("emit-with-ack"), [`answer ${i}`]);
    }
    client.close();
  },

  "a room reaches the others who are in it": async (row) => {
    const [sender, member, stranger] = await Promise.all([row.connect(), row.connect(), row.connect()]);
    await sender.ask("join", "room");
    await member.ask("join", "room");
    for (const args of [nested, nestedBinary]) {
      sender.socket.emit("to-rooms", ...args);
      assert.deepEqual(await member.next("room"), args);
    }
    await member.ask("leave", "room");
    sender.socket.emit("to-rooms", "nobody is there");
    for (const client of [sender, member, stranger]) {
      await client.ask("message-with-ack"); // what was sent to it before has come
      assert.deepEqual(client.unread("room"), []);
      client.close();
    }
  },

  "a broadcast reaches the others, or everyone": async (row) => {
    const [sender, ...others] = await Promise.all([row.connect(), row.connect(), row.connect()]);
    sender.socket.emit("to-others", ...nested);
    sender.socket.emit("to-everyone", ...nestedBinary);
    for (const client of others) assert.deepEqual(await client.next("others"), nested);
    for (const client of [sender, ...others]) assert.deepEqual(await client.next("everyone"), nestedBinary);
    assert.deepEqual(sender.unread("others"), []);
    for (const client of [sender, ...others]) client.close();
  },

  "a broadcast gathers its answers": async (row) => {
    const [sender, ...others] = await Promise.all([row.connect(), row.connect(), row.connect()]);
    for (const client of [sender, ...others]) await client.ask("join", "room");
    const gathered = sender.ask("ask-rooms", ...nested);
    for (const [i, client] of others.entries()) {
      const asked = await client.next("ask");
      const answer = asked.pop();
      assert.deepEqual(asked, nested);
      answer({ from: i });
    }
    const [answers] = await gathered;
    assert.deepEqual(answers.sort((a, b) => a.from - b.from), [{ from: 0 }, { from: 1 }]);
    for (const client of [sender, ...others]) client.close();
  },

  "it leaves, and comes back under another id": async (row) => {
    const client = await row.connect(quick);
    const { id } = client.socket;
    client.socket.disconnect();
    assert.equal((await client.next("disconnect"))[0], "io client disconnect");
    assert.equal(await reasonOf(id), "client namespace disconnect");
    client.socket.connect();
    await client.next("connect");
    assert.notEqual(client.socket.id, id);
    await client.echo("again");
    client.close();
  },

  "it is sent away, and stays away": async (row) => {
    const client = await row.connect(quick);
    const { id } = client.socket;
    client.socket.emit("send-me-away");
    assert.equal((await client.next("disconnect"))[0], "io server disconnect");
    assert.equal(await reasonOf(id), "server namespace disconnect");
    await sleep(2 * quick.reconnectionDelayMax);
    assert.ok(!client.socket.connected);
    client.socket.connect();
    await client.next("connect");
    await client.echo("again");
    client.close();
  },

  // The row's namespace is the one that is left.
  "two namespaces share a connection, and one is left": async (row) => {
    const main = await row.connect({}, "/");
    const custom = main.share("/custom");
    await custom.next("connect");
    assert.notEqual(custom.socket.id, main.socket.id);
    const [left, kept] = row.namespace === "/" ? [main, custom] : [custom, main];
    const { id } = left.socket;
    await left.echo(...nested);
    left.close();
    assert.equal(await reasonOf(id), "client namespace disconnect");
    await kept.echo(...nestedBinary);
    kept.close();
  },

  "it comes back when its connection is cut": async (row) => {
    const proxy = await Proxy.open();
    const client = await row.settled({ address: proxy.address, ...quick });
    const { id } = client.socket;
    await client.echo("before"); // so that the server knows of the move
    if (row.transports.at(-1) === "polling") await proxy.held();
    proxy.cut();
    const [reason] = await client.next("disconnect");
    for (const one of [reason, await reasonOf(id)]) {
      assert.ok(["transport close", "transport error"].includes(one), one);
    }
    client.socket.emit("message", "meanwhile", Buffer.of(1)); // kept by the client
    await client.next("connect");
    assert.notEqual(client.socket.id, id);
    assert.deepEqual(await client.next("message-back"), ["meanwhile", Buffer.of(1)]);
    client.close();
    proxy.close();
  },

  "it comes back when it closes the connection itself": async (row) => {
    const client = await row.connect(quick);
    const { id, io: manager } = client.socket;
    manager.engine.close();
    assert.equal((await client.next("disconnect"))[0], "forced close");
    assert.equal(await reasonOf(id), "transport close");
    await client.next("connect");
    await client.echo("again");
    client.close();
  },
};
