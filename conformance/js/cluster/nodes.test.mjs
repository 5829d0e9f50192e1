// Two servers in one cluster, and official clients of both: what is done at one
// reaches the clients of the other.
import assert from "node:assert/strict";

import { Client } from "../support/client.mjs";
import { base } from "../support/env.mjs";
import { test } from "../support/test.mjs";
import { sleep } from "../support/wait.mjs";

const other = process.env.BRIO_OTHER_URL;

// The nodes know each other.
async function formed(...clients) {
  for (const c of clients) while ((await c.ask("count", ""))[0] !== clients.length) await sleep(20);
}

// What is told to other nodes takes a moment.
async function eventually(holds) {
  while (!(await holds())) await sleep(10);
}

const members = (client, room) => async () => (await client.ask("count", room))[0];

for (const namespace of ["/", "/custom"]) {
  const about = (name, run) =>
    test(`${namespace === "/" ? "main" : "custom"}: ${name}`, async (t) => {
      const here = await Client.connect(namespace, { address: base });
      const there = await Client.connect(namespace, { address: other });
      t.after(() => {
        here.close();
        there.close();
      });
      await formed(here, there);
      await run(here, there);
    });

  about("broadcasts", async (here, there) => {
    const binary = Buffer.from([0, 1, 255]);
    for (const [one, two] of [[here, there], [there, here]]) {
      one.socket.emit("to-everyone", "ñ€😀", { a: [1, null], binary });
      for (const c of [one, two]) {
        const [text, { a, binary: got }] = await c.next("everyone");
        assert.deepEqual([text, a, Buffer.from(got)], ["ñ€😀", [1, null], binary]);
      }
      one.socket.emit("to-others", 1);
      assert.deepEqual(await two.next("others"), [1]);
      assert.deepEqual(one.unread("others"), []);
    }
  });

  about("broadcasts keep their order", async (here, there) => {
    for (let n = 0; n < 500; n++) here.socket.emit(n % 3 ? "to-everyone" : "to-one", ...(n % 3 ? [n] : [there.socket.id, n]));
    const got = [];
    for (let n = 0; n < 500; n++) got.push((await there.next(n % 3 ? "everyone" : "one"))[0]);
    assert.deepEqual(got, [...got.keys()]);
  });

  about("rooms", async (here, there) => {
    await here.ask("join", "r");
    await there.ask("join", "r");
    await there.ask("join", "quiet");
    // What the other node says after its join, its join has come before.
    await eventually(async () => (await members(here, "r")()) === 2);
    here.socket.emit("to-rooms", "x");
    assert.deepEqual(await there.next("room"), ["x"]);
    here.socket.emit("to-one", "quiet", "shh");
    assert.deepEqual(await there.next("one"), ["shh"]);
    here.socket.emit("to-one", there.socket.id, "psst");
    assert.deepEqual(await there.next("one"), ["psst"]);
    assert.deepEqual((await here.ask("rooms", ""))[0], { r: 2, quiet: 1 });

    await there.ask("leave", "r");
    here.socket.emit("to-rooms", "y");
    here.socket.emit("to-everyone", "end");
    await there.next("everyone");
    assert.deepEqual(there.unread("room"), []);
  });

  about("acknowledgements", async (here, there) => {
    await here.ask("join", "r");
    await there.ask("join", "r");
    await eventually(async () => (await members(here, "r")()) === 2);
    there.socket.on("ask", (question, answer) => answer({ question, "ñ": [null] }));
    assert.deepEqual(await here.ask("ask-rooms", "q"), [[{ question: "q", "ñ": [null] }]]);
  });

  about("sockets are found", async (here, there) => {
    await there.ask("join", "found");
    const [[peer, ...more]] = await here.ask("peers", "found");
    assert.deepEqual(more, []);
    assert.deepEqual([peer.id, peer.rooms], [there.socket.id, [there.socket.id, "found"]]);
  });

  about("sockets are put into rooms, taken out and disconnected", async (here, there) => {
    await here.ask("pull", "p");
    await eventually(async () => (await members(here, "p")()) === 1);
    here.socket.emit("to-one", "p", 1);
    assert.deepEqual(await there.next("one"), [1]);
    await here.ask("push", "p");
    await eventually(async () => (await members(here, "p")()) === 0);
    await there.ask("join", "out");
    await here.ask("expel", "out");
    assert.deepEqual((await there.next("disconnect"))[0], "io server disconnect");
    await eventually(async () => (await members(here, "")()) === 1);
  });

  about("servers ask each other", async (here, there) => {
    assert.deepEqual(await here.ask("greet-servers", "you"), [["hello you"]]);
    assert.deepEqual(await there.ask("greet-servers", "me"), [["hello me"]]);
  });
}
